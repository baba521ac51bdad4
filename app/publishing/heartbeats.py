"""The schedulers' heartbeats: who lives, and whose claims may be taken over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from app.config import current
from app.db import atomic, db
from app.publishing.models import Worker

MISSED_BEATS = 3


@dataclass(frozen=True, kw_only=True)
class HeartbeatState:
    """What the top bar shows: whether a scheduler lives, and when any last beat."""

    alive: bool
    beat_at: datetime | None
    workers: int


def beat(worker_id: str, *, host: str, pid: int, version: str, now: datetime) -> None:
    """Record a sign of life."""
    with atomic():
        worker = db.session.get(Worker, worker_id)
        if worker is None:
            worker = Worker(id=worker_id, host=host, pid=pid, version=version, started_at=now, beat_at=now)
            db.session.add(worker)
        worker.beat_at = now
        worker.stopped_at = None


def stop_worker(worker_id: str, now: datetime) -> None:
    """The worker says goodbye: nothing of it is in flight any more."""
    with atomic():
        db.session.execute(update(Worker).where(Worker.id == worker_id).values(stopped_at=now))


def deadline(now: datetime) -> datetime:
    """Whoever has not beaten since is dead."""
    return now - timedelta(seconds=MISSED_BEATS * max(1, current().heartbeat_seconds))


def dead_workers(now: datetime) -> list[str]:
    return list(
        db.session.scalars(select(Worker.id).where(or_(Worker.stopped_at.is_not(None), Worker.beat_at < deadline(now))))
    )


def heartbeat_state(now: datetime) -> HeartbeatState:
    beats = db.session.execute(
        select(Worker.beat_at, Worker.stopped_at).order_by(Worker.beat_at.desc()).limit(50)
    ).all()
    alive = [row for row in beats if row.stopped_at is None and row.beat_at >= deadline(now)]
    return HeartbeatState(alive=bool(alive), beat_at=beats[0].beat_at if beats else None, workers=len(alive))


def forget_old(now: datetime) -> None:
    """Workers not heard of for a week are forgotten."""
    with atomic():
        old = db.session.scalars(select(Worker).where(Worker.beat_at < now - timedelta(days=7))).all()
        for worker in old:
            db.session.delete(worker)
