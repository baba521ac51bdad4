"""What came in, what was answered, and how long the first answer took: by numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.days import days_until, local_day
from app.db import atomic, db
from app.inbox.models import Conversation, Message
from app.inbox.services import (
    answers_per_day,
    arrived,
    begin_attempt,
    claim_replies,
    first_answers,
    ingest,
    record_reply_sent,
    reply,
)
from connectors.values import InboundMessage, Receipt
from tests.app.inbox.conftest import City

Make = Callable[..., InboundMessage]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def asked(city: City, letter: Make, number: int, at: datetime, **more: object) -> str:
    message = letter(number, openid=f"o{number}", sent_at=at, **more)
    return ingest(city.wechat, [message], now=at)[0].conversation_id


def answered(city: City, conversation_id: str, at: datetime) -> None:
    """Written, claimed and taken by the platform at that time."""
    reply(city.wang, conversation_id, text="请带身份证到政务大厅办理。", now=at)
    [claim] = claim_replies("a", 10, at)
    attempted = begin_attempt(claim, at)
    assert attempted is not None
    record_reply_sent(attempted, Receipt(external_id=f"r-{conversation_id}", live=True), exchanges=(), now=at)


def test_answered_and_not_by_the_day_they_came(city: City, letter: Make, now: datetime) -> None:
    days = days_until(local_day(now), 3)
    first = asked(city, letter, 1, now - DAY)
    answered(city, first, now - HOUR)
    ingest(city.wechat, [letter(2, openid="o1", sent_at=now - HOUR / 2)], now=now)
    asked(city, letter, 3, now - DAY * 2)
    asked(city, letter, 4, now - DAY * 3)
    waiting = asked(city, letter, 5, now - DAY)
    reply(city.wang, waiting, text="请稍候。", now=now)
    found = arrived(city.wang, days)
    assert (found.answered, found.unanswered) == ([0, 1, 0], [1, 1, 1])
    assert answers_per_day(city.wang, days) == [0, 0, 1]


def test_an_answer_at_the_platform_itself_counts(city: City, comment: Make, now: datetime) -> None:
    days = days_until(local_day(now), 2)
    ingest(city.weibo, [comment(1, sent_at=now - HOUR, answered=True)], now=now)
    found = arrived(city.wang, days)
    assert (found.answered, found.unanswered) == ([0, 1], [0, 0])
    times = first_answers(city.wang, days)
    assert (times.elsewhere, times.unanswered, times.usual, times.total) == (1, 0, None, 1)


def test_how_long_the_first_answer_took(city: City, letter: Make, now: datetime) -> None:
    days = days_until(local_day(now), 30)
    taken = (timedelta(minutes=15), timedelta(minutes=16), 3 * HOUR, 24 * HOUR, 30 * HOUR)
    for number, length in enumerate(taken, 1):
        answered(city, asked(city, letter, number, now - DAY * 2), now - DAY * 2 + length)
    # What is asked again and answered again changes nothing, nor does what began before these days.
    old = asked(city, letter, 8, now - DAY * 40)
    answered(city, old, now - DAY * 40 + HOUR)
    ingest(city.wechat, [letter(7, openid="o8", sent_at=now - DAY)], now=now)
    answered(city, old, now)
    asked(city, letter, 9, now - HOUR)
    times = first_answers(city.wang, days)
    assert times.within == [1, 1, 1, 1, 1, 0]
    assert (times.elsewhere, times.unanswered, times.usual, times.total) == (0, 1, 3 * HOUR, 6)


def test_only_what_one_may_see_and_of_the_unit_asked_for(city: City, letter: Make, now: datetime) -> None:
    days = days_until(local_day(now), 2)
    conversation_id = asked(city, letter, 1, now - HOUR)
    assert sum(arrived(city.stranger, days).unanswered) == 0
    assert first_answers(city.stranger, days).total == 0
    assert answers_per_day(city.stranger, days) == [0, 0]
    assert sum(arrived(city.wang, days, unit_id=city.office.id).unanswered) == 1
    assert first_answers(city.wang, days, unit_id=city.bureau.id).total == 0
    # Handed over, it is the other desk's figure too.
    with atomic():
        db.session.get_one(Conversation, conversation_id).unit_id = city.bureau.id
    assert first_answers(city.wang, days, unit_id=city.bureau.id).total == 1
    assert sum(arrived(city.chen, days).unanswered) == 1


@pytest.mark.parametrize("status", ["queued", "sending", "failed", "unknown"])
def test_what_is_not_out_is_no_answer(city: City, letter: Make, now: datetime, status: str) -> None:
    days = days_until(local_day(now), 2)
    conversation_id = asked(city, letter, 1, now - HOUR)
    message_id = reply(city.wang, conversation_id, text="请到大厅。", now=now).id
    with atomic():
        db.session.get_one(Message, message_id).status = status
    assert sum(arrived(city.wang, days).unanswered) == 1
    assert answers_per_day(city.wang, days) == [0, 0]
