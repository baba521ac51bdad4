"""A deadline that is near, and one that is over, ring for whoever must answer: once each, and by mail where wished."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.db import atomic, db
from app.inbox import services as inbox
from app.inbox.answering import mark_answered
from app.inbox.models import Conversation, Message
from app.inbox.reminding import NEAR, remind_of_deadlines
from app.notices import services as notices
from app.units.access import Actor
from app.units.models import User
from connectors.values import InboundMessage
from scheduler.jobs import table
from tests.app.inbox.conftest import City
from tests.app.publishing.kit import Clockwork

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Make = Callable[..., InboundMessage]


def bell(actor: Actor) -> list[str]:
    db.session.rollback()
    return [notice.title.partition("：")[0] for notice in notices.notices_of(actor).items]


@pytest.fixture
def talk(city: City, comment: Make, now: datetime) -> Conversation:
    """One that waits for its answer, due in a day."""
    inbox.ingest(city.weibo, [comment()], now=now)
    row = db.session.query(Conversation).one()
    due = now + timedelta(days=1)
    return inbox.assign(city.wang, row.id, user_id=city.li.user_id, due_at=due, now=now)


def test_who_has_it_is_told_when_it_is_near_and_when_it_is_over(city: City, talk: Conversation, now: datetime) -> None:
    due = now + timedelta(days=1)
    assert remind_of_deadlines(due - NEAR - timedelta(seconds=1)) == 0
    assert remind_of_deadlines(due - NEAR) == 1
    assert remind_of_deadlines(due - timedelta(hours=1)) == 0
    assert bell(city.li) == ["答复时限将到", "王敏 分派给您一个会话"]
    assert bell(city.wang) == []
    (notice, _assigned) = notices.notices_of(city.li).items
    assert "7月13日 09:00前答复" in notice.body
    assert "公租房" not in notice.title + notice.body
    assert remind_of_deadlines(due) == 1
    assert remind_of_deadlines(due + timedelta(days=1)) == 0
    assert bell(city.li)[0] == "答复已超时"


def test_whoever_left_has_it_no_more(city: City, talk: Conversation, now: datetime) -> None:
    with atomic():
        db.session.get_one(User, city.li.user_id).active = False
    assert remind_of_deadlines(now + timedelta(days=1)) == 1
    assert bell(city.wang) == ["答复已超时"]


@pytest.mark.parametrize("answered", [True, False])
def test_what_is_answered_or_done_needs_no_word(city: City, talk: Conversation, now: datetime, answered: bool) -> None:
    """Nor is what was told of it before to be read any more."""
    later = now + timedelta(days=1)
    assert remind_of_deadlines(later) == 1
    assert notices.unread(city.li) == 2
    if answered:
        message_id = inbox.reply(city.li, talk.id, text="请带身份证到政务大厅办理。", key="k", now=later).id
        with atomic():
            mark_answered(db.session.get_one(Conversation, talk.id), db.session.get_one(Message, message_id))
    else:
        inbox.set_status(city.li, talk.id, "resolved", now=later)
    assert notices.unread(city.li) == 0
    assert remind_of_deadlines(now + timedelta(days=2)) == 0


def test_another_deadline_is_told_anew_and_the_scheduler_does_it(city: City, talk: Conversation, now: datetime) -> None:
    late = now + timedelta(days=1)
    jobs = {job.name: job for job in table(Clockwork.make(clock=lambda: late).runtime)}
    assert jobs["inbox deadlines"].run() == 1
    inbox.assign(city.wang, talk.id, user_id=city.li.user_id, due_at=late + timedelta(hours=2), now=late)
    assert jobs["inbox deadlines"].run() == 1
    assert bell(city.li)[0] == "答复时限将到"
