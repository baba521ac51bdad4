"""The account's days: getbizsummary (readers), getusersummary (come and gone), getusercumulate (followers).

People are counted, not reads. Seven days at most in one question; a day is there from eight o'clock next morning on, and
`is_delay` says that it may still change: it is asked again later. The older article statistics answer 47009 and are never
asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from connectors.desk import DayFigures
from connectors.errors import ConnectorError
from connectors.wechat import payloads
from connectors.wechat.api import Api

MOST_DAYS = 7
_BIZ = {
    "readers": "read_user",
    "sharers": "share_user",
    "likes": "like_user",
    "comments": "comment_count",
    "collected": "collection_user",
}


def read(api: Api, first: date, last: date) -> tuple[DayFigures, ...]:
    """One per day, the last seven at most. Raises RateLimited (61503, or still changing) when they are not ready."""
    first = max(first, last - timedelta(days=MOST_DAYS - 1))
    asked = {"begin_date": first.isoformat(), "end_date": last.isoformat()}
    days = {
        first + timedelta(days=n): DayFigures(day=first + timedelta(days=n)) for n in range((last - first).days + 1)
    }
    business = api.post("/datacube/getbizsummary", asked)
    if payloads.switch(business.get("is_delay")):
        raise _changing(api)
    for day, rows in _by_day(business, days):
        detail = rows[-1].get("detail")
        told = detail if isinstance(detail, dict) else {}
        days[day] = DayFigures(day=day, **{ours: _number(told.get(theirs)) for ours, theirs in _BIZ.items()})
    for day, rows in _by_day(api.post("/datacube/getusersummary", asked), days):
        # One row for each way by which people came.
        days[day] = replace(days[day], new_followers=_sum(rows, "new_user"), lost_followers=_sum(rows, "cancel_user"))
    for day, rows in _by_day(api.post("/datacube/getusercumulate", asked), days):
        days[day] = replace(days[day], followers=_number(rows[-1].get("cumulate_user")))
    return tuple(days.values())


def _by_day(answer: dict[str, Any], days: Iterable[date]) -> list[tuple[date, list[dict[str, Any]]]]:
    found = []
    rows = payloads.rows_of(answer, "list")
    for day in days:
        mine = [row for row in rows if payloads.text_of(row.get("ref_date")) == day.isoformat()]
        if mine:
            found.append((day, mine))
    return found


def _sum(rows: list[dict[str, Any]], name: str) -> int | None:
    numbers = [number for row in rows if (number := _number(row.get(name))) is not None]
    return sum(numbers) if numbers else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _changing(api: Api) -> ConnectorError:
    """The same as not being there yet."""
    return api.error_for(61503, "", write=False)
