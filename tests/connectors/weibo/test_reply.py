"""Answering comments, mentions and private messages."""

from __future__ import annotations

import json

import pytest

from connectors.errors import (
    ContentRefused,
    NotEntitled,
    OutcomeUnknown,
    Refused,
    ReplyWindowClosed,
    Unavailable,
)
from connectors.values import Content, InboundMessage, Prepared, Receipt
from connectors.weibo.connector import WeiboConnector
from tests.connectors.fakes import CountingMeter, Odd, SimulatorControl
from tests.connectors.weibo.conftest import UID, Clock, Make, register


@pytest.fixture
def comment(weibo: WeiboConnector, content: Content, clock: Clock, simulator: SimulatorControl) -> InboundMessage:
    post = weibo.publish(weibo.adapt(content).payload, Prepared(ready=True), key="k", send_before=clock.soon)
    simulator.comment("weibo", UID, post.external_id, "几点恢复？")
    return weibo.fetch_messages({}, [post]).items[0]


def replies(simulator: SimulatorControl) -> list[dict[str, object]]:
    return [item for item in simulator.accepted("weibo", UID) if item["kind"] != "status"]


def test_the_comment_gets_exactly_the_approved_words(
    weibo: WeiboConnector, comment: InboundMessage, clock: Clock, simulator: SimulatorControl
) -> None:
    receipt = weibo.reply(comment.target, "今晚八点前恢复。", key="r-1", send_before=clock.soon)
    [item] = replies(simulator)
    assert (item["kind"], item["text"], item["id"]) == ("comment_reply", "今晚八点前恢复。", receipt.external_id)
    assert receipt.live
    assert receipt.published_at is not None
    # Our own answer does not come back as a message.
    assert weibo.fetch_messages({}, []).items == (comment,)


def test_both_ids_are_sent(make: Make, odd: Odd, clock: Clock) -> None:
    odd.fixture("weibo", "comment_reply_doc.json")
    receipt = make(odd.url).reply({"kind": "comment", "cid": "7", "id": "9"}, "好的", key="r", send_before=clock.soon)
    assert receipt.external_id == "12438492184"
    body = odd.seen[0][3].decode()
    assert "cid=7&id=9&comment=" in body
    assert "without_mention=1" in body
    assert "rip=211.156.0.1" in body


def test_a_mention_is_answered_by_a_comment(make: Make, odd: Odd, clock: Clock, meter: CountingMeter) -> None:
    odd.fixture("weibo", "comment_reply_doc.json")
    make(odd.url).reply({"kind": "mention", "id": "9"}, "收到", key="r", send_before=clock.soon)
    assert meter.calls == ["comments/create"]


def test_an_unknown_operator_address_is_never_sent(make: Make, odd: Odd, clock: Clock) -> None:
    odd.fixture("weibo", "comment_reply_doc.json")
    connector = make(odd.url, environment="live", operator_ip="192.168.1.20")
    connector.reply({"kind": "comment", "cid": "7", "id": "9"}, "好的", key="r", send_before=clock.soon)
    assert "rip" not in odd.seen[0][3].decode()
    with pytest.raises(NotEntitled) as caught:
        connector.reply({"kind": "mention", "id": "9"}, "收到", key="r", send_before=clock.soon)
    assert "TANDEM_EGRESS_IP" in caught.value.remedy
    assert len(odd.seen) == 1


def test_a_private_message_is_answered_on_its_own_host(
    simulator: SimulatorControl, weibo: WeiboConnector, clock: Clock, meter: CountingMeter
) -> None:
    sent = simulator.message("weibo", UID, **{"from": "市民丙", "text": "你好"})
    receipt = weibo.reply(
        {"kind": "private", "receiver_id": str(sent["from"])}, "您好，请讲。", key="r", send_before=clock.soon
    )
    [item] = replies(simulator)
    assert (item["kind"], item["text"]) == ("custom_message", "您好，请讲。")
    assert receipt == Receipt(external_id="", live=True)
    assert meter.calls == ["messages/reply"]


def test_private_data_is_encoded_once(make: Make, odd: Odd, clock: Clock, exchanges: list[object]) -> None:
    odd.say({"result": "true"})
    make(odd.url).reply({"kind": "private", "receiver_id": "5"}, "你好", key="r", send_before=clock.soon)
    body = odd.seen[0][3].decode()
    assert "data=%7B%22text%22%3A+%22%E4%BD%A0%E5%A5%BD%22%7D" in body
    assert "authorization" not in odd.seen[0][2]
    assert "tok-1" not in repr(exchanges)


def test_a_stranger_cannot_be_written_to(weibo: WeiboConnector, simulator: SimulatorControl, clock: Clock) -> None:
    with pytest.raises(ReplyWindowClosed) as caught:
        weibo.reply({"kind": "private", "receiver_id": "424242"}, "您好", key="r", send_before=clock.soon)
    assert caught.value.code == "20301"


def test_a_deleted_comment_is_refused(
    weibo: WeiboConnector, comment: InboundMessage, clock: Clock, simulator: SimulatorControl
) -> None:
    with pytest.raises(Refused) as caught:
        weibo.reply({**comment.target, "cid": "1"}, "好的", key="r", send_before=clock.soon)
    assert caught.value.code == "20201"


@pytest.mark.parametrize(
    ("target", "most"),
    [({"kind": "comment", "cid": "1", "id": "2"}, 140), ({"kind": "private", "receiver_id": "5"}, 299)],
)
def test_too_long_is_refused_before_the_call(
    make: Make, odd: Odd, clock: Clock, meter: CountingMeter, target: dict[str, str], most: int
) -> None:
    for words in ("字" * (most + 1), "", " \n"):
        with pytest.raises(ContentRefused) as caught:
            make(odd.url).reply(target, words, key="r", send_before=clock.soon)
        assert caught.value.field == "text"
    assert (odd.seen, meter.calls) == ([], [])
    assert make().capabilities().replies["comment" if most == 140 else "private"].max_length == most


@pytest.mark.parametrize("target", [{}, {"kind": "smoke"}])
def test_a_target_that_is_none(make: Make, clock: Clock, target: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="target"):
        make().reply(target, "好", key="r", send_before=clock.soon)


@pytest.mark.parametrize(
    "target", [{"kind": "comment", "cid": "1"}, {"kind": "mention", "id": ""}, {"kind": "private", "receiver_id": ""}]
)
def test_a_message_whose_post_was_never_told_is_refused_with_what_to_do(
    make: Make, clock: Clock, target: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="请登录微博查看并回复"):
        make(operator_ip="8.8.8.8").reply(target, "好", key="r", send_before=clock.soon)


@pytest.mark.parametrize("body", [b"<html>", {}, {"result": False}, {"result": "false"}, []])
def test_an_answer_that_says_nothing_is_unknown(make: Make, odd: Odd, clock: Clock, body: object) -> None:
    odd.say(body)
    connector = make(odd.url)
    with pytest.raises(OutcomeUnknown):
        connector.reply({"kind": "private", "receiver_id": "5"}, "好", key="r", send_before=clock.soon)
    with pytest.raises(OutcomeUnknown):
        connector.reply({"kind": "comment", "cid": "1", "id": "2"}, "好", key="r", send_before=clock.soon)


def test_slow_success_is_no_failure(make: Make, odd: Odd, clock: Clock) -> None:
    odd.fixture("weibo", "err_20032_success_but_slow.json", 400)
    receipt = make(odd.url).reply({"kind": "mention", "id": "2"}, "好", key="r", send_before=clock.soon)
    assert receipt.details == {"slow": "1"}


def test_a_repeat_is_unknown(make: Make, odd: Odd, clock: Clock) -> None:
    odd.say({"error_code": 20306, "error": "repeated"}, 400)
    with pytest.raises(OutcomeUnknown):
        make(odd.url).reply({"kind": "private", "receiver_id": "5"}, "好", key="r", send_before=clock.soon)


def test_too_late_is_not_sent(make: Make, odd: Odd, clock: Clock) -> None:
    with pytest.raises(Unavailable):
        make(odd.url).reply({"kind": "mention", "id": "2"}, "好", key="r", send_before=clock.now)
    assert odd.seen == []


def test_business_writes_by_its_own_interface(
    simulator: SimulatorControl, make: Make, clock: Clock, meter: CountingMeter
) -> None:
    register(simulator, level="business")
    sent = simulator.message("weibo", UID, **{"from": "市民丁", "text": "在吗"})
    make(simulator.url, mode="business").reply(
        {"kind": "private", "receiver_id": str(sent["from"])}, "在的", key="r", send_before=clock.soon
    )
    assert meter.calls == ["messages/reply/biz"]
    assert json.loads(str(replies(simulator)[0]["payload"]["data"])) == {"text": "在的"}  # type: ignore[index]


def test_whom_only_the_commercial_interface_shows_only_that_one_answers(
    simulator: SimulatorControl, make: Make, content: Content, clock: Clock, meter: CountingMeter
) -> None:
    register(simulator, level="business")
    connector = make(simulator.url, mode="business")
    payload = connector.adapt(content).payload
    prepared = connector.prepare(payload, Prepared())
    post = connector.publish(payload, prepared, key="k", send_before=clock.soon)
    simulator.comment("weibo", UID, post.external_id, "没有授权的市民", authorised=False)
    [message] = connector.fetch_messages({}, [post]).items
    meter.calls.clear()
    assert connector.reply(message.target, "今晚八点前恢复。", key="r", send_before=clock.soon).live
    assert meter.calls == ["comments/reply/biz"]


def test_an_answer_is_taken_back_and_twice_is_the_same(
    weibo: WeiboConnector, comment: InboundMessage, clock: Clock, meter: CountingMeter
) -> None:
    receipt = weibo.reply(comment.target, "今晚八点前恢复。", key="r", send_before=clock.soon)
    assert "delete_reply" in weibo.capabilities().acts["comment"]
    meter.calls.clear()
    weibo.moderate(comment.target, "delete_reply", reply_id=receipt.external_id)
    weibo.moderate(comment.target, "delete_reply", reply_id=receipt.external_id)
    assert meter.calls == ["comments/destroy"] * 2
    # Said once more it is no repetition: what stood there is gone.
    assert weibo.reply(comment.target, "今晚八点前恢复。", key="r2", send_before=clock.soon).live


def test_only_our_own_comments_can_be_deleted(weibo: WeiboConnector, comment: InboundMessage) -> None:
    with pytest.raises(Refused) as caught:
        weibo.moderate(comment.target, "delete_reply", reply_id=comment.target["cid"])
    assert caught.value.code == "20203"
    with pytest.raises(NotEntitled):
        weibo.moderate(comment.target, "delete")
    with pytest.raises(NotEntitled):
        weibo.moderate({"kind": "private", "receiver_id": "1"}, "delete_reply", reply_id="1")
    with pytest.raises(Refused, match="没有给出"):
        weibo.moderate(comment.target, "delete_reply")
