"""Figures of the inbox: what arrived and was answered by day, how long the first answer took. Counts only, no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.days import day_number, in_days, start_of
from app.db import db
from app.inbox.access import visible_conversations
from app.inbox.models import Conversation, Message
from app.units.access import Actor, below

# Upper ends of the classes of first answers; the last class is open.
FIRST_ANSWER_STEPS = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=24),
    timedelta(days=3),
)
# The newest so many conversations of the days are looked at.
_MOST = 20_000


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """Messages of the public that came on each day, by whether an answer followed until now."""

    answered: list[int]
    unanswered: list[int]


@dataclass(frozen=True, kw_only=True)
class FirstAnswers:
    """Conversations that began in some days: how many got their first answer within each step, and the rest.

    `elsewhere`: answered at the platform itself, nobody knows when. `usual`: the median time of those measured.
    """

    within: list[int]
    elsewhere: int
    unanswered: int
    usual: timedelta | None

    @property
    def total(self) -> int:
        return sum(self.within) + self.elsewhere + self.unanswered


def arrived(actor: Actor, days: Sequence[date], *, unit_id: str = "") -> Arrived:
    """What came in on each of the days. An answer that is queued or failed is none."""
    rows = (
        select(
            day_number(Message.sent_at, days).label("day"),
            case((or_(Message.answered.is_(True), _answer_followed()), 1), else_=0).label("answered"),
        )
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(*_theirs(actor, unit_id), Message.direction == "in", in_days(Message.sent_at, days))
        .subquery()
    )
    query = select(rows.c.day, rows.c.answered, func.count()).group_by(rows.c.day, rows.c.answered)
    found = {True: [0] * len(days), False: [0] * len(days)}
    for day, answered, number in db.session.execute(query):
        found[bool(answered)][day] = number
    return Arrived(answered=found[True], unanswered=found[False])


def answers_per_day(actor: Actor, days: Sequence[date]) -> list[int]:
    """Answers that went out on each of the days."""
    rows = (
        select(day_number(Message.sent_at, days).label("day"))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(visible_conversations(actor), Message.status == "sent", in_days(Message.sent_at, days))
        .subquery()
    )
    found = [0] * len(days)
    for day, number in db.session.execute(select(rows.c.day, func.count()).group_by(rows.c.day)):
        found[day] = number
    return found


def first_answers(actor: Actor, days: Sequence[date], *, unit_id: str = "") -> FirstAnswers:
    """Of the conversations whose first message came in on one of the days."""
    began = func.min(Message.sent_at)
    by_platform = func.max(case((Message.answered.is_(True), 1), else_=0))
    query = (
        select(began, Conversation.first_answer_at, by_platform)
        .join(Message, and_(Message.conversation_id == Conversation.id, Message.direction == "in"))
        .where(*_theirs(actor, unit_id), Conversation.last_message_at >= start_of(days[0]))
        .group_by(Conversation.id, Conversation.first_answer_at)
        .having(in_days(began, days))
        .order_by(began.desc())
        .limit(_MOST)
    )
    return _sorted_out([(start, answer, bool(outside)) for start, answer, outside in db.session.execute(query)])


def _sorted_out(found: Sequence[tuple[datetime, datetime | None, bool]]) -> FirstAnswers:
    times = [max(answer - start, timedelta(0)) for start, answer, _outside in found if answer is not None]
    within = [0] * (len(FIRST_ANSWER_STEPS) + 1)
    for taken in times:
        within[sum(taken > step for step in FIRST_ANSWER_STEPS)] += 1
    elsewhere = sum(answer is None and outside for _start, answer, outside in found)
    return FirstAnswers(
        within=within,
        elsewhere=elsewhere,
        unanswered=len(found) - len(times) - elsewhere,
        usual=timedelta(seconds=median(taken.total_seconds() for taken in times)) if times else None,
    )


def _answer_followed() -> ColumnElement[bool]:
    later = aliased(Message)
    return exists().where(
        later.conversation_id == Message.conversation_id, later.status == "sent", later.sent_at >= Message.sent_at
    )


def _theirs(actor: Actor, unit_id: str) -> tuple[ColumnElement[bool], ...]:
    """Seen by the actor; if a unit is named: its desks' or its accounts'."""
    accounts = select(Account.id).where(below(unit_id, Account.unit_id))
    return (
        visible_conversations(actor),
        or_(below(unit_id, Conversation.unit_id), Conversation.account_id.in_(accounts)),
    )
