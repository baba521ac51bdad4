"""Which of a schedule's publications go first, from when they are late, and which of them an order to schedule is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from app.config import current
from app.publishing import states
from app.publishing.models import Publication, Schedule

ORDERS = ("together", "wechat_first", "weibo_first")
Order = str


def movable(publications: Sequence[Publication]) -> list[Publication]:
    """What of one schedule an order to schedule moves: whatever waits or did not go. Where nothing does, and others went or
    are a person's: what was taken off, so that exactly the missing part can follow."""
    waiting = [one for one in publications if one.status in states.WITHDRAWABLE]
    left_out = [one for one in publications if one.status == "cancelled"]
    return waiting if waiting or len(left_out) == len(publications) else left_out


def late_from(standing: Schedule, goes_first: bool) -> datetime:
    """Lateness counts from the hour; for the second of an ordered pair first from the end of its waiting."""
    return late_after(standing.order, standing.publish_at, goes_first)


def late_after(order: Order, at: datetime, goes_first: bool) -> datetime:
    """As late_from, for a start at `at`."""
    if order == "together" or goes_first:
        return at
    return at + timedelta(seconds=current().partner_wait_seconds)


def first_ids(order: Order, sides: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The ids on the platform that the order names first; empty when all go together."""
    named = order.removesuffix("_first")
    sides = list(sides)
    firsts = frozenset(key for key, platform in sides if platform == named)
    return firsts if len(firsts) < len(sides) else frozenset()
