"""One claim, one attempt, one answer: whoever dies or comes late."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import atomic, db
from app.inbox.models import Conversation, Message, ReplyAttempt
from app.inbox.sending import LEASE, Claim, Try, attempts_of
from app.inbox.services import (
    begin_attempt,
    claim_replies,
    ingest,
    record_reply_failed,
    record_reply_postponed,
    record_reply_sent,
    record_reply_unknown,
    recover_replies,
    reply,
    retry_reply,
    settle_reply,
    window_of,
)
from app.publishing.models import Stop
from connectors.errors import OutcomeUnknown, ReplyWindowClosed, Unavailable
from connectors.values import InboundMessage, Receipt
from tests.app.inbox.conftest import City

Make = Callable[..., InboundMessage]


@pytest.fixture
def queued(city: City, letter: Make, now: datetime) -> str:
    """One answer in the queue; its id."""
    stored = ingest(city.wechat, [letter(1)], now=now)[0]
    return reply(city.wang, stored.conversation_id, text="请到政务大厅办理。", now=now).id


def message(message_id: str) -> Message:
    db.session.expire_all()
    return db.session.get_one(Message, message_id)


def begun(now: datetime) -> tuple[Claim, Try]:
    [claim] = claim_replies("a", 10, now)
    attempted = begin_attempt(claim, now)
    assert attempted is not None
    return claim, attempted


def test_the_way_of_an_answer(queued: str, now: datetime) -> None:
    [claim] = claim_replies("a", 10, now)
    assert message(queued).status == "sending"
    assert claim_replies("b", 10, now) == []
    attempted = begin_attempt(claim, now)
    assert attempted is not None
    assert db.session.scalars(select(ReplyAttempt)).one().outcome == ""
    record_reply_sent(attempted, Receipt(external_id="r1", live=True), exchanges=[{"url": "x"}], now=now)
    sent = message(queued)
    assert (sent.status, sent.external_id) == ("sent", "r1")
    conversation = db.session.get_one(Conversation, sent.conversation_id)
    assert conversation.waiting_since is None
    assert conversation.first_answer_at == now


def test_many_claim_at_once_and_one_gets_it(app: Flask, queued: str, now: datetime) -> None:
    db.session.rollback()
    start, taken = threading.Barrier(6), []

    def claim(number: int) -> None:
        with app.app_context():
            start.wait()
            taken.extend(claim_replies(f"w{number}", 10, now))
            db.session.remove()

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.message_id for one in taken] == [queued]


def test_dead_before_the_attempt_is_queued_again(queued: str, now: datetime) -> None:
    [claim] = claim_replies("dead", 10, now)
    later = now + LEASE + timedelta(seconds=1)
    assert recover_replies(now) == 0
    assert recover_replies(later) == 1
    assert message(queued).status == "queued"
    assert begin_attempt(claim, later) is None
    assert attempts_of(queued) == []


def test_dead_after_the_attempt_is_unknown_and_stays(queued: str, now: datetime) -> None:
    _claim, attempted = begun(now)
    later = now + LEASE + timedelta(seconds=1)
    assert recover_replies(later) == 1
    assert message(queued).status == "unknown"
    assert claim_replies("b", 10, later) == []
    # The answer that came too late for the claim is still proof.
    record_reply_sent(attempted, Receipt(live=True), exchanges=[], now=later)
    assert message(queued).status == "sent"


@pytest.mark.parametrize("again", [False, True])
def test_a_late_answer_puts_right_what_a_person_took_for_not_sent(
    city: City, queued: str, now: datetime, again: bool
) -> None:
    """Also when it was queued once more, as long as nobody has begun to send it: the citizen gets it once."""
    _claim, attempted = begun(now)
    later = now + LEASE + timedelta(seconds=1)
    recover_replies(later)
    settle_reply(city.wang, queued, sent=False, now=later)
    if again:
        retry_reply(city.wang, queued, now=later)
    record_reply_sent(attempted, Receipt(live=True), exchanges=[], now=later)
    assert message(queued).status == "sent"
    assert claim_replies("b", 10, later) == []


def test_a_lost_claim_records_nothing_over_the_new_one(queued: str, now: datetime) -> None:
    [old] = claim_replies("a", 10, now)
    later = now + LEASE + timedelta(seconds=1)
    recover_replies(later)
    [new] = claim_replies("b", 10, later)
    assert new.fence > old.fence
    assert begin_attempt(old, later) is None
    assert begin_attempt(new, later) is not None


def test_outcomes(queued: str, now: datetime) -> None:
    _claim, attempted = begun(now)
    until = now + timedelta(minutes=5)
    record_reply_postponed(attempted, Unavailable("连不上。"), until=until, exchanges=[], now=now)
    assert message(queued).status == "queued"
    assert claim_replies("a", 10, now) == []
    [claim] = claim_replies("a", 10, until)
    second = begin_attempt(claim, until)
    assert second is not None
    assert second.tries == 2
    assert second.key != attempted.key
    record_reply_unknown(second, OutcomeUnknown("没有答复。"), exchanges=[], now=until)
    assert message(queued).status == "unknown"
    assert [attempt.outcome for attempt in attempts_of(queued)] == ["not_sent", "unknown"]


def test_a_window_closed_by_the_platform_is_believed(city: City, queued: str, letter: Make, now: datetime) -> None:
    _claim, attempted = begun(now)
    error = ReplyWindowClosed("回复次数已用完。", code="45047")
    record_reply_failed(attempted, error, exchanges=[], now=now)
    failed = message(queued)
    assert (failed.status, failed.error_code) == ("failed", "45047")
    assert "平台已拒绝" in window_of(failed.conversation, now).why
    ingest(city.wechat, [letter(2, sent_at=now)], now=now)
    assert window_of(message(queued).conversation, now).open


def test_answers_of_one_conversation_keep_their_order(city: City, queued: str, now: datetime) -> None:
    second = reply(city.li, message(queued).conversation_id, text="另外，请带照片。", now=now).id
    [claim] = claim_replies("a", 10, now)
    assert claim.message_id == queued
    assert claim_replies("a", 10, now) == []
    attempted = begin_attempt(claim, now)
    assert attempted is not None
    record_reply_sent(attempted, Receipt(live=True), exchanges=[], now=now)
    assert [one.message_id for one in claim_replies("a", 10, now)] == [second]


@pytest.mark.parametrize("scope", ["site", "unit", "account"])
def test_the_stop_switch_holds_answers(city: City, queued: str, now: datetime, scope: str) -> None:
    scope_id = {"site": "", "unit": city.office.id, "account": city.wechat.id}[scope]
    with atomic():
        stop = Stop(scope=scope, scope_id=scope_id, reason="演练", created_by="x", created_at=now)
        db.session.add(stop)
    assert claim_replies("a", 10, now) == []
    with atomic():
        stop.ended_at, stop.ended_by = now, "x"
    assert len(claim_replies("a", 10, now)) == 1


@pytest.mark.parametrize("scope", ["site", "unit", "account"])
def test_the_stop_switch_is_asked_again_right_before_sending(
    city: City, queued: str, now: datetime, scope: str
) -> None:
    """Claimed already, but not yet on its way: nothing is sent, and no attempt stands in the way later."""
    scope_id = {"site": "", "unit": city.office.id, "account": city.wechat.id}[scope]
    [claim] = claim_replies("a", 10, now)
    with atomic():
        stop = Stop(scope=scope, scope_id=scope_id, reason="演练", created_by="x", created_at=now)
        db.session.add(stop)
    assert begin_attempt(claim, now) is None
    assert (message(queued).status, attempts_of(queued)) == ("queued", [])
    assert claim_replies("a", 10, now) == []
    with atomic():
        stop.ended_at, stop.ended_by = now, "x"
    [again] = claim_replies("a", 10, now)
    assert begin_attempt(claim, now) is None, "the old claim is void"
    assert begin_attempt(again, now) is not None
