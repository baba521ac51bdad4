"""Beijing's days and months: when WeChat's quotas come back and which day its statistics mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
# How long after each kind of refusal another try makes sense.
_PAUSES = {
    42010: timedelta(seconds=10),
    45011: timedelta(seconds=60),
    45066: timedelta(seconds=60),
    45169: timedelta(seconds=5),
    61503: timedelta(hours=2),
    89506: timedelta(hours=24),
    89507: timedelta(hours=1),
}


def beijing_day(moment: datetime) -> date:
    return moment.astimezone(BEIJING).date()


def day_start(day: date) -> datetime:
    """Midnight of a Beijing day, in UTC."""
    return datetime.combine(day, time(), BEIJING).astimezone(UTC)


def next_midnight(now: datetime) -> datetime:
    return day_start(beijing_day(now) + timedelta(days=1))


def next_month(now: datetime) -> datetime:
    first = beijing_day(now).replace(day=1)
    return day_start((first + timedelta(days=32)).replace(day=1))


def retry_at(code: int, now: datetime, *, monthly_mass: bool) -> datetime:
    """When a RateLimited `code` is over. A service account's mass quota (45028) is by the month."""
    if code in _PAUSES:
        return now + _PAUSES[code]
    if code == 48006 or (code == 45028 and monthly_mass):
        return next_month(now)
    return next_midnight(now)


def from_epoch(value: object) -> datetime:
    """Seconds since 1970 as WeChat writes them, as number or text. Raises ValueError."""
    try:
        return datetime.fromtimestamp(int(str(value)), UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"not a time: {value!r}") from error
