"""Figures of the queue and its surroundings, as the status page, `system check` and /metrics tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from app.db import db
from app.inbox.models import Conversation, Message
from app.notices.models import Delivery
from app.publishing import states
from app.publishing.models import Publication, Worker

# What still is to go by itself, what is under way, what waits for a person.
WAITING = states.OPEN
PEOPLE = (*states.ATTENTION, "failed")


def live_workers(now: datetime, heartbeat_seconds: int) -> list[Worker]:
    """Schedulers that have not missed three beats."""
    since = now - timedelta(seconds=3 * heartbeat_seconds)
    query = select(Worker).where(Worker.stopped_at.is_(None), Worker.beat_at >= since).order_by(Worker.beat_at.desc())
    return list(db.session.scalars(query))


def alive_since(now: datetime, heartbeat_seconds: int) -> bool:
    """Whether a scheduler is at work, asked of few columns: the database's structure may be an older one."""
    since = now - timedelta(seconds=3 * heartbeat_seconds)
    query = select(Worker.id).where(Worker.stopped_at.is_(None), Worker.beat_at >= since).limit(1)
    return db.session.scalar(query) is not None


def recent_workers(now: datetime) -> list[Worker]:
    """Every scheduler that beat within a day, newest beat first."""
    query = select(Worker).where(Worker.beat_at >= now - timedelta(days=1)).order_by(Worker.beat_at.desc())
    return list(db.session.scalars(query))


def publications_by_status() -> dict[str, int]:
    query = select(Publication.status, func.count()).group_by(Publication.status)
    return {row[0]: row[1] for row in db.session.execute(query)}


def replies_by_status() -> dict[str, int]:
    query = select(Message.status, func.count()).where(Message.status.is_not(None)).group_by(Message.status)
    return {str(row[0]): row[1] for row in db.session.execute(query)}


def deliveries_by_status() -> dict[str, int]:
    """What of the outbox (alarms by e-mail and webhook) is still to go, and what failed for good."""
    query = select(Delivery.status, func.count()).where(Delivery.status != "sent").group_by(Delivery.status)
    return {"pending": 0, "failed": 0, **{row[0]: row[1] for row in db.session.execute(query)}}


def conversations_waiting() -> int:
    query = select(func.count()).select_from(Conversation).where(Conversation.waiting_since.is_not(None))
    return db.session.scalar(query) or 0


def lag_seconds(now: datetime) -> float:
    """How late the most overdue publication is that still waits to be sent; 0 when none is."""
    query = select(func.min(Publication.late_from)).where(
        Publication.status.in_(WAITING), Publication.late_from <= now, Publication.next_attempt_at.is_not(None)
    )
    oldest = db.session.scalar(query)
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def oldest_due() -> datetime | None:
    """The earliest hour of anything that still is to go by itself (it may lie ahead); None: nothing waits."""
    return db.session.scalar(select(func.min(Publication.due_at)).where(Publication.status.in_(WAITING)))


def oldest_for_people() -> datetime | None:
    """Since when the longest-waiting publication waits for a person; None: none does."""
    return db.session.scalar(select(func.min(Publication.updated_at)).where(Publication.status.in_(PEOPLE)))


@dataclass(frozen=True, kw_only=True)
class Database:
    """`size` in bytes; `used` and `most` connections, None where there is no such limit (SQLite)."""

    kind: str
    version: str
    size: int
    used: int | None = None
    most: int | None = None


def database() -> Database:
    kind = db.engine.dialect.name
    version = ".".join(str(part) for part in (db.engine.dialect.server_version_info or ())) or "—"
    if kind != "postgresql":
        size = db.session.scalar(text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"))
        return Database(kind=kind, version=version, size=int(size or 0))
    size = db.session.scalar(text("SELECT pg_database_size(current_database())"))
    # The whole server's: other databases of it take from the same limit.
    used = db.session.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    most = db.session.scalar(text("SELECT current_setting('max_connections')"))
    return Database(kind=kind, version=version, size=int(size or 0), used=int(used or 0), most=int(most or 0))


def sizes(counts: Mapping[str, int], keys: tuple[str, ...]) -> int:
    """How many in all of these states."""
    return sum(counts.get(key, 0) for key in keys)
