"""How long one round of the publisher takes with more and more rows waiting for a later hour: it must not grow."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.engine import make_url

from app.db import atomic, db, utcnow
from app.posts.models import Post, Revision, Variant
from app.publishing.models import Publication, Schedule
from benchmarks.filling import publication_id, schedule_id
from benchmarks.servers import Postgres
from benchmarks.tandem import application, build
from scheduler import publisher
from scheduler.runtime import Runtime

LEVELS = (100, 1_000, 10_000, 100_000)
# Deliveries due in one round, and rounds of each level.
AT_ONCE, ROUNDS = 64, 7
# One platform may have all but a sixteenth of a pool.
THREADS = AT_ONCE + AT_ONCE // 15 + 1
TOTAL = AT_ONCE * ROUNDS * len(LEVELS)


class _Idle(Runtime):
    """Takes what is claimed and does nothing with it: only the round itself is timed."""

    taken = 0

    def submit(self, work: Callable[[], None], name: str, account_id: str = "") -> None:
        self.taken += 1


def measure(home: Path, postgres: Postgres | None, levels: tuple[int, ...] = LEVELS) -> list[dict[str, Any]]:
    """[{store, waiting, round_ms, idle_ms}, …] on PostgreSQL, or on SQLite without one."""
    if postgres is None:
        store, url = "sqlite", f"sqlite:///{home / 'growth.sqlite3'}"
    else:
        postgres.execute("DROP DATABASE IF EXISTS growth")
        postgres.execute("CREATE DATABASE growth")
        plain = make_url(postgres.dsn("growth")).set(drivername="postgresql+psycopg")
        store, url = "postgresql", plain.render_as_string(hide_password=False)
    build(url, home / "growing", TOTAL)
    app = application(url, home / "growing")
    found, had = [], 0
    with app.app_context():
        runtime = _Idle(worker="growth", context=partial(_nothing, app), clock=utcnow, threads=THREADS)
        for at, waiting in enumerate(levels):
            _add(had, waiting)
            had = waiting
            found.append({"store": store, "waiting": waiting, **_rounds(runtime, at * ROUNDS)})
        runtime.close()
        db.session.remove()
        db.engine.dispose()
    return found


def _nothing(app: Any) -> AbstractContextManager[object]:
    context: AbstractContextManager[object] = app.app_context()
    return context


def _rounds(runtime: _Idle, first: int) -> dict[str, Any]:
    """Medians in milliseconds: a round with 64 deliveries due, and one with none."""
    idle, busy = [_timed(runtime) for _each in range(ROUNDS)], []
    for number in range(first, first + ROUNDS):
        _make_due(range(number * AT_ONCE, (number + 1) * AT_ONCE))
        runtime.taken = 0
        busy.append(_timed(runtime))
        if runtime.taken != AT_ONCE:
            raise RuntimeError(f"{runtime.taken} claimed of {AT_ONCE}")
    return {"round_ms": median(busy), "idle_ms": median(idle)}


def _timed(runtime: _Idle) -> float:
    db.session.remove()
    begun = time.perf_counter()
    publisher.tick(runtime, runtime.clock())
    return (time.perf_counter() - begun) * 1000


def _make_due(wanted: range) -> None:
    at = utcnow()
    first, last = wanted.start // 2, wanted.stop // 2 - 1
    with atomic():
        db.session.execute(
            update(Schedule)
            .where(Schedule.id.between(schedule_id(first), schedule_id(last)))
            .values(publish_at=at, prepare_from=at - timedelta(minutes=10))
        )
        db.session.execute(
            update(Publication)
            .where(Publication.id.between(publication_id(wanted.start), publication_id(wanted.stop - 1)))
            .values(due_at=at, late_from=at, next_attempt_at=at)
        )


def _add(had: int, waiting: int) -> None:
    """Rows waiting for another day, up to `waiting`: copies of the last post's rows, made in the database."""
    last = TOTAL // 2 - 1
    posts = {"first": had // 2, "after": waiting // 2}
    with atomic():
        for statement in (
            _copy(Post, f"o{last:023d}", {"id": "'wo' || n", "slug": "'ws' || n", "revision_id": "'wr' || n"}),
            _copy(Revision, f"r{last:023d}", {"id": "'wr' || n", "post_id": "'wo' || n"}),
            *(
                _copy(
                    Variant,
                    f"v{2 * last + side:023d}",
                    {"id": f"'wv{side}' || n", "revision_id": "'wr' || n", "mark": f"'wm{side}' || n"},
                )
                for side in (0, 1)
            ),
            _copy(Schedule, schedule_id(last), {"id": "'wc' || n", "post_id": "'wo' || n", "revision_id": "'wr' || n"}),
            *(
                _copy(
                    Publication,
                    publication_id(2 * last + side),
                    {
                        "id": f"'wp{side}' || n",
                        "post_id": "'wo' || n",
                        "schedule_id": "'wc' || n",
                        "variant_id": f"'wv{side}' || n",
                        "mark": f"'wm{side}' || n",
                    },
                )
                for side in (0, 1)
            ),
        ):
            db.session.execute(text(statement), posts)
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def _copy(model: Any, source: str, own: dict[str, str]) -> str:
    """Rows number :first to :after - 1 like the row `source`, but for the columns in `own`."""
    columns = [column.name for column in model.__table__.columns]
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(own.get(name, f's."{name}"') for name in columns)
    table = model.__tablename__
    series = "WITH RECURSIVE numbers(n) AS (SELECT CAST(:first AS integer) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :after)"
    # On PostgreSQL and SQLite alike, WITH goes before SELECT.
    return f"INSERT INTO {table} ({names}) {series} SELECT {values} FROM numbers, {table} AS s WHERE s.id = '{source}'"  # noqa: S608
