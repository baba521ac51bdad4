"""What the ticks of every second would find to do, by one question: a scheduler with nothing to do asks no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from app.accounts import health
from app.db import db
from app.inbox import media, polling, sending, working
from app.notices import delivery
from app.previews import sending as previews
from app.publishing import claims, telling

# By the names of the ticks.
_DUE: Mapping[str, Callable[[datetime], ColumnElement[bool]]] = {
    "sender": lambda now: or_(sending.due(now), working.snooze_over(now)),
    "previewer": previews.in_hand,
    "poller": lambda now: or_(health.probes_due(now), polling.due(now)),
    "media": media.due,
    "telling": lambda _now: telling.untold(),
    "notices": delivery.due,
}
ASKED = frozenset(_DUE)


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """`publish_at`: when the publisher has to look at the latest (None: nothing is planned); `ticks`: which others have
    something to do now."""

    publish_at: datetime | None
    ticks: frozenset[str]


def look(now: datetime) -> Agenda:
    """One statement, reading the first entries of indexes."""
    asked = {name: due(now) for name, due in _DUE.items()}
    row = db.session.execute(select(claims.first_due(), *asked.values())).one()
    return Agenda(publish_at=row[0], ticks=frozenset(name for name, found in zip(asked, row[1:], strict=True) if found))
