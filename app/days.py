"""Days of the installation's time zone: which they are, where they begin, and in which of them a row lies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, SQLColumnExpression, case

from app.config import current


def local_day(at: datetime) -> date:
    """The day on which an instant falls."""
    return at.astimezone(ZoneInfo(current().timezone)).date()


def days_until(last: date, number: int) -> list[date]:
    """`number` days, `last` being the last of them."""
    return [last - timedelta(days=back) for back in range(number - 1, -1, -1)]


def start_of(day: date) -> datetime:
    """Its first instant, in UTC: a difference of two is then the true length, also when clocks change."""
    return datetime.combine(day, time(), ZoneInfo(current().timezone)).astimezone(UTC)


def edges(days: Sequence[date]) -> list[datetime]:
    """Where each of the consecutive days begins, and where the last one ends: one more than there are days."""
    return [*(start_of(day) for day in days), start_of(days[-1] + timedelta(days=1))]


def day_number(column: SQLColumnExpression[Any], days: Sequence[date]) -> ColumnElement[int]:
    """SQL: the place (0, 1, …) of `column` among the days; for rows known to lie in them. Exact in any time zone."""
    return case(*((column < end, number) for number, end in enumerate(edges(days)[1:])), else_=len(days) - 1)


def in_days(column: SQLColumnExpression[Any], days: Sequence[date]) -> ColumnElement[bool]:
    """SQL: `column` lies in one of the consecutive days."""
    return (column >= start_of(days[0])) & (column < edges(days)[-1])
