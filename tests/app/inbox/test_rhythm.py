"""Polls are spread over the scarcer of the day's two budgets: asking whether anything is new, and fetching it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.accounts import connections
from app.accounts.models import Account
from app.db import db
from app.inbox import polling
from connectors.values import InboundMessage, Page
from tests.app.inbox.conftest import City

NOON = datetime(2026, 7, 13, 4, 0, tzinfo=UTC)
NOTHING: Page[InboundMessage] = Page()


def pause_after(city: City, call: str, spent: int, cost: int = 1) -> timedelta:
    meter = connections.connect(city.weibo, purpose="fetch", clock=lambda: NOON).meter
    for _ in range(spent):
        meter.spend(call)
    polling.record_poll(city.weibo.id, NOTHING, NOON, cost=cost)
    db.session.rollback()
    at = db.session.get_one(Account, city.weibo.id, populate_existing=True).next_poll_at
    assert at is not None
    return at - NOON


def test_while_the_budgets_last_the_rhythm_is_the_base(city: City) -> None:
    assert pause_after(city, "comments/to_me", 8) == timedelta(minutes=5)


def test_the_last_fetches_are_spread_over_the_rest_of_the_day(city: City) -> None:
    assert pause_after(city, "comments/to_me", 12) == timedelta(hours=12) / 4


def test_polls_that_cost_three_fetches_are_spread_thinner(city: City) -> None:
    assert pause_after(city, "comments/to_me", 9, cost=3) == timedelta(hours=12) / 3


def test_the_last_looks_at_the_counters_are_spread_too(city: City) -> None:
    assert pause_after(city, "remind/unread_count", 19) == timedelta(hours=12) / 5


def test_one_affordable_look_comes_before_midnight(city: City) -> None:
    """Not at it: the day would be blind for its whole rest."""
    assert pause_after(city, "comments/to_me", 8, cost=4) == timedelta(hours=12) / 2
