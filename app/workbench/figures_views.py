"""The first page's small chart: what was published and answered on each of the last days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.inbox import services as inbox
from app.inspection import services as inspection
from app.units.access import Actor


@dataclass(frozen=True, kw_only=True)
class Thirty:
    """Posts and answers of each day; None for what the person may not see."""

    published: list[int] | None
    answered: list[int] | None


def thirty_days(actor: Actor, days: Sequence[date]) -> Thirty | None:
    """None when the person sees neither."""
    published = answered = None
    if actor.holds("account.read"):
        by_platform = inspection.published_per_day(actor, days).values()
        published = [sum(each) for each in zip(*by_platform, strict=True)] or [0] * len(days)
    if actor.holds("inbox.read"):
        answered = inbox.answers_per_day(actor, days)
    return None if published is None and answered is None else Thirty(published=published, answered=answered)
