"""After a restore from a backup: what was due meanwhile may be out already, so that none of it goes by itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.db import atomic, db
from app.publishing import outcomes, pushdown
from app.publishing.models import Publication

WAITING = ("scheduled", "preparing", "ready")
OPEN = (*WAITING, "committing", "processing", "unknown", "held", "missed")


def hold_what_was_due(now: datetime, why: str) -> list[Publication]:
    """Everything whose hour has passed is held; all publications that are still open, by their hour."""
    with atomic():
        due = db.session.scalars(
            select(Publication).where(Publication.status.in_(WAITING), Publication.due_at <= now)
        ).all()
        for row in due:
            outcomes.hold(row, now, why)
        db.session.flush()
        pushdown.push([row.post_id for row in due], now)
        query = select(Publication).where(Publication.status.in_(OPEN)).order_by(Publication.due_at, Publication.id)
        return list(db.session.scalars(query.execution_options(populate_existing=True)))
