"""When to ask the platform again: sparse, as its quotas want."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

# Seconds after acceptance; then every half hour, twelve times in all.
_CHECKS = (10, 30, 60, 180, 600)
_THEN = 1800
MOST_CHECKS = 12
# Read-backs of something public: is it really there, and still there the next day (links of mass sends come late)?
_READ_BACKS = (180, 3600, 86400)
# A link that is still missing is told by the platform's figures of the day before: there from eight o'clock in Beijing on,
# or some hours later.
_BEIJING = ZoneInfo("Asia/Shanghai")
_LINKS_AT = (time(8, 30), time(12, 30))
LINKS_FOR = timedelta(days=5)


def next_check(asked: int, now: datetime) -> datetime | None:
    """After `asked` checks; None when they are used up and a person must look."""
    if asked >= MOST_CHECKS:
        return None
    if asked < len(_CHECKS):
        before = _CHECKS[asked - 1] if asked else 0
        return now + timedelta(seconds=_CHECKS[asked] - before)
    return now + timedelta(seconds=_THEN)


def next_read_back(done: int, now: datetime) -> datetime | None:
    if done >= len(_READ_BACKS):
        return None
    before = _READ_BACKS[done - 1] if done else 0
    return now + timedelta(seconds=_READ_BACKS[done] - before)


def next_link_look(published_at: datetime, now: datetime) -> datetime | None:
    """When to look once more for the link of something public; None once it has been looked for long enough."""
    if now - published_at > LINKS_FOR:
        return None
    today = now.astimezone(_BEIJING).date()
    moments = (
        datetime.combine(today + timedelta(days=day), at, _BEIJING).astimezone(UTC)
        for day in (0, 1)
        for at in _LINKS_AT
    )
    return next(moment for moment in moments if moment > now)
