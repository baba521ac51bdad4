"""Tandem itself: real rows, real `python -m scheduler` processes, on PostgreSQL or SQLite."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, func, select, text, update
from sqlalchemy.engine import Engine, make_url

from app import create_app
from app.config import Config
from app.db import db, utcnow
from app.publishing.models import Publication, Schedule, Worker
from benchmarks.contestant import Contestant, Stage
from benchmarks.filling import fill, publication_id, schedule_id
from benchmarks.servers import until

KEY = "bm90LWEtc2VjcmV0LW9ubHktZm9yLXRlc3RzLTEyMzQ="


def application(url: str, home: Path) -> Flask:
    home.mkdir(parents=True, exist_ok=True)
    config = Config(instance_path=home, database_url=url, secret_key="benchmark", encryption_keys=(KEY,))
    return create_app(config)


def build(url: str, home: Path, total: int) -> None:
    """An empty database made and filled, its statistics known."""
    app = application(url, home)
    with app.app_context():
        db.create_all()
        fill(total, utcnow())
        with db.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
        db.session.remove()
        db.engine.dispose()


class _Tandem(Contestant):
    def __init__(self, stage: Stage, processes: int, threads: int) -> None:
        super().__init__(stage, processes, threads)
        self._engine: Engine | None = None
        self._wanted = range(0)

    def url(self) -> str:
        raise NotImplementedError

    def fresh(self) -> None:
        """The database as it was built, at url()."""
        raise NotImplementedError

    def start(self) -> None:
        self.fresh()
        self._engine = create_engine(self.url())
        environment = {
            "TANDEM_INSTANCE_PATH": str(self.stage.home / "instance"),
            "TANDEM_DATABASE_URL": self.url(),
            "TANDEM_SECRET_KEY": "benchmark",
            "TANDEM_ENCRYPTION_KEYS": KEY,
            "TANDEM_SIMULATOR_URL": self.stage.platform.url,
        }
        for _each in range(self.processes):
            self.spawn(["-m", "scheduler", "--threads", str(self.threads)], **environment)
        until("schedulers", lambda: self._scalar(select(func.count()).select_from(Worker)) == self.processes, 120)

    def plan(self, due: float, wanted: range) -> None:
        at = datetime.fromtimestamp(due, UTC)
        posts = range(wanted.start // 2, wanted.stop // 2)
        self._wanted = wanted
        assert self._engine is not None
        with self._engine.begin() as connection:
            connection.execute(
                update(Schedule)
                .where(Schedule.id.between(schedule_id(posts.start), schedule_id(posts.stop - 1)))
                .values(publish_at=at, prepare_from=at - timedelta(minutes=10))
            )
            connection.execute(
                update(Publication)
                .where(Publication.id.between(publication_id(wanted.start), publication_id(wanted.stop - 1)))
                .values(due_at=at, late_from=at, next_attempt_at=at)
            )

    def recorded(self) -> int:
        first, last = publication_id(self._wanted.start), publication_id(self._wanted.stop - 1)
        published = (Publication.id.between(first, last), Publication.status == "published")
        return int(self._scalar(select(func.count()).select_from(Publication).where(*published)))

    def stop(self) -> None:
        super().stop()
        if self._engine is not None:
            self._engine.dispose()

    def _scalar(self, query: Any) -> Any:
        assert self._engine is not None
        with self._engine.connect() as connection:
            return connection.scalar(query)


class TandemPostgres(_Tandem):
    name = "tandem-postgresql"
    database = "tandem_run"

    def url(self) -> str:
        assert self.stage.postgres is not None
        plain = self.stage.postgres.dsn(self.database)
        return make_url(plain).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    def fresh(self) -> None:
        postgres = self.stage.postgres
        assert postgres is not None
        if not postgres.rows("SELECT 1 FROM pg_database WHERE datname = 'tandem_base'"):
            postgres.execute("CREATE DATABASE tandem_base")
            url = make_url(postgres.dsn("tandem_base")).set(drivername="postgresql+psycopg")
            build(url.render_as_string(hide_password=False), self.stage.home / "building", self.stage.total)
        postgres.copy("tandem_base", self.database)


class TandemSqlite(_Tandem):
    name = "tandem-sqlite"

    def url(self) -> str:
        return f"sqlite:///{self.stage.home / 'run.sqlite3'}"

    def fresh(self) -> None:
        base = self.stage.home / "base.sqlite3"
        if not base.exists():
            build(f"sqlite:///{base}", self.stage.home / "building", self.stage.total)
        for path in self.stage.home.glob("run.sqlite3*"):
            path.unlink()
        shutil.copy(base, self.stage.home / "run.sqlite3")
