"""Comments by polling and answers: one per comment, five in 48 hours, never twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.errors import ContentRefused, OutcomeUnknown, RateLimited, ReplyWindowClosed, Unavailable
from connectors.values import Receipt
from connectors.wechat.connector import WeChatConnector
from tests.connectors.fakes import CountingMeter, MemoryTokens, Odd, SimulatorControl
from tests.connectors.wechat.conftest import GH, Clock, Make, post, prepared

Register = Callable[..., str]
POST = Receipt(external_id="3147483649", details={"msg_id": "3147483649", "msg_data_id": "2247483657"})


def with_token(odd: Odd) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})


def rows(first: int, count: int) -> dict[str, Any]:
    comments = [{"user_comment_id": n, "openid": f"o{n}", "create_time": 1700000000, "content": "好"} for n in
                range(first, first + count)]  # fmt: skip
    return {"errcode": 0, "errmsg": "ok", "total": 99, "comment": comments}


def mass_sent(connector: WeChatConnector, clock: Clock) -> Receipt:
    payload = connector.adapt(post()).payload
    receipt = connector.publish(payload, prepared(connector, payload), key="p", send_before=clock.soon)
    clock.later(seconds=5)
    return receipt


def test_a_comment_is_fetched_and_answered_once(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered(), mode="mass")
    receipt = mass_sent(connector, clock)
    mid = receipt.details["msg_data_id"]
    comment_id = simulator.comment("wechat", GH, mid, "多谢提醒")
    (message,) = connector.fetch_messages({}, [receipt]).items
    assert message.external_id == f"comment:{mid}:0:{comment_id}"
    assert (message.kind, message.text, message.answered) == ("article_comment", "多谢提醒", False)
    assert message.thread == f"{message.sender_id}:{mid}:0"
    assert connector.reply(message.target, "不客气", key="r1", send_before=clock.soon).live
    assert connector.fetch_messages({}, [receipt]).items[0].answered
    with pytest.raises(OutcomeUnknown) as caught:
        connector.reply(message.target, "不客气", key="r2", send_before=clock.soon)
    assert caught.value.code == "88005"
    assert [item["kind"] for item in simulator.accepted("wechat", GH)].count("comment_reply") == 1


def test_the_index_counts_from_zero_and_a_page_has_49(make: Make, odd: Odd) -> None:
    with_token(odd)
    odd.fixture("wechat", "resp_comment_list.json")
    (message,) = make(odd.url, mode="mass").fetch_messages({}, [POST]).items
    assert json.loads(odd.seen[1][3]) == {"msg_data_id": 2247483657, "index": 0, "begin": 0, "count": 49, "type": 0}
    assert message.answered


@pytest.mark.parametrize(
    ("reply", "answered"),
    [({"content": "a"}, True), ([{"content": "a"}], True), ([], False), ({}, False), (None, False), ("", False)],
)
def test_a_reply_is_an_object_or_a_list(make: Make, odd: Odd, reply: object, answered: bool) -> None:
    with_token(odd)
    page = rows(1, 1)
    page["comment"][0]["reply"] = reply
    odd.say(page)
    (message,) = make(odd.url, mode="mass").fetch_messages({}, [POST]).items
    assert message.answered is answered


def test_people_without_an_openid_have_a_thread_for_each_comment(make: Make, odd: Odd) -> None:
    with_token(odd)
    page = rows(1, 2)
    for row in page["comment"]:
        del row["openid"]
    odd.say(page)
    threads = {message.thread for message in make(odd.url, mode="mass").fetch_messages({}, [POST]).items}
    assert len(threads) == 2


def test_all_pages_are_read(make: Make, odd: Odd) -> None:
    with_token(odd)
    odd.say(rows(1, 49))
    odd.say(rows(50, 49))
    odd.say(rows(99, 1))
    page = make(odd.url, mode="mass").fetch_messages({}, [POST])
    assert len({message.external_id for message in page.items}) == 99
    assert page.cursor == {}
    assert [json.loads(seen[3])["begin"] for seen in odd.seen[1:]] == [0, 49, 98]


def test_a_very_long_list_goes_on_where_it_was_left(make: Make, odd: Odd) -> None:
    with_token(odd)
    odd.say(rows(1, 49))
    connector = make(odd.url, mode="mass")
    page = connector.fetch_messages({}, [POST])
    assert page.cursor == {"2247483657:0": "490"}
    connector.fetch_messages(page.cursor, [POST])
    assert json.loads(odd.seen[11][3])["begin"] == 490


@pytest.mark.parametrize("posts", [[], [Receipt(details={"publish_id": "1", "article_id": "A"})]])
def test_without_msg_data_id_the_page_says_why(make: Make, odd: Odd, posts: list[Receipt]) -> None:
    page = make(odd.url).fetch_messages({}, posts)
    assert page.items == ()
    assert page.unavailable.startswith("留言暂不可取")
    assert "接口群发后平台给的编号" in page.unavailable
    assert odd.seen == []


def test_an_account_without_comments_says_so(make: Make, odd: Odd) -> None:
    with_token(odd)
    odd.fixture("wechat", "err_88000.json")
    assert "留言功能" in make(odd.url, mode="mass").fetch_messages({}, [POST]).unavailable


def test_a_deleted_article_does_not_hide_the_others(make: Make, odd: Odd) -> None:
    with_token(odd)
    odd.fixture("wechat", "resp_comment_88001_real.json")
    odd.say(rows(7, 1))
    other = Receipt(external_id="2", details={"msg_data_id": "2247483658"})
    page = make(odd.url, mode="mass").fetch_messages({}, [POST, other])
    assert [message.external_id for message in page.items] == ["comment:2247483658:0:7"]
    assert page.unavailable == ""


def test_when_no_article_is_left_the_page_says_why(make: Make, odd: Odd) -> None:
    with_token(odd)
    odd.fixture("wechat", "resp_comment_88001_real.json")
    assert "留言取不到" in make(odd.url, mode="mass").fetch_messages({}, [POST]).unavailable


def test_a_used_up_quota_is_told_to_the_poller(
    make: Make, odd: Odd, tokens: MemoryTokens, meter: CountingMeter, clock: Clock
) -> None:
    with_token(odd)
    odd.fixture("wechat", "err_45009.json")
    with pytest.raises(RateLimited):
        make(odd.url, mode="mass").fetch_messages({}, [POST])


def wrote(simulator: SimulatorControl) -> dict[str, str]:
    told = simulator.message("wechat", GH, **{"from": "市民甲", "text": "几点停电？"})
    return {"kind": "private", "openid": told["from"]}


def test_a_private_message_may_be_answered_five_times(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered())
    target = wrote(simulator)
    for number in range(5):
        connector.reply(target, f"第{number}条", key=f"r{number}", send_before=clock.soon)
    with pytest.raises(ReplyWindowClosed) as caught:
        connector.reply(target, "第六条", key="r6", send_before=clock.soon)
    assert caught.value.code == "45047"


def test_after_48_hours_the_window_is_closed(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered())
    target = wrote(simulator)
    clock.later(hours=49)
    with pytest.raises(ReplyWindowClosed) as caught:
        connector.reply(target, "您好", key="r", send_before=clock.soon)
    assert caught.value.code == "45015"


def test_a_lost_answer_to_a_reply_is_unknown(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered())
    target = wrote(simulator)
    simulator.fault("drop_answer", path="message/custom/send")
    with pytest.raises(OutcomeUnknown):
        connector.reply(target, "您好", key="r", send_before=clock.soon)


@pytest.mark.parametrize("text", ["", "  \n", "长" * 683])
def test_empty_and_too_long_replies_are_refused_before_any_call(make: Make, odd: Odd, clock: Clock, text: str) -> None:
    with pytest.raises(ContentRefused):
        make(odd.url).reply({"kind": "private", "openid": "o"}, text, key="r", send_before=clock.soon)
    assert odd.seen == []


def test_a_target_of_another_platform_is_a_mistake(make: Make, odd: Odd, clock: Clock) -> None:
    with pytest.raises(ValueError):
        make(odd.url).reply({"kind": "comment", "cid": "1"}, "您好", key="r", send_before=clock.soon)


@pytest.mark.parametrize("kind", ["private", "article_comment"])
def test_an_answer_without_a_result_is_no_proof_of_a_reply(make: Make, odd: Odd, clock: Clock, kind: str) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({})
    target = {"kind": kind, "openid": "o1", "msg_data_id": "1", "index": "0", "user_comment_id": "2"}
    with pytest.raises(OutcomeUnknown):
        make(odd.url).reply(target, "您好。", key="r", send_before=clock.soon)


def test_an_article_that_cannot_be_read_does_not_hide_the_others(make: Make, odd: Odd) -> None:
    with_token(odd)
    odd.say(rows(7, 1))
    odd.say({"errcode": -1, "errmsg": "system busy"})
    other = Receipt(external_id="2", details={"msg_data_id": "2247483658"})
    page = make(odd.url, mode="mass").fetch_messages({"2247483658:0": "490"}, [POST, other])
    assert len(page.items) == 1
    assert "部分文章" in page.unavailable
    assert page.cursor == {"2247483658:0": "490"}


def test_when_nothing_was_had_the_poller_is_told(make: Make, odd: Odd) -> None:
    with_token(odd)
    odd.say({"errcode": -1, "errmsg": "system busy"})
    with pytest.raises(Unavailable):
        make(odd.url, mode="mass").fetch_messages({}, [POST])
