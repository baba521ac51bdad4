"""Answers over real HTTP: once, inside the window, and honest about what is not known."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.errors import Conflict
from app.inbox import sending, services
from app.inbox.models import Conversation, Message
from app.inbox.sending import attempts_of
from app.inbox.services import ingest, reply, retry_reply, settle_reply
from app.publishing import services as publishing
from app.units.access import Actor
from connectors.errors import RateLimited, Unavailable
from connectors.values import InboundMessage
from scheduler import poller, sender
from scheduler.runtime import Runtime
from tests.app.accounts.kit import GH, UID, Sim
from tests.app.publishing.kit import Clockwork, Desk, row

TEXT = "您好，合同终止后十个工作日内退还。"


@pytest.fixture
def answerer(desk: Desk) -> Actor:
    return desk.person("responder", desk.city, "responder")


def letter(desk: Desk, sim: Sim) -> str:
    """A citizen's private message, known to the simulator and to us; the conversation's id."""
    sent = sim.call(
        "POST", "/_sim/messages", {"platform": "wechat", "external_id": GH, "from": "citizen-1", "text": "在哪办？"}
    )
    openid = sent["from"]
    message = InboundMessage(
        external_id=f"msg:{sent['msg_id']}",
        kind="private",
        thread=openid,
        sender_id=openid,
        text="在哪办？",
        sent_at=utcnow(),
        target={"kind": "private", "openid": openid},
    )
    return ingest(db.session.get_one(Account, desk.wechat.id), [message], now=utcnow())[0].conversation_id


def send(clock: Clockwork) -> None:
    clock.aside(lambda: sender.tick(clock.runtime, clock.runtime.clock()))


def state(message_id: str) -> Message:
    db.session.rollback()
    return db.session.get_one(Message, message_id, populate_existing=True)


def accepted(sim: Sim, kind: str) -> int:
    return sum(1 for item in sim.call("GET", "/_sim/accepted")["items"] if item["kind"] == kind)


def test_slow_answers_leave_the_threads_to_what_is_due(desk: Desk, answerer: Actor, sim: Sim) -> None:
    """However often the sender looks, no more than its share is in flight."""
    clock, platform_answers = Clockwork.make(), threading.Event()
    queued = reply(answerer, letter(desk, sim), text=TEXT, now=utcnow())
    runtime = Runtime(worker="w", context=clock.runtime.context, clock=clock.runtime.clock)
    for _answer in range(sender.AT_ONCE):
        runtime.submit(partial(platform_answers.wait, 60), "reply")
    db.session.rollback()
    assert sender.tick(runtime, utcnow()) == 0
    platform_answers.set()
    assert runtime.wait_idle(60)
    runtime.close()
    send(clock)
    assert state(queued.id).status == "sent"


def test_a_private_message_is_answered_once(desk: Desk, answerer: Actor, sim: Sim) -> None:
    conversation_id = letter(desk, sim)
    answer = reply(answerer, conversation_id, text=TEXT, key="form", now=utcnow()).id
    clock = Clockwork.make()
    send(clock)
    send(clock)
    assert state(answer).status == "sent"
    assert accepted(sim, "custom_message") == 1
    [attempt] = attempts_of(answer)
    assert attempt.outcome == "receipt"
    assert attempt.exchanges
    assert "wechat-app-secret" not in str(attempt.exchanges)


def test_a_comment_on_weibo_is_answered(desk: Desk, answerer: Actor, sim: Sim) -> None:
    clock = Clockwork.make()
    post = desk.approved(accounts=[desk.weibo])
    publishing.schedule(desk.author, post.id, publish_at="now", now=utcnow())
    clock.until(lambda: row(post, desk.weibo).status == "published")
    comment = {
        "platform": "weibo",
        "external_id": UID,
        "post": row(post, desk.weibo).external_id,
        "text": "押金怎么退？",
    }
    sim.call("POST", "/_sim/comments", comment)
    clock.aside(lambda: poller.tick(clock.runtime, utcnow()))
    db.session.rollback()
    conversation = db.session.scalars(select(Conversation)).one()
    answer = reply(answerer, conversation.id, text=TEXT, now=utcnow()).id
    send(clock)
    assert state(answer).status == "sent"
    assert state(answer).external_id
    assert accepted(sim, "comment_reply") == 1


def test_a_dropped_answer_is_unknown_and_never_sent_again(desk: Desk, answerer: Actor, sim: Sim) -> None:
    """Accepted, then the line went dead: nobody can say, so nothing goes out by itself."""
    conversation_id = letter(desk, sim)
    sim.fault("drop_answer", platform="wechat", path="message/custom/send", times=1)
    answer = reply(answerer, conversation_id, text=TEXT, now=utcnow()).id
    clock = Clockwork.make()
    for _round in range(3):
        send(clock)
    assert state(answer).status == "unknown"
    assert accepted(sim, "custom_message") == 1
    with pytest.raises(Conflict, match="半分钟"):
        retry_reply(answerer, answer, confirmed=True, now=utcnow())
    [attempt] = attempts_of(answer)
    later = attempt.send_before.replace(year=attempt.send_before.year + 1)
    assert settle_reply(answerer, answer, sent=True, now=later).status == "sent"


def test_a_refusal_by_the_platform_is_told_with_its_cause(desk: Desk, answerer: Actor, sim: Sim) -> None:
    conversation_id = letter(desk, sim)
    sim.fault("refuse", platform="wechat", path="message/custom/send", code=45047, times=1)
    answer = reply(answerer, conversation_id, text=TEXT, now=utcnow()).id
    clock = Clockwork.make()
    send(clock)
    failed = state(answer)
    assert (failed.status, failed.error_code) == ("failed", "45047")
    assert failed.error_remedy
    assert accepted(sim, "custom_message") == 0
    with pytest.raises(Conflict, match="平台已拒绝"):
        reply(answerer, conversation_id, text="再试一次", now=utcnow())


def test_a_wrong_secret_is_mended_and_the_answer_sent_again(desk: Desk, answerer: Actor, sim: Sim) -> None:
    conversation_id = letter(desk, sim)
    with atomic():
        account = db.session.get_one(Account, desk.wechat.id)
        account.credentials = {**account.credentials, "app_secret": "wrong"}
    answer = reply(answerer, conversation_id, text=TEXT, now=utcnow()).id
    clock = Clockwork.make()
    send(clock)
    refused = state(answer)
    assert refused.status == "failed"
    assert refused.error_who
    with atomic():
        account = db.session.get_one(Account, desk.wechat.id)
        account.credentials = {**account.credentials, "app_secret": "wechat-app-secret-0123"}
    assert retry_reply(answerer, answer, now=utcnow()).status == "queued"
    send(clock)
    assert state(answer).status == "sent"
    assert [attempt.outcome for attempt in attempts_of(answer)] == ["refused", "receipt"]


def test_refusals_of_our_own_ledger_are_no_tries(desk: Desk, answerer: Actor, sim: Sim) -> None:
    """A day without calls must not use up the tries that the platform gets."""
    answer = reply(answerer, letter(desk, sim), text=TEXT, key="form", now=utcnow()).id
    ours, theirs = RateLimited("今天的额度用完了。", code=sending.OURS), Unavailable("平台没有回应。", code="HTTP 502")
    seen = []
    for error in (ours, theirs, ours, theirs):
        [claim] = sending.claim_replies("worker", 1, utcnow())
        attempted = sending.begin_attempt(claim, utcnow())
        assert attempted is not None
        seen.append(attempted.tries)
        services.record_reply_postponed(attempted, error, until=utcnow(), exchanges=[], now=utcnow())
    assert seen == [1, 1, 2, 2]
    assert len(attempts_of(answer)) == 4
