"""The schedulers' heartbeats: who lives, and whose claims may be taken over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, or_, select, text, update

from app.config import current
from app.db import atomic, db
from app.publishing.models import Worker

MISSED_BEATS = 3
# Clocks further apart than this many seconds are worth a warning: hours are met to the second.
MOST_SKEW = 2.0


@dataclass(frozen=True, kw_only=True)
class HeartbeatState:
    """What the top bar shows: whether a scheduler lives, and when any last beat."""

    alive: bool
    beat_at: datetime | None
    workers: int


def clock_skew(clock: Callable[[], datetime]) -> float:
    """Seconds by which this process's clock is ahead of the database's; the question's own time is taken out."""
    before = clock()
    told = database_time()
    return (before + (clock() - before) / 2 - told).total_seconds()


def database_time() -> datetime:
    """The database's own clock, aware UTC. On SQLite that is this machine's."""
    if db.engine.dialect.name == "sqlite":
        seconds = db.session.scalar(text("SELECT (julianday('now') - 2440587.5) * 86400.0"))
        return datetime.fromtimestamp(float(seconds or 0), tz=UTC)
    value: datetime = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return value.astimezone(UTC)


@dataclass(frozen=True, kw_only=True)
class Load:
    """How a scheduler gets on with its work: as Worker's columns of the same names."""

    looked_at: datetime | None = None
    lag_seconds: float = 0.0
    busy: int = 0
    threads: int = 0


def beat(
    worker_id: str, *, host: str, pid: int, version: str, now: datetime, skew: float = 0.0, load: Load | None = None
) -> None:
    """Record a sign of life. `skew`: clock_skew()."""
    load = load or Load()
    with atomic():
        worker = db.session.get(Worker, worker_id)
        if worker is None:
            worker = Worker(id=worker_id, host=host, pid=pid, version=version, started_at=now, beat_at=now)
            db.session.add(worker)
        worker.beat_at, worker.clock_skew = now, skew
        worker.looked_at, worker.lag_seconds = load.looked_at, load.lag_seconds
        worker.busy, worker.threads = load.busy, load.threads
        worker.stopped_at = None


def stop_worker(worker_id: str, now: datetime) -> None:
    """The worker says goodbye: nothing of it is in flight any more."""
    with atomic():
        db.session.execute(update(Worker).where(Worker.id == worker_id).values(stopped_at=now))


def deadline(now: datetime) -> datetime:
    """Whoever has not beaten since is dead."""
    return now - timedelta(seconds=MISSED_BEATS * max(1, current().heartbeat_seconds))


def dead_workers(now: datetime, *, besides: str = "", patience: timedelta = timedelta()) -> Select[str]:
    """The ids of those that said goodbye, or were silent for too long: by `patience` longer than usual, which is by how much
    whoever asks was late itself. `besides`: who asks; it lives."""
    silent = Worker.beat_at < deadline(now) - patience
    return select(Worker.id).where(or_(Worker.stopped_at.is_not(None), silent), Worker.id != besides)


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
