"""Weibo: mentions, reposts, the fan service's odds and ends, and authorising on a page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.simulator.wechat.texts import TEXTS as WECHAT_TEXTS
from connectors.simulator.weibo.texts import TEXTS as WEIBO_TEXTS
from tests.connectors.simulator.conftest import LINK, UID, Listener, Sim, Weibo
from tests.connectors.simulator.test_weibo_share import refused

RIP = "211.156.0.1"
BACK = "https://console.example.gov.cn/connect"
FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.mark.parametrize(("platform", "texts"), [("weibo", WEIBO_TEXTS), ("wechat", WECHAT_TEXTS)])
def test_every_code_of_the_tables_has_its_words(platform: str, texts: dict[int, str]) -> None:
    lines = [line.partition("#")[0].strip() for line in (FIXTURES / f"{platform}-codes.txt").read_text().splitlines()]
    codes = {int(line) for line in lines if re.fullmatch(r"-?\d+", line)}
    assert len(codes) > 100
    told_elsewhere = {100000, 11001, 11002, 11003}  # the article interface's own
    assert codes - set(texts) <= told_elsewhere


def test_a_mention_in_a_comment_is_no_mention_in_a_post(sim: Sim, weibo: Weibo, listener: Listener) -> None:
    sim.put("weibo", UID, callback_url=listener.url)
    sim.message("weibo", "@青岚发布 看这里", sender="甲", event="mention", subtype="comment", key="5100000000000001")
    pushed = json.loads(listener.got[-1][1])
    assert (pushed["type"], pushed["data"]) == ("mention", {"subtype": "comment", "key": "5100000000000001"})
    assert weibo.get("statuses/mentions").json()["statuses"] == []
    assert weibo.get("comments/to_me").json()["comments"] == [], "it stands under somebody else's post"
    told = weibo.get("comments/mentions").json()["comments"][0]
    assert (told["idstr"], told["user"]["name"]) == ("5100000000000001", "甲")
    unread = weibo.get("remind/unread_count").json()
    assert (unread["mention_cmt"], unread["mention_status"], unread["cmt"]) == (1, 0, 0)
    answer = weibo.post("comments/reply", cid=told["idstr"], id=told["status"]["idstr"], comment="收到").json()
    assert answer["reply_comment"]["idstr"] == told["idstr"]


def test_a_comment_that_names_the_account_under_its_own_post(sim: Sim, weibo: Weibo) -> None:
    number = weibo.share().json()["idstr"]
    sim.comment("weibo", number, "@青岚发布 请回复")
    sim.comment("weibo", number, "没点名")
    sim.comment("weibo", number, "@青岚发布 没授权的", authorised=False)
    told = weibo.get("comments/mentions").json()["comments"]
    assert [each["text"] for each in told] == ["@青岚发布 请回复"]
    assert len(weibo.get("comments/to_me").json()["comments"]) == 2
    sim.put("weibo", UID, level="business")
    assert len(weibo.get("comments/mentions/biz").json()["comments"]) == 2


def test_a_mention_is_answered_by_a_comment_under_it(sim: Sim, weibo: Weibo) -> None:
    sim.message("weibo", "@青岚发布 请问", sender="甲", event="mention", key="5100000000000002")
    told = weibo.post("comments/create", id="5100000000000002", comment="请看私信", rip=RIP).json()
    assert told["status"]["idstr"] == "5100000000000002"
    refused(weibo.post("comments/create", id="5100000000000003", comment="请看私信", rip=RIP), 20101)


def test_comments_are_told_in_batches_and_destroyed_by_their_writer(sim: Sim, weibo: Weibo) -> None:
    number = weibo.share().json()["idstr"]
    ids = [sim.comment("weibo", number, f"第{each}条") for each in range(3)]
    told = weibo.get("comments/show_batch", cids=",".join(ids)).json()
    assert [each["idstr"] for each in told] == ids
    refused(weibo.get("comments/show_batch", cids=",".join(ids * 17)), 20009)
    own = weibo.post("comments/reply", cid=ids[0], id=number, comment="甲").json()["idstr"]
    second = weibo.post("comments/reply", cid=ids[1], id=number, comment="乙").json()["idstr"]
    refused(weibo.post("comments/destroy_batch", cids=",".join(["1"] * 21)), 20009)
    refused(weibo.post("comments/destroy", cid=ids[0]), 20203)
    assert weibo.post("comments/destroy", cid=own).json()["idstr"] == own
    refused(weibo.post("comments/destroy", cid=own), 20201)
    assert [each["idstr"] for each in weibo.post("comments/destroy_batch", cids=second).json()] == [second]


def test_a_citizen_takes_a_comment_back(sim: Sim, weibo: Weibo) -> None:
    number = weibo.share().json()["idstr"]
    gone = sim.comment("weibo", number)
    who = {"platform": "weibo", "external_id": UID}
    sim.call("POST", "/_sim/comments/remove", {**who, "comment": gone})
    assert weibo.get("comments/to_me").json()["comments"] == []
    refused(weibo.post("comments/reply", cid=gone, id=number, comment="在吗"), 20201)
    sim.call("POST", "/_sim/comments/remove", {**who, "comment": gone}, status=409)


def test_a_repost_carries_the_original_and_is_counted(sim: Sim, weibo: Weibo) -> None:
    other = {"app_key": "2", "app_secret": "s", "access_token": "2.00other", "name": "青岚政务", "level": "full"}
    sim.put("weibo", "2000000001", **other)
    number = weibo.share().json()["idstr"]
    lower = Weibo(sim.url, "2.00other")
    told = lower.post("statuses/repost", id=number, status="请扩散", rip=RIP).json()
    assert told["retweeted_status"]["idstr"] == number
    assert told["retweeted_status"]["user"]["name"] == "青岚发布"
    assert weibo.get("statuses/count", ids=number).json()[0]["reposts"] == "1"
    refused(lower.post("statuses/repost", id="1", rip=RIP), 20101)
    refused(lower.post("statuses/repost", id=number, is_comment="9", rip=RIP), 10008)
    sim.put("weibo", UID, level="business")
    assert weibo.get("statuses/repost_timeline/biz", id=number).json()["reposts"][0]["idstr"] == told["idstr"]
    weibo.post("statuses/destroy", id=number)
    assert lower.get("statuses/show", id=told["idstr"]).json()["retweeted_status"]["deleted"] == "1"


def test_several_statuses_at_once(sim: Sim, weibo: Weibo) -> None:
    number = weibo.share().json()["idstr"]
    refused(weibo.get("statuses/show_batch", ids=number), 10014, 403)
    sim.put("weibo", UID, level="full")
    assert weibo.get("statuses/show_batch", ids=f"{number},1").json()["statuses"][0]["idstr"] == number
    refused(weibo.get("statuses/show_batch", ids=",".join(["1"] * 51)), 20009)


def test_pushes_change_their_format(sim: Sim, weibo: Weibo, listener: Listener) -> None:
    sim.put("weibo", UID, callback_url=listener.url)
    assert weibo.post("eps/push/set_format", format="xml").json() == {"result": True}
    sim.message("weibo", "你好")
    assert listener.got[-1][1].startswith(b"<xml>")
    refused(weibo.post("eps/push/set_format", format="yaml"), 10008)
    assert weibo.post("eps/push/set_format", format="json").status_code == 200
    sim.message("weibo", "你好")
    assert json.loads(listener.got[-1][1])["text"] == "你好"


def test_what_is_told_of_fans(sim: Sim, weibo: Weibo) -> None:
    uid = sim.message("weibo", sender="小林")["from"]
    assert weibo.get("eps/user/info", uid=uid).json()["nickname"] == "小林"
    assert weibo.get("messages/subscribers/get").json()["data"]["uids"] == [uid]
    refused(weibo.get("eps/user/info", uid="1"), 20003)
    sim.message("weibo", "", sender="小林", event="unfollow")
    assert weibo.get("eps/user/info", uid=uid).json() == {"subscribe": 0, "uid": int(uid)}


def test_a_menu_has_three_buttons(weibo: Weibo) -> None:
    menu = {"button": [{"type": "click", "name": "办事", "key": "a"}]}
    assert weibo.post("messages/menu/create", menus=json.dumps(menu)).json() == {"result": True}
    assert weibo.get("messages/menu/show").json()["menu"] == menu
    for bad in ("{", "[]", json.dumps({"button": menu["button"] * 4}), json.dumps({"button": [{}]})):
        refused(weibo.post("messages/menu/create", menus=bad), 10008)
    weibo.post("messages/menu/delete")
    assert weibo.get("messages/menu/show").json()["menu"] == {"button": []}


def asked(**changes: Any) -> dict[str, Any]:
    ask = {"client_id": "1352222456", "redirect_uri": BACK, "response_type": "code", "state": "s1", **changes}
    return {name: value for name, value in ask.items() if value is not None}


def oauth(sim: Sim, verb: str, path: str, fields: dict[str, Any], **more: Any) -> requests.Response:
    query, body = (fields, None) if verb == "GET" else (None, fields)
    url = f"{sim.url}/oauth2/{path}"
    return requests.request(verb, url, params=query, data=body, timeout=9, allow_redirects=False, **more)


def oauth_refused(answer: requests.Response, code: int) -> None:
    body = answer.json()
    assert (answer.status_code, body["error_code"]) == (400, code)
    assert {"error", "error_code", "request", "error_uri"} <= set(body)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "999"}, 21324),
        ({"client_id": None}, 21323),
        ({"redirect_uri": None}, 21323),
        ({"redirect_uri": BACK + "/"}, 21322),
        ({"redirect_uri": BACK.replace("https", "http")}, 21322),
        ({"response_type": "token"}, 21329),
    ],
)
def test_a_wrong_link_to_authorise(sim: Sim, changes: dict[str, Any], code: int) -> None:
    sim.put("weibo", UID, redirect_uri=BACK)
    oauth_refused(oauth(sim, "GET", "authorize", asked(**changes)), code)
    page = oauth(sim, "GET", "authorize", asked(**changes), headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert str(code) in page.text


def test_a_person_agrees_or_refuses(sim: Sim) -> None:
    sim.put("weibo", UID, redirect_uri=BACK)
    page = oauth(sim, "GET", "authorize", asked(scope="email,direct_messages_read")).text
    for words in ("同意授权", "拒绝", "演练", "读取私信", "青岚发布"):
        assert words in page
    refusal = oauth(sim, "POST", "authorize", asked(uid=UID, action="cancel"))
    told = parse_qs(urlsplit(refusal.headers["Location"]).query)
    assert told == {"state": ["s1"], "error": ["access_denied"], "error_code": ["21330"]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_secret": "wrong"}, 21324),
        ({"grant_type": "password"}, 21328),
        ({"grant_type": "refresh_token"}, 21328),
        ({"redirect_uri": BACK + "?x=1"}, 21322),
        ({"code": "nonsense"}, 21325),
        ({"client_id": None}, 21323),
    ],
)
def test_a_code_is_exchanged_by_the_letter(sim: Sim, changes: dict[str, Any], code: int) -> None:
    pressed = oauth(sim, "POST", "authorize", asked(uid=UID))
    given = parse_qs(urlsplit(pressed.headers["Location"]).query)["code"][0]
    right = asked(client_secret="xyz123xyz", grant_type="authorization_code", code=given)
    wrong = {name: value for name, value in {**right, **changes}.items() if value is not None}
    oauth_refused(oauth(sim, "POST", "access_token", wrong), code)
    assert "access_token" in oauth(sim, "POST", "access_token", right).json(), "a refusal does not use the code up"
    oauth_refused(oauth(sim, "POST", "access_token", right), 21325)


def test_a_code_lives_ten_minutes(sim: Sim) -> None:
    pressed = oauth(sim, "POST", "authorize", asked(uid=UID))
    given = parse_qs(urlsplit(pressed.headers["Location"]).query)["code"][0]
    sim.shift(601)
    right = asked(client_secret="xyz123xyz", grant_type="authorization_code", code=given)
    oauth_refused(oauth(sim, "POST", "access_token", right), 21325)
    assert oauth(sim, "GET", "access_token", right).json()["error_code"] == 10021


def test_a_switched_fault_of_oauth_wears_its_envelope(sim: Sim) -> None:
    sim.fault("refuse", path="/oauth2/access_token", code=21331)
    oauth_refused(oauth(sim, "POST", "access_token", asked()), 21331)


def test_articles_are_refused_in_their_own_envelope(sim: Sim, weibo: Weibo) -> None:
    from tests.connectors.simulator.test_weibo_rights import article

    url = f"{sim.url}/proxy/article/publish.json"
    sim.put("weibo", UID, rights=["article"], quotas={"articles_per_hour": 1})
    for field in ("title", "content", "cover", "text", "rip"):
        answer = requests.post(url, data=article(**{field: ""}), timeout=9)
        assert (answer.status_code, answer.json()["code"]) == (200, "10008"), field
    raw, lan = {"content": "<p>正 文 100%</p>"}, {"rip": "192.168.0.1"}
    covers = [{"cover": each} for each in ("a.jpg", "https://evil.example/a.jpg", "https://evilsinaimg.cn/a.jpg")]
    for fields in ({"text": "长" * 1901}, {"content": "a" * 90_001}, raw, lan, *covers):
        assert requests.post(url, data=article(**fields), timeout=20).json()["code"] == "10008"
    assert requests.post(url, data=article(), timeout=9).json()["code"] == "100000"
    assert requests.post(url, data=article(title="再来"), timeout=9).json() == {
        "code": "11001",
        "msg": "sass check error",
        "data": "",
    }
    for code in (10001, 11002, 11003):
        sim.fault("refuse", path="/proxy/article", code=code)
        assert requests.post(url, data=article(), timeout=9).json()["code"] == str(code)
    assert len(sim.accepted("article")) == 1
    assert weibo.get("statuses/user_timeline").json()["statuses"][0]["text"].startswith("看这里 http://t.cn/")
    assert LINK not in sim.accepted("article")[0]["text"]


def test_a_page_of_authorising_is_never_cut_by_its_policy(sim: Sim) -> None:
    """The form's answer leads to the console: a form-action of 'self' would stop the browser there."""
    page = oauth(sim, "GET", "authorize", asked())
    assert "form-action" not in page.headers["Content-Security-Policy"]
