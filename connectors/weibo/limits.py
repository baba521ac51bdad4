"""Until when a refused call must wait. Weibo's quotas: per user and day, per user and hour, per IP and hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import ConnectorError
from connectors.http import Answer
from connectors.weibo.times import BEIJING, next_hour, next_midnight

# 20016 (and 11001) name no time; 30 posts an hour is the documented rate, so some minutes bring the next slot.
TOO_FAST = timedelta(minutes=10)
CHECK_RHYTHM = (10, 30, 60, 180, 600)
CHECK_LATER = 1800
# No quota of the platform's is longer than a day.
_LONGEST = 86_400


def until(code: str, now: datetime, ask: Callable[[], Answer]) -> datetime:
    """When to try again after `code` (aware UTC). `ask` gets rate_limit_status, asked for 10023 only."""
    if code in ("10022", "10024"):
        return next_hour(now)
    if code == "10023":
        return min(_reset(now, ask) or next_midnight(now), next_midnight(now))
    if code in ("20016", "11001"):
        return now + TOO_FAST
    return next_midnight(now)


def _reset(now: datetime, ask: Callable[[], Answer]) -> datetime | None:
    """The reset that rate_limit_status tells, None when it tells nothing or lies (calls left although refused)."""
    try:
        status = ask().json()
    except (ConnectorError, ValueError):
        return None
    if not isinstance(status, dict) or _int(status.get("remaining_user_hits")) != 0:
        return None
    seconds = _int(status.get("reset_time_in_seconds"))
    if seconds is not None and 0 < seconds <= _LONGEST:
        return now + timedelta(seconds=seconds)
    try:
        local = datetime.strptime(str(status.get("reset_time")), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
    return local.astimezone(UTC) if local > now else None


def _int(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def ask_again(asked: int, now: datetime) -> datetime:
    """The next moment to look, by the sparse rhythm 10, 30, 60, 180, 600 s, then half-hourly."""
    seconds = CHECK_RHYTHM[asked] if asked < len(CHECK_RHYTHM) else CHECK_LATER
    return now + timedelta(seconds=seconds)
