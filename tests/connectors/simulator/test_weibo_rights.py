"""Weibo: levels, tokens, quotas, and what an ordinary app may read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from tests.connectors.simulator.conftest import LINK, UID, Sim, Weibo, png
from tests.connectors.simulator.test_weibo_share import refused

RIP = "211.156.0.1"


@pytest.mark.parametrize("path", ["statuses/update", "statuses/upload", "statuses/update/biz", "comments/to_me/biz"])
def test_an_ordinary_app_lacks_the_interface(weibo: Weibo, path: str) -> None:
    answer = weibo.get(path) if "to_me" in path else weibo.post(path, status="甲", rip=RIP)
    assert refused(answer, 10014, 403) == "Insufficient app permissions!"


def test_full_may_update_without_link_and_with_annotations(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, level="full")
    status = weibo.post("statuses/update", status="#停水#通知", rip=RIP, annotations='{"client_mblogid":"k"}').json()
    assert status["text"] == "#停水#通知"
    assert status["annotations"] == [{"client_mblogid": "k"}, {"mapi_request": True}]
    refused(weibo.post("statuses/update", {"pic": ("a.png", png(), "image/png")}, status="甲", rip=RIP), 10007)
    refused(weibo.post("statuses/update/biz", status="甲", rip=RIP), 10014, 403)


def test_business_sends_nine_pictures_and_long_text(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, level="business")
    ids = [
        weibo.post("statuses/upload_pic/biz", {"pic": ("a.png", png(8 + n), "image/png")}).json()["pic_id"]
        for n in range(9)
    ]
    sent = {"status": "长" * 1000, "pic_id": ",".join(ids), "rip": RIP, "is_longtext": 1}
    status = weibo.post("statuses/upload_url_text/biz", **sent).json()
    assert status["pic_num"] == 9
    assert status["isLongText"] is True
    shown = weibo.get("statuses/show", id=status["idstr"], isGetLongText=1).json()
    assert shown["longText"]["longTextContent"] == "长" * 1000
    refused(weibo.post("statuses/upload_url_text/biz", **sent | {"pic_id": ",".join(ids + ids[:1])}), 20009)


def test_a_token_expires_and_an_unknown_one_is_invalid(sim: Sim, weibo: Weibo) -> None:
    refused(Weibo(sim.url, "nonsense").share(), 21332)
    sim.put("weibo", UID, expires_at=(datetime.now(UTC) - timedelta(minutes=1)).isoformat())
    assert refused(weibo.share(), 21327) == "expired_token"


def test_an_unaudited_app(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, audited=False)
    refused(weibo.share(), 21321)


def test_the_commercial_hour_is_the_apps_not_the_accounts(sim: Sim, weibo: Weibo) -> None:
    """50 000 an hour for one address: whichever account of the app asks then hears 10022."""
    hour = {"level": "business", "quotas": {"biz_per_hour": 2}}
    sim.put("weibo", UID, **hour)
    app = {"app_key": "1352222456", "app_secret": "s", "redirect_uri": "http://127.0.0.1/"}
    sim.put("weibo", "1902538058", name="第二个", access_token="2.00Second", **app, **hour)
    sim.put("weibo", "1902538059", name="别的应用", access_token="2.00Third", **{**app, "app_key": "9"}, **hour)
    second, third = Weibo(sim.url, "2.00Second"), Weibo(sim.url, "2.00Third")
    for asking in (weibo, second):
        assert asking.get("statuses/mentions/biz").status_code == 200
    refused(second.get("statuses/mentions/biz"), 10022, 403)
    refused(weibo.get("statuses/mentions/biz"), 10022, 403)
    assert third.get("statuses/mentions/biz").status_code == 200
    sim.shift(3600)
    assert weibo.get("statuses/mentions/biz").status_code == 200


def test_a_hundred_calls_a_day_while_rate_limit_status_says_otherwise(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, quotas={"daily_calls": 2})
    for _ in range(2):
        assert weibo.get("users/show", uid=UID).status_code == 200
    refused(weibo.get("users/show", uid=UID), 10023, 403)
    told = weibo.get("account/rate_limit_status").json()
    assert told["remaining_user_hits"] > 100
    assert datetime.strptime(told["reset_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).minute == 0
    sim.shift(86400)
    assert weibo.get("users/show", uid=UID).status_code == 200


def test_the_timeline_is_ones_own_newest_five(sim: Sim, weibo: Weibo) -> None:
    ids = [weibo.share(f"{number} {LINK}{number}").json()["idstr"] for number in range(7)]
    told = weibo.get("statuses/user_timeline", uid=UID, count=100).json()
    assert [each["idstr"] for each in told["statuses"]] == ids[:1:-1]
    assert told["total_number"] == 7
    later = weibo.get("statuses/user_timeline", since_id=ids[5]).json()["statuses"]
    assert [each["idstr"] for each in later] == [ids[6]]
    upto = weibo.get("statuses/user_timeline/ids", max_id=ids[3]).json()["statuses"]
    assert upto == [ids[3], ids[2]], "max_id is inclusive"
    refused(weibo.get("statuses/user_timeline", uid="1000000001"), 21335)
    sim.put("weibo", UID, level="business")
    assert len(weibo.get("statuses/user_timeline/biz", count=100).json()["statuses"]) == 7


def test_times_are_beijing_in_weibos_form(weibo: Weibo) -> None:
    made = parsedate_to_datetime(weibo.share().json()["created_at"])
    assert made.utcoffset() == timedelta(hours=8)
    assert abs((datetime.now(UTC) - made).total_seconds()) < 5


def test_show_count_and_destroy(sim: Sim, weibo: Weibo) -> None:
    status_id = weibo.share().json()["idstr"]
    sim.comment("weibo", status_id)
    assert weibo.get("statuses/count", ids=status_id).json() == [
        {"id": status_id, "comments": "1", "reposts": "0", "attitudes": "0"}
    ]
    refused(weibo.post("statuses/destroy", id=status_id), 10014, 403)
    sim.put("weibo", UID, level="full")
    assert weibo.post("statuses/destroy", id=status_id).json()["idstr"] == status_id
    refused(weibo.get("statuses/show", id=status_id), 20101)
    refused(weibo.post("statuses/destroy", id=status_id), 20101)
    stub = weibo.get("users/show", uid=UID).json()["status"]
    assert stub["deleted"] == "1"
    assert "user" not in stub


def test_only_authorised_peoples_comments_are_seen_but_all_are_counted(sim: Sim, weibo: Weibo) -> None:
    status_id = weibo.share().json()["idstr"]
    sim.comment("weibo", status_id, "没授权", author="甲", authorised=False)
    seen = sim.comment("weibo", status_id, "授权过", author="乙")
    assert [each["idstr"] for each in weibo.get("comments/to_me").json()["comments"]] == [seen]
    assert [each["idstr"] for each in weibo.get("comments/show", id=status_id).json()["comments"]] == [seen]
    assert weibo.get("remind/unread_count", uid=UID).json()["cmt"] == 2
    sim.put("weibo", UID, level="business")
    assert len(weibo.get("comments/to_me/biz").json()["comments"]) == 2


def test_a_reply_needs_both_ids_and_carries_the_name(sim: Sim, weibo: Weibo) -> None:
    status_id = weibo.share().json()["idstr"]
    comment_id = sim.comment("weibo", status_id, author="小林")
    refused(weibo.post("comments/reply", cid=comment_id, comment="已受理"), 10016)
    refused(weibo.post("comments/reply", cid=comment_id, id="1", comment="已受理"), 20201)
    told = weibo.post("comments/reply", cid=comment_id, id=status_id, comment="已受理").json()
    assert told["text"] == "回复@小林:已受理"
    assert told["reply_comment"]["idstr"] == comment_id
    assert "status" not in told["reply_comment"]
    assert weibo.post("comments/reply", cid=comment_id, id=status_id, comment="已受理").status_code == 400
    refused(weibo.post("comments/destroy", cid=comment_id), 20203)
    assert weibo.post("comments/destroy", cid=told["idstr"]).json()["idstr"] == told["idstr"]
    assert [each["text"] for each in sim.accepted("comment_reply")] == ["回复@小林:已受理"]


def test_an_interface_can_be_taken_away(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, denied=["comments/show"])
    refused(weibo.get("comments/show", id="1"), 10014, 403)


def article(**fields: Any) -> dict[str, Any]:
    sent = {"title": "解读", "content": quote("<p>正 文</p>"), "cover": "http://wx1.sinaimg.cn/a.jpg", "text": "看这里"}
    return {"access_token": Weibo("").token, "rip": RIP, **sent, **fields}


def test_one_article_call_has_two_envelopes(sim: Sim, weibo: Weibo) -> None:
    url = f"{sim.url}/proxy/article/publish.json"
    refused(requests.post(url, data=article(), timeout=9), 10014, 403)
    sim.put("weibo", UID, rights=["article"])
    told = requests.post(url, data=article(), timeout=9).json()
    assert told["code"] == "100000"
    assert weibo.get("statuses/show", id=told["data"]["mid"]).status_code == 200
    assert sim.accepted("article")[0]["payload"]["content"] == "<p>正 文</p>"
    bad = requests.post(url, data=article(title="长" * 33), timeout=9)
    assert (bad.status_code, bad.json()["code"]) == (200, "10008")


def test_oauth_a_code_works_once(sim: Sim) -> None:
    back = "https://console.example.gov.cn/connect"
    sim.put("weibo", UID, redirect_uri=back)
    ask = {"client_id": "1352222456", "redirect_uri": back, "response_type": "code", "state": "s1"}
    assert "授权" in requests.get(f"{sim.url}/oauth2/authorize", params=ask, timeout=9).text
    pressed = requests.post(f"{sim.url}/oauth2/authorize", data={**ask, "uid": UID}, timeout=9, allow_redirects=False)
    returned = parse_qs(urlsplit(pressed.headers["Location"]).query)
    assert returned["state"] == ["s1"]
    exchange = {"client_secret": "xyz123xyz", "grant_type": "authorization_code", "code": returned["code"][0]}
    url = f"{sim.url}/oauth2/access_token"
    told = requests.post(url, data={**ask, **exchange}, timeout=9).json()
    assert (told["uid"], told["isRealName"], type(told["remind_in"])) == (UID, "true", str)
    again = requests.post(url, data={**ask, **exchange}, timeout=9)
    assert again.json()["error_code"] == 21325
    assert Weibo(sim.url, told["access_token"]).share().status_code == 200
    info = requests.post(f"{sim.url}/oauth2/get_token_info", data={"access_token": told["access_token"]}, timeout=9)
    assert info.json()["expire_in"] > 29 * 86400
    refused(requests.get(f"{sim.url}/oauth2/get_token_info", timeout=9), 10021)
    gone = requests.post(f"{sim.url}/oauth2/revokeoauth2", data={"access_token": told["access_token"]}, timeout=9)
    assert gone.json() == {"result": "true"}
    refused(Weibo(sim.url, told["access_token"]).share(), 21316)


def test_an_app_without_a_registered_page_authorises_nobody(sim: Sim) -> None:
    sim.put("weibo", UID, redirect_uri=None)
    ask = {"client_id": "1352222456", "redirect_uri": "http://anything.example/", "response_type": "code"}
    told = requests.get(f"{sim.url}/oauth2/authorize", params=ask, timeout=9)
    assert (told.status_code, told.json()["error_code"]) == (400, 21322)


def test_comments_have_a_rate_and_want_a_public_address(sim: Sim, weibo: Weibo) -> None:
    post = weibo.share().json()["idstr"]
    refused(weibo.post("comments/create", id=post, comment="甲", rip="192.168.0.1"), 20022)
    sim.put("weibo", UID, quotas={"comments_per_hour": 2})
    for words in ("甲", "乙"):
        assert weibo.post("comments/create", id=post, comment=words, rip=RIP).status_code == 200
    refused(weibo.post("comments/create", id=post, comment="丙", rip=RIP), 20016)
