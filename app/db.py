"""The database: base class, column types, and the one place that commits."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import ColumnElement, DateTime, Engine, MetaData, Select, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

# Column types of all models come from one place.
from app.sealing import Encrypted as Encrypted

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

T = TypeVar("T")

# Seconds after which PostgreSQL ends a session that is silent in the middle of a transaction (its machine is cut off,
# frozen or dead): what it had locked is free for the others.
SILENCE = 60
# Seconds to wait for SQLite's lock: on a busy machine several processes take it by turns.
BUSY = 20
# A server that is gone without a word is noticed within about as long, not after TCP's quarter of an hour.
TIMELY: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

_writing: ContextVar[int] = ContextVar("tandem_writing", default=0)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)

if TYPE_CHECKING:

    class Model(Base):
        __abstract__ = True
else:
    Model = db.Model


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; `next_cursor` None at the end."""

    items: list[T]
    next_cursor: str | None


# A moment as SQL compares with it: itself, or a parameter that is given later.
Moment = datetime | ColumnElement[datetime]


def utcnow() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    """A 24-character id that sorts by creation time (milliseconds) and cannot be guessed (48 random bits)."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(6)}"


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC. Naive values are a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class InTransaction(RuntimeError):
    """A platform was about to be asked while a transaction was open."""


@contextmanager
def atomic() -> Iterator[None]:
    """One transaction: commits at the end, rolls back on any exception. Nested calls join the outer one.

    On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so what is read inside is what will be changed.
    Objects loaded before are expired on entry: they are read afresh inside.
    """
    depth = _writing.get()
    with nullcontext() if depth else _one_writer():
        yield from _transaction(depth)


def _transaction(depth: int) -> Iterator[None]:
    session = db.session
    if depth == 0:
        if session.new or session.dirty or session.deleted:
            raise RuntimeError("changes were made outside atomic()")
        session.rollback()
    token = _writing.set(depth + 1)
    try:
        if depth == 0:
            session.connection()
        yield
        if depth == 0:
            session.commit()
        else:
            session.flush()
    except BaseException:
        if depth == 0:
            session.rollback()
        raise
    finally:
        _writing.reset(token)


@contextmanager
def _one_writer() -> Iterator[None]:
    """On SQLite, which has one lock for all, the threads of a process wait for each other here: the next one goes on at
    once, where SQLite would let them sleep and look again. Other processes still wait for SQLite's own lock."""
    writer = _writer
    mine = db.engine.dialect.name == "sqlite" and writer.acquire(timeout=BUSY)
    try:
        yield
    finally:
        if mine:
            writer.release()


def _forget_writer() -> None:
    """A forked child: whoever held it stayed behind."""
    global _writer
    _writer = threading.Lock()


_writer = threading.Lock()
os.register_at_fork(after_in_child=_forget_writer)


def insert_for(table: type) -> postgresql.Insert | sqlite.Insert:
    """INSERT in the dialect at hand, for its ON CONFLICT clause."""
    return postgresql.insert(table) if db.engine.dialect.name == "postgresql" else sqlite.insert(table)


def in_atomic() -> bool:
    return _writing.get() > 0


def release() -> None:
    """End the read transaction, so that nothing is held while a platform is asked. Not inside atomic()."""
    if in_atomic():
        raise InTransaction("a transaction is open")
    db.session.rollback()


def unhurried() -> None:
    """The present transaction may be silent for longer than SILENCE: it works on files."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def impatient() -> None:
    """The present transaction waits a second for others' locks at most: many wait for it."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL lock_timeout = '1s'"))


def persist(record: Callable[[], T], *, seconds: float = 30) -> T:
    """Do `record`, again and again for `seconds` while the database is busy, away, or broke a deadlock.

    For what must not be lost, such as a platform's answer: `record` must bear being done twice. Anything else that it
    raises is raised at once.
    """
    give_up, pause = time.monotonic() + seconds, 0.05
    while True:
        try:
            return record()
        except DBAPIError as error:
            passing = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
            if not passing or in_atomic() or time.monotonic() + pause > give_up:
                raise
            # The connection may be dead: the next try takes another.
            db.session.remove()
            time.sleep(pause)
            pause = min(pause * 2, 2)


def install_engine_hooks(engine: Engine) -> None:
    """SQLite: WAL, foreign keys, busy time-out, durable commits, and our own BEGIN (pysqlite's is too late).
    PostgreSQL: nobody keeps others waiting who does not work."""
    if engine.dialect.name != "sqlite":
        event.listen(engine, "connect", _limit_silence)
        return

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        busy = f"busy_timeout={BUSY * 1000}"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", busy):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def _limit_silence(connection: Any, _record: Any) -> None:
    connection.execute(f"SET idle_in_transaction_session_timeout = '{SILENCE}s'")
    connection.commit()


def page_of(query: Select[T], key: InstrumentedAttribute[str], cursor: str | None, limit: int) -> Page[T]:
    """One page of `query`, newest id first; `cursor` is the last id seen. At most 200 items."""
    limit = max(1, min(limit, 200))
    if cursor:
        query = query.where(key < cursor)
    rows = list(db.session.scalars(query.order_by(key.desc()).limit(limit + 1)))
    following = str(getattr(rows[limit - 1], key.key)) if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=following)
