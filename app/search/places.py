"""The number of a row in the index: kind, second and chance, so that counting down from any number is newest first."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

# Messages first: they are the many.
MESSAGE, POST, CONTACT, USER = range(4)
KINDS = {"message": MESSAGE, "post": POST, "contact": CONTACT, "user": USER}
_CHANCE, _SECONDS = 28, 33
_KIND = _CHANCE + _SECONDS


def place_for(kind: int, at: datetime) -> int:
    """A free number in all likelihood: whoever inserts it tries again where it is not."""
    return _floor(kind, at) | secrets.randbits(_CHANCE)


def span_of(kind: int, since: datetime | None = None, until: datetime | None = None) -> tuple[int, int]:
    """The numbers (from, below) of a kind, from `since` on and before `until`."""
    low = _floor(kind, since) if since else kind << _KIND
    return low, _floor(kind, until) if until else (kind + 1) << _KIND


def _floor(kind: int, at: datetime) -> int:
    seconds = min(max(int(at.astimezone(UTC).timestamp()), 0), (1 << _SECONDS) - 1)
    return kind << _KIND | seconds << _CHANCE
