"""What platforms decide afterwards or beforehand: reprints, audits, expired verification, frozen secrets, unaudited apps."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.connectors.simulator.conftest import GH, LINK, UID, Listener, Sim, WeChat, Weibo, until
from tests.connectors.simulator.test_wechat_access import wechat_day


def event(sim: Sim, wechat: WeChat, listener: Listener, **more: Any) -> str:
    """Mass-send a draft of two articles; the event that tells how it ended."""
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain")
    draft = wechat.post("draft/add", {"articles": [wechat.article(), wechat.article(title="二")]})["media_id"]
    assert wechat.mass(draft, "a", **more)["errcode"] == 0
    return str(until(lambda: listener.got and listener.got[0][1].decode()))


def field(text: str, name: str) -> str:
    match = re.search(rf"<{name}>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</{name}>", text, re.S)
    return match[1] if match else ""


@pytest.mark.parametrize(
    ("verdict", "ignore", "status", "check_state", "can_reprint"),
    [
        ("none", 0, "send success", "1", ""),
        ("may_reprint", 0, "err(30003)", "2", "1"),
        ("may_reprint", 1, "send success", "2", "1"),
        ("may_not_reprint", 1, "err(30002)", "3", "0"),
        ("check_failed", 0, "err(30001)", "1", ""),
        ("check_failed", 1, "send success", "1", ""),
    ],
)
def test_the_originality_check(
    sim: Sim,
    wechat: WeChat,
    listener: Listener,
    verdict: str,
    ignore: int,
    status: str,
    check_state: str,
    can_reprint: str,
) -> None:
    sim.put("wechat", GH, originality=verdict)
    told = event(sim, wechat, listener, send_ignore_reprint=ignore)
    assert (field(told, "Status"), field(told, "CheckState")) == (status, check_state)
    assert field(told, "CanReprint") == can_reprint
    assert told.count("<OriginalArticleType>") == (2 if can_reprint else 0)


def test_a_reprint_goes_out_with_the_originals_words(sim: Sim, wechat: WeChat, listener: Listener) -> None:
    sim.put("wechat", GH, originality="may_reprint")
    told = event(sim, wechat, listener, send_ignore_reprint=1)
    page = requests.get(sim.url + "/s/" + field(told, "ArticleUrl").rpartition("/")[2], timeout=9).text
    assert "转载自" in page
    assert "<p>正文</p>" not in page


def test_addresses_may_be_missing_although_all_went_well(sim: Sim, wechat: WeChat, listener: Listener) -> None:
    sim.put("wechat", GH, empty_article_urls=True)
    told = event(sim, wechat, listener)
    assert field(told, "Status") == "send success"
    assert "<ArticleUrlResult><Count>0</Count><ResultList></ResultList></ArticleUrlResult>" in told


def test_a_second_send_while_the_administrator_thinks(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, admin_confirm=True)
    assert wechat.mass(wechat.draft(title="一"), "a")["errcode"] == 89505
    assert wechat.mass(wechat.draft(title="二"), "b")["errcode"] == 89504
    assert len(sim.accepted("mass")) == 1


@pytest.mark.parametrize(("result", "status"), [(2, "err(30003)"), (3, "send fail"), (4, "err(20001)")])
def test_reviews_of_mass_sends(sim: Sim, wechat: WeChat, listener: Listener, result: int, status: str) -> None:
    sim.put("wechat", GH, review_result=result)
    told = event(sim, wechat, listener)
    assert field(told, "Status") == status
    assert field(told, "SentCount") == "0"


@pytest.mark.parametrize("result", [2, 3, 4])
def test_reviews_of_publications(sim: Sim, wechat: WeChat, listener: Listener, result: int) -> None:
    sim.put("wechat", GH, review_result=result, callback_url=listener.url, callback_mode="plain")
    assert wechat.publish(wechat.draft())["publish_status"] == result
    told = str(until(lambda: listener.got and listener.got[0][1].decode()))
    assert (field(told, "Event"), field(told, "publish_status")) == ("PUBLISHJOBFINISH", str(result))


def test_an_expired_verification_takes_even_drafts_away(sim: Sim, wechat: WeChat) -> None:
    sim.put("wechat", GH, verification_expired=True)
    assert wechat.get("draft/count")["errcode"] == 48001
    assert wechat.post("openapi/quota/get", {"cgi_path": "/cgi-bin/draft/add"})["errcode"] == 0
    sim.put("wechat", GH, verification_expired=False)
    assert "total_count" in wechat.get("draft/count")


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"secret_frozen": True}, 40243),
        ({"account_frozen": True}, 50007),
        ({"ip_confirm": "ask"}, 89503),
        ({"ip_confirm": "refused_hour"}, 89507),
        ({"ip_confirm": "refused_day"}, 89506),
    ],
)
def test_tokens_may_be_withheld(sim: Sim, wechat: WeChat, setting: dict[str, Any], code: int) -> None:
    sim.put("wechat", GH, **setting)
    assert wechat.fetch_token()["errcode"] == code
    sim.put("wechat", GH, **{name: None if name == "ip_confirm" else False for name in setting})
    assert "access_token" in wechat.fetch_token()


@pytest.mark.parametrize("verdict", ["hide", "remove"])
def test_weibo_looks_again_at_what_it_accepted(sim: Sim, weibo: Weibo, verdict: str) -> None:
    sim.put("weibo", UID, audit=verdict, audit_seconds=30)
    number = weibo.share().json()["idstr"]
    assert weibo.get("statuses/show", id=number).json()["visible"]["type"] == 0
    sim.shift(31)
    told = weibo.get("statuses/show", id=number)
    if verdict == "hide":
        assert told.json()["visible"]["type"] == 1
    else:
        assert told.json()["error_code"] == 20101
    shown = requests.get(sim.url + f"/status/{number}", timeout=9)
    assert (LINK in shown.text) is False


def test_testers_and_owners_use_an_unaudited_app(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, audited=False)
    assert weibo.share().json()["error_code"] == 21321
    sim.put("weibo", UID, tester=True)
    assert "未通过审核应用" in weibo.share().json()["source"]


def test_tokens_live_one_day_thirty_days_or_five_years(sim: Sim, weibo: Weibo) -> None:
    def left() -> int:
        url = f"{sim.url}/oauth2/get_token_info"
        return int(requests.post(url, data={"access_token": weibo.token}, timeout=9).json()["expire_in"])

    sim.put("weibo", UID, audited=True)
    assert 29 * 86400 < left() <= 30 * 86400
    sim.put("weibo", UID, audited=False)
    assert left() <= 86400
    sim.put("weibo", UID, owns_app=True)
    assert 157_000_000 < left() <= 157_680_000


def test_figures_are_told_by_the_day_they_happened(sim: Sim, wechat: WeChat) -> None:
    done = wechat.publish(wechat.draft(title="新政解读"))
    page = sim.url + "/s/" + done["article_detail"]["item"][0]["article_url"].rpartition("/")[2]
    born = wechat_day(sim)
    requests.get(page, timeout=9)
    sim.shift(86400)
    requests.get(page, timeout=9)
    post = {"platform": "wechat", "external_id": GH, "post": done["article_id"]}
    for act in ("like", "zaikan", "share", "collection"):
        assert requests.post(f"{sim.url}/likes", data={**post, "act": act}, timeout=9).status_code == 200
    sim.comment("wechat", done["article_id"], "看到了")
    later = wechat_day(sim)
    sim.shift(3 * 86400)
    wechat.token = ""

    def told(path: str, day: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = wechat.post(f"/datacube/{path}", {"begin_date": day, "end_date": day})["list"]
        return answer

    assert [told("getarticleread", day)[0]["detail"]["read_user"] for day in (born, later)] == [1, 1]
    assert told("getarticleshare", born) == []
    assert told("getarticleshare", later)[0]["detail"]["share_user"] == 1
    biz = told("getbizsummary", later)[0]["detail"]
    acts = (
        "read_user",
        "share_user",
        "zaikan_user",
        "like_user",
        "collection_user",
        "comment_count",
        "send_page_count",
    )
    assert [biz[act] for act in acts] == [1, 1, 1, 1, 1, 1, 0]
    article = told("getarticletotaldetail", born)[0]
    totals = {each["stat_date"]: (each["read_user"], each["comment_count"]) for each in article["detail_list"]}
    assert (totals[born], totals[later]) == ((1, 0), (2, 1))
    assert "article_detail" not in article


def test_followers_come_and_go(sim: Sim, wechat: WeChat) -> None:
    sim.message("wechat", "", sender="甲", event="subscribe")
    sim.message("wechat", "在吗", sender="乙")
    sim.message("wechat", "", sender="丙", event="subscribe")
    sim.message("wechat", "", sender="丙", event="unsubscribe")
    day = wechat_day(sim)
    sim.shift(3 * 86400)
    ask = {"begin_date": day, "end_date": day}
    told = wechat.post("/datacube/getusersummary", ask)["list"]
    assert told == [{"ref_date": day, "user_source": 0, "new_user": 3, "cancel_user": 1}]
    assert wechat.post("/datacube/getusercumulate", ask)["list"] == [{"ref_date": day, "cumulate_user": 2}]
    up = wechat.post("/datacube/getupstreammsg", ask)["list"]
    assert up == [{"ref_date": day, "msg_type": 1, "msg_user": 1, "msg_count": 1}]
    assert len(wechat.post("/datacube/getupstreammsghour", ask)["list"]) == 1
    assert wechat.post("/datacube/getupstreammsgdist", ask)["list"][0]["count_interval"] == 1
    assert (
        wechat.post("/datacube/getusersummary", {"begin_date": "2014-11-30", "end_date": "2014-11-30"})["errcode"]
        == 61501
    )
    for path in ("getarticleread", "getbizsummary"):
        old = {"begin_date": "2025-10-31", "end_date": "2025-10-31"}
        assert wechat.post(f"/datacube/{path}", old)["errcode"] == 61501
