"""Beside publishing and answering: comments picked out and deleted, followers, tags, allowances, the account's days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from requests import HTTPError

from connectors.desk import DayFigures
from connectors.errors import ConnectorError, ContentRefused, NotEntitled, RateLimited, Refused, Unavailable
from connectors.values import InboundMessage, Receipt
from connectors.wechat.clocks import beijing_day
from connectors.wechat.connector import WeChatConnector
from connectors.wechat.desk import cgi_path
from tests.connectors.fakes import CountingMeter, Odd, SimulatorControl
from tests.connectors.wechat.conftest import GH, Clock, Make, attempted, post, prepared

Register = Callable[..., str]


@pytest.fixture
def connector(make: Make, registered: Register) -> WeChatConnector:
    return make(registered(), mode="mass")


@pytest.fixture
def article(connector: WeChatConnector, clock: Clock) -> Receipt:
    """A mass-sent article, public."""
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    receipt = connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    clock.later(minutes=5)
    found = connector.check(attempted(payload, done, clock(), receipt))
    assert found.receipt.live  # type: ignore[union-attr]
    return found.receipt  # type: ignore[union-attr]


def comments(connector: WeChatConnector, article: Receipt) -> dict[str, InboundMessage]:
    return {message.text: message for message in connector.fetch_messages({}, (article,)).items}


def say(simulator: SimulatorControl, article: Receipt, text: str) -> None:
    simulator.comment("wechat", GH, article.details["msg_data_id"], text)


# Comments


def test_a_comment_is_picked_out_and_no_more(
    connector: WeChatConnector, article: Receipt, simulator: SimulatorControl
) -> None:
    say(simulator, article, "写得好")
    comment = comments(connector, article)["写得好"]
    assert comment.elected is False
    connector.moderate(comment.target, "elect")
    connector.moderate(comment.target, "elect")
    assert comments(connector, article)["写得好"].elected is True
    connector.moderate(comment.target, "unelect")
    assert comments(connector, article)["写得好"].elected is False


def test_a_comment_is_deleted_and_deleting_twice_is_no_error(
    connector: WeChatConnector, article: Receipt, simulator: SimulatorControl
) -> None:
    say(simulator, article, "广告")
    comment = comments(connector, article)["广告"]
    connector.moderate(comment.target, "delete")
    connector.moderate(comment.target, "delete")
    assert comments(connector, article) == {}
    with pytest.raises(Refused) as caught:
        connector.moderate(comment.target, "elect")
    assert caught.value.code in ("88004", "88008")


def test_our_reply_is_deleted_and_another_may_be_given(
    connector: WeChatConnector, article: Receipt, simulator: SimulatorControl, clock: Clock
) -> None:
    say(simulator, article, "几点开始？")
    comment = comments(connector, article)["几点开始？"]
    reply = connector.reply(comment.target, "九点", key="k", send_before=clock.soon)
    assert comments(connector, article)["几点开始？"].answered
    connector.moderate(comment.target, "delete_reply", reply_id=reply.external_id)
    connector.moderate(comment.target, "delete_reply", reply_id=reply.external_id)
    assert not comments(connector, article)["几点开始？"].answered
    connector.reply(comment.target, "十点", key="k2", send_before=clock.soon)


def test_comments_are_closed_and_opened(
    connector: WeChatConnector, article: Receipt, simulator: SimulatorControl
) -> None:
    connector.switch_comments(article, open_=False)
    with pytest.raises(HTTPError):
        say(simulator, article, "关了还能写吗")
    connector.switch_comments(article, open_=True)
    say(simulator, article, "又开了")
    assert "又开了" in comments(connector, article)


def test_comments_of_an_article_without_its_number_cannot_be_switched(connector: WeChatConnector) -> None:
    with pytest.raises(NotEntitled) as caught:
        connector.switch_comments(Receipt(external_id="a"), open_=False)
    assert "编号" in caught.value.remedy


@pytest.mark.parametrize(
    ("code", "act", "words"),
    [
        (88000, "elect", "没有留言功能"),
        (88001, "delete", "文章不存在"),
        (88003, "elect", "精选留言数量已达上限"),
        (88004, "elect", "已被用户删除"),
        (88008, "unelect", "留言已不存在"),
        (88009, "elect", "回复已不存在"),
    ],
)
def test_refusals_are_in_words(make: Make, odd: Odd, code: int, act: Any, words: str) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"errcode": code, "errmsg": "no"})
    with pytest.raises(Refused) as caught:
        make(odd.url).moderate({"msg_data_id": "1", "index": "0", "user_comment_id": "2"}, act)
    assert words in caught.value.cause


# Followers


@pytest.fixture
def openid(connector: WeChatConnector, simulator: SimulatorControl) -> str:
    simulator.message("wechat", GH, **{"from": "citizen-1", "text": "您好"})
    data = connector.api.get("/cgi-bin/user/get")["data"]
    return str(data["openid"][0])


def test_remark_and_tags_are_written_and_read_back(connector: WeChatConnector, openid: str) -> None:
    before = connector.person(openid)
    assert (before.following, before.remark, before.tags) == (True, "", ())
    connector.rename(openid, "王阿姨（东河）")
    tag = connector.make_tag("热心市民")
    connector.tag(openid, [tag.id], add=True)
    told = connector.person(openid)
    assert told.remark == "王阿姨（东河）"
    assert [(each.id, each.name) for each in told.tags] == [(tag.id, "热心市民")]
    assert [(each.name, each.people) for each in connector.tags() if not each.system] == [("热心市民", 1)]
    connector.tag(openid, [tag.id], add=False)
    assert connector.person(openid).tags == ()


def test_limits_of_names_are_said_before_the_platform_says_them(
    connector: WeChatConnector, openid: str, meter: CountingMeter
) -> None:
    meter.calls.clear()
    for act in (
        lambda: connector.rename(openid, "字" * 10),
        lambda: connector.make_tag("字" * 31),
        lambda: connector.make_tag(""),
    ):
        with pytest.raises(ContentRefused):
            act()
    assert meter.calls == []
    connector.rename(openid, "字" * 9)


def test_the_platforms_own_limits_come_in_words(connector: WeChatConnector, openid: str) -> None:
    tags = [connector.make_tag(f"标签{n}") for n in range(21)]
    connector.tag(openid, [tag.id for tag in tags[:20]], add=True)
    for act, code in (
        (lambda: connector.tag(openid, [tags[20].id], add=True), "45059"),
        (lambda: connector.make_tag("标签0"), "45157"),
        (lambda: connector.tag(openid, ["99999"], add=True), "40152"),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == code
    for n in range(79):
        connector.make_tag(f"更多{n}")
    with pytest.raises(Refused) as caught:
        connector.make_tag("第一百零一个")
    assert caught.value.code == "45056"


def test_the_blacklist_takes_twenty_in_one_call(make: Make, odd: Odd, meter: CountingMeter) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"errcode": 0, "errmsg": "ok"})
    make(odd.url).block([f"o{n}" for n in range(41)], blocked=True)
    assert meter.calls.count("tags/members/batchblacklist") == 3


def test_the_blacklist_is_left_again(connector: WeChatConnector, openid: str) -> None:
    connector.block([openid], blocked=True)
    assert connector.api.post("/cgi-bin/tags/members/getblacklist", {"begin_openid": ""})["total"] == 1
    connector.block([openid], blocked=False)
    assert connector.api.post("/cgi-bin/tags/members/getblacklist", {"begin_openid": ""})["total"] == 0


def test_who_has_left_is_told_as_not_following(make: Make, odd: Odd) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.fixture("wechat", "resp_user_info_unsubscribed.json")
    person = make(odd.url).person("otvxTs_JZ6SEiP0imdhpi50fuSZg")
    assert (person.following, person.tags) == (False, ())


# Typing


def test_typing_is_shown_soon_after_a_message_and_never_hurts(
    connector: WeChatConnector, openid: str, clock: Clock
) -> None:
    target = {"kind": "private", "openid": openid}
    assert connector.typing(target) is True
    assert connector.typing(target) is False
    clock.later(minutes=5)
    assert connector.typing(target) is False
    assert connector.typing({}) is False


def test_typing_survives_a_platform_that_is_away(
    connector: WeChatConnector, openid: str, simulator: SimulatorControl
) -> None:
    simulator.fault("http_502", times=-1)
    assert connector.typing({"openid": openid}) is False


# Allowances


def test_a_quota_is_read_as_the_platform_counts_it(connector: WeChatConnector) -> None:
    for _ in range(3):
        connector.api.get("/cgi-bin/draft/count")
    told = connector.read_quota("draft/count")
    assert (told.limit, told.used, told.remain) == (1000, 3, 997)
    assert cgi_path("draft/add") == "/cgi-bin/draft/add"
    assert cgi_path("datacube/getbizsummary") == "/datacube/getbizsummary"


def test_clearing_brings_the_day_back_ten_times_a_month(
    make: Make, registered: Register, simulator: SimulatorControl
) -> None:
    connector = make(registered(quotas={"draft/count": 2}))
    for _ in range(2):
        connector.api.get("/cgi-bin/draft/count")
    with pytest.raises(RateLimited):
        connector.api.get("/cgi-bin/draft/count")
    connector.clear_quota()
    connector.api.get("/cgi-bin/draft/count")
    for _ in range(9):
        connector.clear_quota()
    with pytest.raises(RateLimited) as caught:
        connector.clear_quota()
    assert caught.value.code == "48006"
    assert caught.value.until is not None
    assert beijing_day(caught.value.until).day == 1


def test_an_error_explains_itself_by_its_rid(connector: WeChatConnector) -> None:
    with pytest.raises(ConnectorError) as caught:
        connector.api.post("/cgi-bin/draft/get", {"media_id": "none"})
    rid = caught.value.rid
    assert rid
    told = connector.explain(rid)
    assert "40007" in str(told["answer"])
    token = connector.tokens.current()
    assert token is not None
    assert token.value not in repr(told)
    with pytest.raises(Refused):
        connector.explain("617682e0-00000000-00000000")


def test_a_rid_without_its_record_is_asked_again(make: Make, odd: Odd) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"errcode": 0})
    with pytest.raises(Unavailable):
        make(odd.url).explain("r")


def test_the_speed_of_mass_sending_is_seen_and_set(connector: WeChatConnector) -> None:
    level, real = connector.speed()
    assert level in range(5)
    assert real is None or real > 0
    connector.set_speed(4)
    assert connector.speed()[0] == 4
    with pytest.raises(Refused):
        connector.set_speed(5)


# The account's days


def test_the_days_of_the_account_are_read(
    connector: WeChatConnector, article: Receipt, openid: str, clock: Clock
) -> None:
    today = beijing_day(clock())
    clock.later(days=1, hours=12)
    [day] = connector.day_figures(today, today)
    assert day.day == today
    assert day.readers is not None
    assert day.followers is not None
    assert day.followers >= 1
    assert day.new_followers is not None


def test_what_is_not_ready_or_still_changing_comes_later(make: Make, odd: Odd, clock: Clock) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"errcode": 61503, "errmsg": "not ready"})
    odd.say({"list": [], "is_delay": True})
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            make(odd.url).day_figures(date(2026, 8, 1), date(2026, 8, 1))
        assert caught.value.until == clock() + timedelta(hours=2)


def test_new_figures_by_their_recorded_answers(make: Make, odd: Odd) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.fixture("wechat", "resp_datacube_getbizsummary.json")
    odd.fixture("wechat", "resp_datacube_getusersummary.json")
    odd.fixture("wechat", "resp_datacube_getusercumulate.json")
    [day] = make(odd.url).day_figures(date(2025, 11, 1), date(2025, 11, 1))
    # The other two recordings are of another day: nothing is known of them.
    assert day == DayFigures(day=date(2025, 11, 1), readers=4123, sharers=366, likes=386, comments=33, collected=233)


def test_offline_statistics_are_never_asked(connector: WeChatConnector, article: Receipt, clock: Clock) -> None:
    clock.later(days=2)
    # Yesterday's are not there before eight in the morning, and the simulator lives in the hour of the day that it is.
    connector.day_figures(beijing_day(clock()) - timedelta(days=7), beijing_day(clock()) - timedelta(days=2))
    connector.figures((article,))
    asked = set(connector.meter.calls)  # type: ignore[attr-defined]
    offline = {"getarticlesummary", "getarticletotal", "getuserread", "getuserreadhour", "getusershare"}
    assert not {call for call in asked if call.removeprefix("datacube/") in offline}


# What an account has of it


@pytest.mark.parametrize(
    ("mode", "comments", "offered", "acts"),
    [("mass", True, "switch_comments", 1), ("mass", False, "speed", 0), ("draft", True, "quota", 1)],
)
def test_capabilities_say_what_there_is(make: Make, mode: str, comments: bool, offered: str, acts: int) -> None:
    able = make(mode=mode, settings={"comments": comments}).capabilities()
    assert offered in able.offers
    assert ("people" in able.offers) is (mode != "draft")
    assert len(able.acts) == acts
