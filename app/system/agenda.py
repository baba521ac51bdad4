"""What the ticks of every second would find to do, by one question: a scheduler with nothing to do asks no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, or_, select

from app.accounts import probing
from app.db import UTCDateTime, db
from app.inbox import media, polling, sending, working
from app.notices import delivery
from app.previews import sending as previews
from app.publishing import claims, telling

_NOW, _LONG_AGO = bindparam("now", type_=UTCDateTime()), bindparam("long_ago", type_=UTCDateTime())
# By the names of the ticks.
_DUE: Mapping[str, ColumnElement[bool]] = {
    "sender": or_(sending.due(_NOW), working.snooze_over(_NOW)),
    "previewer": previews.in_hand(_NOW),
    "poller": or_(probing.probes_due(_NOW, _LONG_AGO), polling.due(_NOW)),
    "media": media.due(_NOW),
    "telling": telling.untold(),
    "notices": delivery.due(_NOW),
}
ASKED = frozenset(_DUE)
# Put together once: that takes longer than the answer.
_QUESTION = select(claims.first_due(), *_DUE.values())


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """`publish_at`: when the publisher has to look at the latest (None: nothing is planned); `ticks`: which others have
    something to do now."""

    publish_at: datetime | None
    ticks: frozenset[str]


def look(now: datetime) -> Agenda:
    """One statement, reading the first entries of indexes."""
    row = db.session.execute(_QUESTION, {"now": now, "long_ago": now - probing.PROBE_AGAIN}).one()
    return Agenda(publish_at=row[0], ticks=frozenset(name for name, found in zip(_DUE, row[1:], strict=True) if found))
