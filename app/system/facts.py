"""Facts that schedulers find out for all: one of them sets out at a time, everybody reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.db import atomic, db
from app.system.models import SiteFact


def fact(key: str) -> SiteFact | None:
    return db.session.get(SiteFact, key, populate_existing=True)


def claim(key: str, every: timedelta, now: datetime) -> bool:
    """Whether the caller is the one to find it out now: nobody set out within `every`."""
    last = db.session.scalar(select(SiteFact.claimed_at).where(SiteFact.key == key))
    if last is not None and last > now - every:
        return False
    with atomic():
        if last is None:
            insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
            made = insert(SiteFact).values(key=key, value={}, claimed_at=now).on_conflict_do_nothing()
            return bool(db.session.execute(made.returning(SiteFact.key)).all())
        taken = (
            update(SiteFact)
            .where(SiteFact.key == key, SiteFact.claimed_at == last)
            .values(claimed_at=now)
            .returning(SiteFact.key)
            .execution_options(synchronize_session=False)
        )
        return bool(db.session.execute(taken).all())


def record(key: str, value: Mapping[str, Any], now: datetime) -> None:
    """What was found; the key was claimed before."""
    with atomic():
        row = db.session.get_one(SiteFact, key)
        row.value, row.at = dict(value), now
