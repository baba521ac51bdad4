"""Named in a comment elsewhere, told by a push: one private message within 48 hours, and what unsubscribing means at Weibo."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.db import db
from app.errors import Conflict
from app.inbox.models import Contact, Conversation, Message
from app.inbox.services import account_event, ingest, reply, window_of
from connectors.values import AccountEvent, InboundMessage
from tests.app.inbox.conftest import City

TEXT = "您好，已转市政部门。"


@pytest.fixture
def named(city: City, now: datetime) -> Conversation:
    message = InboundMessage(
        external_id="comment:4444444444444444",
        kind="mention",
        thread="777:4444444444444444",
        sender_id="777",
        text="@青岚发布 帮忙",
        sent_at=now,
        target={"kind": "private", "receiver_id": "777"},
    )
    [stored] = ingest(city.weibo, [message], now=now)
    return stored.conversation


def test_it_is_open_for_forty_eight_hours_and_one_answer(city: City, named: Conversation, now: datetime) -> None:
    window = window_of(named, now)
    assert (window.open, window.remaining, window.closes_at) == (True, 1, now + timedelta(hours=48))
    assert window_of(named, now + timedelta(hours=48)).open is False
    reply(city.wang, named.id, text=TEXT, now=now)
    assert "只能回复一次" in window_of(named, now).why
    with pytest.raises(Conflict):
        reply(city.li, named.id, text="再说一句。", now=now)


def test_after_unfollowing_nothing_arrives(city: City, named: Conversation, now: datetime) -> None:
    event = AccountEvent(external_id="ev:1", kind="unfollow", sender_id="777", at=now)
    account_event(city.weibo, event, now)
    assert "取消关注" in window_of(named, now).why


def test_a_mention_in_a_status_has_no_window(city: City, now: datetime) -> None:
    message = InboundMessage(
        external_id="mention:5",
        kind="mention",
        thread="777:5",
        sender_id="777",
        text="@青岚发布",
        sent_at=now,
        target={"kind": "mention", "id": "5"},
    )
    [stored] = ingest(city.weibo, [message], now=now)
    assert window_of(stored.conversation, now + timedelta(days=9)).open


def test_unsubscribing_at_weibo_erases_no_question(city: City, named: Conversation, now: datetime) -> None:
    account_event(city.weibo, AccountEvent(external_id="ev:2", kind="unsubscribe", sender_id="777", at=now), now)
    assert db.session.scalars(select(Message)).one().text == "@青岚发布 帮忙"
    assert db.session.scalars(select(Contact)).one().erased_at is None
    assert window_of(named, now).open
