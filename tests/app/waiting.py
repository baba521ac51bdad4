"""Races on PostgreSQL that happen each time."""

from __future__ import annotations

from sqlalchemy import text

from app.db import db


def until_somebody_waits() -> None:
    """Inside an open transaction: until another one waits for a lock of this one, ten seconds at most."""
    for _turn in range(200):
        db.session.execute(text("SELECT pg_sleep(0.05), pg_stat_clear_snapshot()"))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        if db.session.scalar(text(waiting)):
            return
