"""Each platform message is one row, whatever is repeated or raced."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.accounts.models import Account
from app.db import atomic, db
from app.inbox.models import Contact, Conversation, Message
from app.inbox.services import account_event, add_note, ingest, reply, set_labels, set_status, window_of
from connectors.values import AccountEvent, InboundMessage
from tests.app.inbox.conftest import City
from tests.app.waiting import until_somebody_waits

Make = Callable[..., InboundMessage]


def total(table: type) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def only_conversation() -> Conversation:
    return db.session.scalars(select(Conversation)).one()


def test_a_repeat_is_one_row(city: City, comment: Make, now: datetime) -> None:
    assert len(ingest(city.weibo, [comment(1), comment(2), comment(1)], cursor={"since_id": "2"}, now=now)) == 2
    assert ingest(city.weibo, [comment(2), comment(1)], now=now) == []
    assert (total(Message), total(Conversation), total(Contact)) == (2, 1, 1)
    conversation = only_conversation()
    assert conversation.waiting_since == comment(1).sent_at
    assert conversation.last_inbound_at == comment(2).sent_at
    assert conversation.subject == "【住房租赁新政解读】"
    assert db.session.get_one(Account, city.weibo.id).poll_cursor == {"since_id": "2"}


@pytest.mark.parametrize("pushed_first", [True, False])
def test_pushed_and_polled_it_is_one_message(city: City, comment: Make, now: datetime, pushed_first: bool) -> None:
    """Whichever comes first; an answer goes where the list says, which knows more than the push."""
    polled = comment(1)
    pushed = comment(1, kind="mention", thread="777:1", target={"kind": "private", "receiver_id": "777"})

    def come(message: InboundMessage) -> int:
        return len(ingest(city.weibo, [message], cursor={} if message is polled else None, now=now))

    order = [pushed, polled] if pushed_first else [polled, pushed]
    assert [come(message) for message in order] == [1, 0]
    db.session.expire_all()
    assert (total(Message), total(Conversation)) == (1, 1)
    message = db.session.scalars(select(Message)).one()
    assert message.target == polled.target
    found = message.conversation
    assert (found.kind, found.thread, found.post_external_id) == ("comment", polled.thread, polled.post_external_id)
    assert (found.subject, found.contact.name) == (polled.post_text, polled.sender_name)
    assert (found.last_inbound_id, found.waiting_since) == (message.id, message.sent_at)
    # A comment has no end of time in which it may be answered; a private message would.
    assert window_of(found, now + timedelta(hours=49)).open


def test_a_pushed_mention_joins_the_comments_under_its_post(city: City, comment: Make, now: datetime) -> None:
    """What was noted and answered meanwhile comes along."""
    ingest(city.weibo, [comment(1)], cursor={}, now=now)
    pushed = comment(2, kind="mention", thread="777:2", target={"kind": "private", "receiver_id": "777"})
    [message] = ingest(city.weibo, [pushed], now=now)
    assert total(Conversation) == 2
    add_note(city.wang, message.conversation_id, text="已请示。", now=now)
    set_labels(city.wang, message.conversation_id, ["房管"], now)
    assert ingest(city.weibo, [comment(2)], cursor={}, now=now) == []
    db.session.expire_all()
    found = only_conversation()
    assert [row.direction for row in found.messages].count("in") == 2
    assert [row.text for row in found.messages if row.direction == "note"] == ["已请示。"]
    assert (found.labels, found.last_inbound_id, found.waiting_since) == (["房管"], message.id, comment(1).sent_at)
    # The list of mentions knows less than the list of comments.
    ingest(city.weibo, [pushed], cursor={}, now=now)
    assert db.session.get_one(Message, message.id).target == comment(2).target


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_answer_being_given_meanwhile_comes_along(app: Flask, city: City, comment: Make, now: datetime) -> None:
    """The comment is found as the transaction of a colleague's answer to the mention is still open."""
    ingest(city.weibo, [comment(1)], cursor={}, now=now)
    pushed = comment(2, kind="mention", thread="777:2", target={"kind": "private", "receiver_id": "777"})
    [message] = ingest(city.weibo, [pushed], now=now)
    account, mention, written = city.weibo, message.conversation_id, threading.Event()
    db.session.rollback()

    def answer() -> None:
        with app.app_context(), atomic():
            reply(city.wang, mention, text="请到窗口登记。", now=now)
            written.set()
            until_somebody_waits()

    colleague = threading.Thread(target=answer)
    colleague.start()
    assert written.wait(30)
    ingest(account, [comment(2)], cursor={}, now=now)
    colleague.join()
    db.session.rollback()
    found = only_conversation()
    assert [row.text for row in found.messages if row.direction == "out"] == ["请到窗口登记。"]


def test_the_cursor_moves_only_with_the_messages(city: City, comment: Make, now: datetime) -> None:
    broken = comment(2, external_id="comment:2", kind="carrier pigeon", thread="other")
    with pytest.raises(IntegrityError):
        ingest(city.weibo, [comment(1), broken], cursor={"since_id": "2"}, now=now)
    assert total(Message) == 0
    assert db.session.get_one(Account, city.weibo.id).poll_cursor == {}


def test_eight_at_once_store_one_row(app: Flask, city: City, letter: Make, now: datetime) -> None:
    """The platform pushes the same message thrice while a worker still takes the first."""
    account_id, failures = city.wechat.id, []
    db.session.rollback()
    start = threading.Barrier(8)

    def push(number: int) -> None:
        with app.app_context():
            try:
                account = db.session.get_one(Account, account_id)
                start.wait()
                batch = [letter(1), letter(2)] if number % 2 else [letter(2), letter(1)]
                ingest(account, batch, now=now)
            except Exception as error:  # noqa: BLE001
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=push, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (total(Message), total(Conversation), total(Contact)) == (2, 1, 1)


def test_wechat_people_get_a_stable_name(city: City, letter: Make, now: datetime) -> None:
    ingest(city.wechat, [letter(1), letter(2, openid="oCitizen0002")], now=now)
    names = [contact.nickname for contact in db.session.scalars(select(Contact).order_by(Contact.external_id))]
    assert all(name.startswith("市民 ") and len(name) == 7 for name in names)
    assert names[0] != names[1]
    ingest(city.wechat, [letter(3)], now=now)
    assert total(Contact) == 2


def test_what_the_database_cannot_hold_is_cleaned(city: City, letter: Make, now: datetime) -> None:
    ingest(city.wechat, [letter(1, text="你好\x00\ud83d再见", sender_name="\x00小\udc00")], now=now)
    message = db.session.scalars(select(Message)).one()
    assert message.text == "你好?再见"
    assert db.session.scalars(select(Contact)).one().name == "小?"


def test_a_new_message_reopens(city: City, comment: Make, now: datetime) -> None:
    ingest(city.weibo, [comment(1)], now=now)
    conversation_id = only_conversation().id
    set_status(city.wang, conversation_id, "resolved", now=now)
    ingest(city.weibo, [comment(1)], now=now)
    assert only_conversation().status == "resolved"
    ingest(city.weibo, [comment(2)], now=now)
    conversation = only_conversation()
    assert conversation.status == "open"
    assert conversation.waiting_since == comment(2).sent_at


def test_answered_at_the_platform_waits_no_longer(city: City, remark: Make, now: datetime) -> None:
    ingest(city.wechat, [remark(1)], now=now)
    assert only_conversation().waiting_since is not None
    ingest(city.wechat, [remark(1, answered=True)], now=now)
    assert only_conversation().waiting_since is None


def test_an_old_message_found_late_does_not_reopen(city: City, comment: Make, now: datetime) -> None:
    ingest(city.weibo, [comment(5)], now=now)
    conversation_id = only_conversation().id
    with atomic():
        sent = reply(city.wang, conversation_id, text="请带身份证到窗口办理。", now=now)
        sent.status, sent.next_attempt_at = "sent", None
    set_status(city.wang, conversation_id, "resolved", now=now)
    ingest(city.weibo, [comment(1, sent_at=now - timedelta(days=2))], now=now)
    assert only_conversation().status == "resolved"


def test_leaving_erases(city: City, letter: Make, now: datetime) -> None:
    secret = "我的社保卡丢了，怎么补办？"
    ingest(city.wechat, [letter(1)], now=now)
    reply(city.wang, only_conversation().id, text="请到政务大厅三号窗口。", now=now)
    set_labels(city.wang, only_conversation().id, ["张先生投诉"], now)
    event = AccountEvent(
        external_id="ev:oCitizen0001:1:unsubscribe:", kind="unsubscribe", sender_id="oCitizen0001", at=now
    )
    account_event(city.wechat, event, now)
    account_event(city.wechat, event, now)
    assert [conversation.labels for conversation in db.session.scalars(select(Conversation))] == [[]]
    kept = str([[getattr(row, column.key) for column in row.__table__.columns] for row in _everything()])
    assert "oCitizen0001" not in kept
    assert secret not in kept
    assert "三号窗口" not in kept
    outbound = db.session.scalars(select(Message).where(Message.direction == "out")).one()
    assert outbound.status == "failed"
    # A late repeat of what was erased does not come back; a new message of the same person is a new contact.
    assert ingest(city.wechat, [letter(1)], now=now) == []
    ingest(city.wechat, [letter(9, sent_at=now + timedelta(minutes=1))], now=now + timedelta(minutes=1))
    assert total(Contact) == 2


def test_a_late_repeat_of_leaving_spares_who_came_back(city: City, letter: Make, now: datetime) -> None:
    left = AccountEvent(external_id="ev:1", kind="unsubscribe", sender_id="oCitizen0001", at=now - timedelta(hours=1))
    ingest(city.wechat, [letter(1, sent_at=now - timedelta(hours=2)), letter(2)], now=now)
    account_event(city.wechat, left, now)
    texts = list(db.session.scalars(select(Message.text).order_by(Message.sent_at)))
    assert texts == ["", "我的社保卡丢了，怎么补办？"]
    assert db.session.scalars(select(Contact)).one().erased_at is None


def _everything() -> list[object]:
    return [row for table in (Contact, Conversation, Message) for row in db.session.scalars(select(table))]
