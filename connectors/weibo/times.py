"""Weibo's times: `Tue May 31 17:46:55 +0800 2011`, read without regard to the locale; days are days of Beijing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

BEIJING = timezone(timedelta(hours=8))


def created_at(item: Any) -> datetime | None:
    """`created_at` of an object as aware UTC; None when it is missing or not a time."""
    value = item.get("created_at") if isinstance(item, dict) else None
    return parse(value) if isinstance(value, str) else None


def parse(value: str) -> datetime | None:
    """strptime knows month names of the process's locale only; the mail parser knows the English ones always."""
    try:
        found = parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def next_midnight(now: datetime) -> datetime:
    """The end of Beijing's day, as aware UTC."""
    local = now.astimezone(BEIJING)
    return (local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)).astimezone(UTC)


def next_hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def beijing_words(moment: datetime) -> str:
    local = moment.astimezone(BEIJING)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
