"""Beijing's days, hours and months, by which both platforms count."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

BEIJING = timezone(timedelta(hours=8), "CST")
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def beijing(now: float) -> datetime:
    return datetime.fromtimestamp(now, BEIJING)


def day(now: float) -> str:
    return beijing(now).strftime("%Y-%m-%d")


def month(now: float) -> str:
    return beijing(now).strftime("%Y-%m")


def hour(now: float) -> str:
    return beijing(now).strftime("%Y-%m-%dT%H")


def minute(now: float) -> str:
    return beijing(now).strftime("%Y-%m-%dT%H:%M")


def weibo_time(now: float) -> str:
    """``Tue May 31 17:46:55 +0800 2011``, in any locale."""
    when = beijing(now)
    name = f"{DAY_NAMES[when.weekday()]} {MONTH_NAMES[when.month - 1]}"
    return f"{name} {when:%d %H:%M:%S} +0800 {when.year}"


def seconds_to_next_hour(now: float) -> int:
    return 3600 - int(now) % 3600


def from_weibo_time(text: str) -> int:
    return int(parsedate_to_datetime(text).timestamp())
