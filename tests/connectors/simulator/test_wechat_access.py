"""WeChat: tokens, rights, quotas, and bodies that a naive client gets wrong."""

from __future__ import annotations

import json
import re

import pytest
import requests

from tests.connectors.simulator.conftest import APP_ID, APP_SECRET, GH, Sim, WeChat, png


def plain_token(sim: Sim, secret: str = APP_SECRET, appid: str = APP_ID) -> dict[str, object]:
    ask = {"grant_type": "client_credential", "appid": appid, "secret": secret}
    answer = requests.get(f"{sim.url}/cgi-bin/token", params=ask, timeout=9)
    assert answer.status_code == 200
    told: dict[str, object] = answer.json()
    return told


def test_stable_token_is_the_same_with_what_is_left_of_it(sim: Sim, wechat: WeChat) -> None:
    first = wechat.fetch_token()
    assert first["expires_in"] == 7200
    sim.shift(600)
    again = wechat.fetch_token()
    assert again["access_token"] == first["access_token"]
    assert 6590 < again["expires_in"] <= 6600
    sim.shift(6950)
    assert wechat.fetch_token()["access_token"] != first["access_token"]


def test_forcing_kills_the_old_one_and_is_rationed(sim: Sim, wechat: WeChat) -> None:
    old = wechat.fetch_token()["access_token"]
    new = wechat.fetch_token(force_refresh=True)["access_token"]
    assert wechat.fetch_token(force_refresh=True)["errcode"] == 45011
    sim.shift(60)
    for round_ in range(19):
        sim.shift(60 * (round_ + 1))
        new = wechat.fetch_token(force_refresh=True)["access_token"]
    sim.shift(60 * 21)
    assert wechat.fetch_token(force_refresh=True)["errcode"] == 45009
    wechat.token = old
    assert wechat.get("draft/count")["errcode"] == 40001
    wechat.token = new
    assert wechat.get("draft/count") == {"total_count": 0}


def test_every_plain_token_kills_the_one_before_after_five_minutes_and_no_stable_one(sim: Sim, wechat: WeChat) -> None:
    stable = wechat.fetch_token()["access_token"]
    first, second = (str(plain_token(sim)["access_token"]) for _ in range(2))
    assert first != second
    for token in (first, second, stable):
        wechat.token = token
        assert "total_count" in wechat.get("draft/count")
    sim.shift(301)
    wechat.token = first
    told = wechat.get("draft/count")
    assert told["errcode"] == 40001
    assert "not latest" in told["errmsg"]
    for token in (second, stable):
        wechat.token = token
        assert "total_count" in wechat.get("draft/count")


def test_tokens_die_of_age_and_nonsense_is_malformed(sim: Sim, wechat: WeChat) -> None:
    wechat.get("draft/count")
    sim.shift(7201)
    assert wechat.get("draft/count")["errcode"] == 42001
    wechat.token = "nonsense"
    assert wechat.get("draft/count")["errcode"] == 40014
    bare = requests.get(f"{sim.url}/cgi-bin/draft/count", timeout=9).json()
    assert bare["errcode"] == 41001


def test_wrong_credentials(sim: Sim, wechat: WeChat) -> None:
    assert plain_token(sim, secret="wrong")["errcode"] == 40125
    assert plain_token(sim, appid="wxunknown")["errcode"] == 40013
    assert wechat.fetch_token(grant_type="password")["errcode"] == 40002
    assert requests.get(f"{sim.url}/cgi-bin/stable_token", timeout=9).json()["errcode"] == 43002


def test_the_whitelist_tells_the_true_address(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, ip_whitelist=["101.71.206.109"])
    told = wechat.fetch_token()
    assert told["errcode"] == 40164
    assert re.match(r"invalid ip 127\.0\.0\.1 ipv6 ::ffff:127\.0\.0\.1, not in whitelist rid: ", told["errmsg"])
    sim.put("wechat", GH, ip_whitelist=None)
    assert "access_token" in wechat.fetch_token()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("freepublish/submit", {"media_id": "x"}),
        ("message/mass/sendall", {"filter": {"is_to_all": True}}),
        ("message/custom/send", {"touser": "o", "msgtype": "text"}),
        ("/datacube/getusersummary", {"begin_date": "2026-01-01", "end_date": "2026-01-01"}),
    ],
)
def test_an_unverified_account_has_no_right_beyond_drafts(sim: Sim, wechat: WeChat, path: str, body: object) -> None:
    sim.put("wechat", GH, verified=False)
    assert wechat.post(path, body)["errcode"] == 48001
    assert wechat.draft(need_open_comment=0)


def test_a_verified_account_without_comments(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, rights=["freepublish", "mass"])
    body = {"msg_data_id": 1, "index": 0, "begin": 0, "count": 10, "type": 0}
    assert wechat.post("comment/list", body)["errcode"] == 88000
    assert wechat.post("draft/add", {"articles": [wechat.article()]})["errcode"] == 88000


def test_sending_to_openids_is_for_service_accounts(sim: Sim, wechat: WeChat) -> None:
    body = {"touser": ["a", "b"], "msgtype": "text", "text": {"content": "通知"}}
    assert wechat.post("message/mass/send", body)["errcode"] == 48001
    sim.put("wechat", GH, kind="service")
    assert wechat.post("message/mass/send", body)["errcode"] == 0
    assert wechat.post("message/mass/send", {**body, "touser": ["a"]})["errcode"] == 40032


def test_a_days_quota_ends_at_midnight_in_beijing(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, quotas={"draft/count": 2})
    assert [("errcode" in wechat.get("draft/count")) for _ in range(3)] == [False, False, True]
    assert wechat.get("draft/count")["errcode"] == 45009
    told = wechat.post("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/count"})["quota"]
    assert told == {"daily_limit": 2, "used": 2, "remain": 0}
    assert wechat.post("clear_quota", {"appid": APP_ID})["errcode"] == 0
    assert "total_count" in wechat.get("draft/count")


def test_a_minutes_quota_is_another_code(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, quotas={"draft/count/minute": 1})
    wechat.get("draft/count")
    assert wechat.get("draft/count")["errcode"] == 45011
    sim.shift(61)
    assert "total_count" in wechat.get("draft/count")


def test_escaped_text_breaks_the_title_limit_and_garbles_what_fits(wechat: WeChat) -> None:
    def escaped(title: str) -> bytes:
        return json.dumps({"articles": [wechat.article(title=title)]}).encode()

    assert wechat.post("draft/add", None, escaped("关于停水的通知"))["errcode"] == 45003
    media_id = wechat.post("draft/add", None, escaped("停水"))["media_id"]
    assert wechat.post("draft/get", {"media_id": media_id})["news_item"][0]["title"] == "\\u505c\\u6c34"


def test_escaped_text_is_refused_by_mass_send(wechat: WeChat) -> None:
    body = {"filter": {"is_to_all": True}, "msgtype": "text", "text": {"content": "停水"}}
    assert wechat.post("message/mass/sendall", None, json.dumps(body).encode())["errcode"] == 40033


def test_a_body_that_is_no_json(wechat: WeChat) -> None:
    for raw in (b"{", b"[]", b"{'a': 1}", b"\xff\xfe", b"null"):
        assert wechat.post("draft/add", None, raw)["errcode"] == 47001
    assert wechat.post("draft/add", None, b"")["errcode"] == 44002


def test_an_error_can_be_explained_by_its_rid(wechat: WeChat) -> None:
    message = wechat.post("draft/get", {"media_id": "nothing"})["errmsg"]
    rid = message.rpartition("rid: ")[2]
    told = wechat.post("openapi/rid/get", {"rid": rid})
    assert "40007" in told["request"]["response_body"]
    assert wechat.token not in json.dumps(told)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.png", png(), 0),
        ("封面.png", png(), 41005),
        ("media", png(), 41005),
        ("a.png", b"GIF89a" + b"\1" * 20, 40005),
        ("a.png", png(padding=1024 * 1024), 40009),
        ("a.png", b"<svg/>", 40005),
    ],
)
def test_pictures_of_an_article(sim: Sim, wechat: WeChat, name: str, data: bytes, code: int) -> None:
    told = wechat.upload("media/uploadimg", name, data)
    assert told["errcode"] == code
    if code == 0:
        assert told["url"].startswith("http://mmbiz.qpic.cn/")
        number = told["url"].split("/")[-2]
        assert requests.get(f"{sim.url}/mmbiz/{number}", timeout=9).content == data


def test_permanent_pictures(wechat: WeChat) -> None:
    told = wechat.upload("material/add_material?type=image", "a.png", png())
    assert set(told) == {"media_id", "url"}, "no errcode on success"
    assert wechat.get("material/get_materialcount")["image_count"] == 1
    assert wechat.upload("material/add_material?type=image", "a.png", png(), "file")["errcode"] == 41005
    huge = png(1, 1).replace(b"\0\0\0\1\0\0\0\1", (18018).to_bytes(4, "big") + (24477).to_bytes(4, "big"), 1)
    assert wechat.upload("material/add_material?type=image", "a.png", huge)["errcode"] == 40137


def test_the_old_statistics_are_offline(wechat: WeChat) -> None:
    body = {"begin_date": "2026-01-01", "end_date": "2026-01-01"}
    told = wechat.post("/datacube/getarticlesummary", body)
    assert told == {"errcode": 47009, "errmsg": "this api is offline, please use the new api"}


def test_the_new_statistics_count_tomorrow(sim: Sim, wechat: WeChat) -> None:
    wechat.publish(wechat.draft(title="新政解读"))
    today = wechat_day(sim)
    body = {"begin_date": today, "end_date": today}
    assert wechat.post("/datacube/getarticletotaldetail", body)["errcode"] == 61501
    sim.shift(2 * 86400)
    wechat.token = ""
    found = wechat.post("/datacube/getarticletotaldetail", body)["list"]
    assert [(each["title"], each["publish_type"]) for each in found] == [("新政解读", 1)]
    assert wechat.post("/datacube/getarticleread", {"begin_date": "yesterday", "end_date": today})["errcode"] == 61500


def wechat_day(sim: Sim) -> str:
    from connectors.simulator import clock

    return clock.day(sim.server.state.now())


def test_an_unknown_address_is_a_bare_404(sim: Sim, wechat: WeChat) -> None:
    assert requests.post(f"{sim.url}/cgi-bin/datacube/getusersummary", data=b"{}", timeout=9).status_code == 404
