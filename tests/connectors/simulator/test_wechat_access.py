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


def test_an_error_can_be_explained_by_its_rid(sim: Sim, wechat: WeChat) -> None:
    message = wechat.post("draft/get", {"media_id": "nothing"})["errmsg"]
    rid = message.rpartition("rid: ")[2]
    told = wechat.post("openapi/rid/get", {"rid": rid})
    assert json.loads(told["request"]["response_body"])["errcode"] == 40007
    assert json.loads(told["request"]["request_body"]) == {"media_id": "nothing"}
    assert wechat.token not in json.dumps(told)
    sim.shift(7 * 86400 + 1)
    wechat.token = ""
    assert wechat.post("openapi/rid/get", {"rid": rid})["errcode"] == 76004
    assert wechat.post("openapi/rid/get", {"rid": "0" * 8 + "-00000000-00000000"})["errcode"] == 76001
    assert wechat.post("openapi/rid/get", {"rid": "nonsense"})["errcode"] == 76002


def test_a_rid_is_explained_to_its_own_account_only(sim: Sim, wechat: WeChat) -> None:
    rid = wechat.post("draft/get", {"media_id": "nothing"})["errmsg"].rpartition("rid: ")[2]
    other = {"app_id": "wxother", "app_secret": "s", "token": "t", "encoding_aes_key": "B" * 43, "name": "乙"}
    sim.put("wechat", "gh_other", **other)
    ask = {"grant_type": "client_credential", "appid": "wxother", "secret": "s"}
    wechat.token = requests.post(f"{sim.url}/cgi-bin/stable_token", json=ask, timeout=9).json()["access_token"]
    assert wechat.post("openapi/rid/get", {"rid": rid})["errcode"] == 76003


def test_a_refused_secret_is_not_kept_under_its_rid(sim: Sim, wechat: WeChat) -> None:
    wrong = wechat.fetch_token(secret="not-the-secret")["errmsg"].rpartition("rid: ")[2]
    told = wechat.post("openapi/rid/get", {"rid": wrong})
    assert told["request"]["request_body"] == ""


def test_quotas_are_cleared_ten_times_a_month_and_one_interface_fifty_times(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, quotas={"draft/count": 1})
    codes = []
    for _ in range(51):
        wechat.get("draft/count")
        codes.append(wechat.post("openapi/quota/clear", {"cgi_path": "/cgi-bin/draft/count"})["errcode"])
    assert codes == [0] * 50 + [48006]
    assert wechat.post("openapi/quota/clear", {"cgi_path": "draft/count"})["errcode"] == 76021, "no leading slash"
    v2 = {"appid": APP_ID, "appsecret": APP_SECRET}
    codes = [requests.post(f"{sim.url}/cgi-bin/clear_quota/v2", json=v2, timeout=9).json()["errcode"] for _ in range(9)]
    codes += [wechat.post("clear_quota", {"appid": APP_ID})["errcode"] for _ in range(2)]
    assert codes == [0] * 10 + [48006], "both ways together"
    wrong = requests.post(f"{sim.url}/cgi-bin/clear_quota/v2", json={**v2, "appsecret": "x"}, timeout=9).json()
    assert wrong["errcode"] == 40125


def test_the_speed_of_mass_sends(wechat: WeChat) -> None:
    assert wechat.post("message/mass/speed/get", {}) == {"speed": 0, "realspeed": 80}
    assert wechat.post("message/mass/speed/set", {"speed": 3})["errcode"] == 0
    assert wechat.post("message/mass/speed/get", {}) == {"speed": 3, "realspeed": 30}
    assert wechat.post("message/mass/speed/set", {"speed": 5})["errcode"] == 45083
    assert wechat.post("message/mass/speed/set", {"velocity": 1})["errcode"] == 45084


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
