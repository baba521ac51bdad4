"""How much was published on each day, and the longest silence of each account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import Account
from app.days import day_number, days_until, edges, local_day
from app.db import atomic, db
from app.inspection.models import HistoryItem
from app.inspection.services import (
    Gap,
    count_days,
    dormancy,
    longest_gaps,
    moments,
    posts_by_day,
    published_per_day,
    record_history,
)
from app.publishing.models import Publication
from connectors.values import Page, PublishedItem
from tests.app.inbox.conftest import City
from tests.app.published import published

DAY = timedelta(days=1)
Seen = Callable[..., None]


def seen(
    account: Account, now: datetime, *ago: timedelta, why: str = "", deleted: frozenset[int] = frozenset()
) -> None:
    """The platform lists one post for each of `ago`."""
    items = tuple(
        PublishedItem(external_id=str(number), published_at=now - each, deleted=number in deleted)
        for number, each in enumerate(ago)
    )
    record_history(account, Page(items=items, unavailable=why), now)
    db.session.rollback()


def gaps(city: City, days: list[date], now: datetime) -> dict[str, Gap]:
    states = dormancy(city.reader, now)
    found = longest_gaps(states, moments([state.account.id for state in states], days), days, now)
    return {gap.account.platform: gap for gap in found}


def test_posts_of_each_day_by_platform(city: City, now: datetime) -> None:
    days = days_until(local_day(now), 30)
    seen(city.weibo, now, DAY * 0, DAY * 1, DAY * 1, DAY * 29, DAY * 30, deleted=frozenset({2}))
    seen(city.wechat, now, DAY * 3)
    # One that the platform lists too counts once; one that it deleted counts no more.
    for number, external_id in ((1, "1"), (1, "2"), (2, "")):
        published("住房新政", (city.weibo, now - DAY * number, external_id))
    counted = published_per_day(city.reader, days)
    weibo, wechat = [0] * 30, [0] * 30
    weibo[29], weibo[28], weibo[27], weibo[0] = 1, 1, 1, 1
    wechat[26] = 1
    assert counted == {"weibo": weibo, "wechat": wechat}
    db.session.rollback()
    each = posts_by_day([city.weibo.id], days[-1], 30)[city.weibo.id]
    assert [each.get(day, 0) for day in days] == weibo


@pytest.mark.parametrize("status", ["recalled", "removed"])
def test_what_was_taken_away_counts_nowhere_though_the_platform_still_lists_it(
    city: City, now: datetime, status: str
) -> None:
    """The figures of mass-sent articles go on naming one that was deleted."""
    seen(city.wechat, now, DAY * 20, DAY)
    published("撤回的通告", (city.wechat, now - DAY, "1"))
    with atomic():
        row = db.session.scalars(select(Publication).where(Publication.external_id == "1")).one()
        row.status = status
    days = days_until(local_day(now), 30)
    assert sum(published_per_day(city.reader, days)["wechat"]) == 1
    assert sum(posts_by_day([city.wechat.id], days[-1], 30)[city.wechat.id].values()) == 1
    states = {state.account.platform: state for state in dormancy(city.reader, now)}
    assert (states["wechat"].level, states["wechat"].days) == ("veto", 20)


def test_only_what_one_may_see_and_of_the_unit_asked_for(city: City, now: datetime) -> None:
    days = days_until(local_day(now), 30)
    seen(city.weibo, now, DAY)
    assert sum(published_per_day(city.reader, days, unit_id=city.office.id)["weibo"]) == 1
    assert published_per_day(city.reader, days, unit_id=city.bureau.id) == {}
    assert published_per_day(city.stranger, days) == {}
    with atomic():
        db.session.get_one(Account, city.weibo.id).active = False
    assert published_per_day(city.reader, days) == {}


def test_days_begin_at_midnight_of_the_installation(app: Flask, city: City, now: datetime) -> None:
    """Also where the clock is changed within the days: 29 March 2026 in Berlin has 23 hours."""
    app.extensions["tandem_config"] = replace(app.extensions["tandem_config"], timezone="Europe/Berlin")
    berlin = ZoneInfo("Europe/Berlin")
    days = days_until(date(2026, 3, 30), 3)
    assert edges(days)[2] - edges(days)[1] == timedelta(hours=23)
    minutes = [
        datetime(2026, 3, 28, 0, 0, tzinfo=berlin),
        datetime(2026, 3, 28, 23, 59, tzinfo=berlin),
        datetime(2026, 3, 29, 23, 59, tzinfo=berlin),
        datetime(2026, 3, 30, 0, 0, tzinfo=berlin),
    ]
    seen(city.weibo, now, *(now - at for at in minutes))
    assert published_per_day(city.reader, days) == {"weibo": [2, 1, 1]}
    stored = db.session.query(day_number(HistoryItem.published_at, days)).order_by(HistoryItem.published_at)
    assert [row[0] for row in stored] == [0, 0, 1, 2]
    assert list(count_days(moments([city.weibo.id], days))[city.weibo.id].items()) == list(
        zip(days, [2, 1, 1], strict=True)
    )


@pytest.mark.parametrize(
    ("ago", "expected", "running", "least"),
    [
        ((DAY * 20, DAY * 2), 18, False, False),
        ((DAY * 20,), 20, True, False),
        # It had begun before those days.
        ((DAY * 45, DAY * 5), 40, False, False),
        ((DAY * 13 + timedelta(hours=23), DAY * 40), 26, False, False),
        # Nothing at all since we watch: at least so long.
        ((), 29, True, True),
    ],
)
def test_the_longest_gap(
    city: City, now: datetime, ago: tuple[timedelta, ...], expected: int, running: bool, least: bool
) -> None:
    days = days_until(local_day(now), 30)
    seen(city.weibo, now, *ago)
    gap = gaps(city, days, now)["weibo"]
    assert (gap.days, gap.running, gap.least, gap.sure) == (expected, running, least, True)


def test_a_gap_ends_with_the_days(city: City, now: datetime) -> None:
    """Not with what came after them, and not before now."""
    days = days_until(local_day(now) - DAY * 10, 30)
    seen(city.weibo, now, DAY * 60, DAY * 20)
    assert (edges(days)[-1] - (now - DAY * 20)) // DAY == 10
    gap = gaps(city, days, now)["weibo"]
    assert (gap.days, gap.running) == (40, False)
    seen(city.weibo, now, DAY * 60, DAY * 39)
    assert gaps(city, days, now)["weibo"].running


@pytest.mark.parametrize(
    ("ago", "expected", "level"),
    [
        # The list reaches back to the older post, and what was in the 9 days before it nobody knows.
        ((DAY * 20, DAY * 18), (18, 9), "veto"),
        ((DAY * 20, DAY * 12, DAY * 5), (8, 9), "unknown"),
        ((DAY * 26, DAY * 18, DAY * 10, DAY * 5), (8, 3), "warn"),
        ((DAY * 26, DAY * 20, DAY * 14, DAY * 8, DAY * 2), (6, 3), "ok"),
        ((), (None, 0), "unknown"),
    ],
)
@pytest.mark.parametrize("watched", [DAY * 0, DAY * 400])
def test_nobody_is_blamed_for_days_of_which_nothing_is_known(
    city: City,
    now: datetime,
    ago: tuple[timedelta, ...],
    expected: tuple[int | None, int],
    level: str,
    watched: timedelta,
) -> None:
    days = days_until(local_day(now), 30)
    with atomic():
        db.session.get_one(Account, city.weibo.id).created_at = now - watched
    if watched and not ago:
        expected, level = (29, 0), "veto"
    seen(city.weibo, now, *ago)
    gap = gaps(city, days, now)["weibo"]
    assert ((gap.days, gap.unknown_days), gap.level) == (expected, level)
    assert (gap.known_from is None) == (not ago)


def test_what_is_not_known_is_said(city: City, now: datetime) -> None:
    days = days_until(local_day(now), 30)
    assert gaps(city, days, now)["wechat"].days is None
    seen(city.weibo, now, DAY * 16, DAY * 2, why="只能取到最新的五条。")
    gap = gaps(city, days, now)["weibo"]
    assert (gap.days, gap.sure, gap.level) == (14, False, "unknown")
    # The one about which something is known comes first.
    assert next(iter(gaps(city, days, now))) == "weibo"
