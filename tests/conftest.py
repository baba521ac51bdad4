"""Real databases, a real simulator over HTTP, and no clock but the one a test sets."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy
from flask import Flask, g
from sqlalchemy.engine import make_url

from app import create_app
from app.config import Config
from app.db import db

NOW = datetime(2026, 7, 12, 1, 0, tzinfo=UTC)
ENCRYPTION_KEY = "bm90LWEtc2VjcmV0LW9ubHktZm9yLXRlc3RzLTEyMzQ="


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail("PostgreSQL is not installed: bin/test installs Debian's package postgresql")
    return found[-1].parent


@dataclass(frozen=True)
class Postgres:
    """A throw-away PostgreSQL cluster in `home`."""

    home: Path
    port: int
    options: str
    limits: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self.control("-o", self.options, "-l", str(self.home / "log"), "start")

    def restart(self, mode: str) -> None:
        """As pg_ctl's -m: "fast" ends every connection, "immediate" is a crash."""
        self.control("-m", mode, "-o", self.options, "-l", str(self.home / "log"), "restart")

    def control(self, *order: str) -> None:
        """pg_ctl, waiting until it is done. The server will not run as root."""
        run = [*self.limits, str(_postgres_bin() / "pg_ctl"), "-D", str(self.home / "data"), "-s", "-w", *order]
        subprocess.run([*_unprivileged(), *run], check=True, cwd=self.home)


def _unprivileged() -> list[str]:
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@contextlib.contextmanager
def postgres_cluster(*initdb: str, limits: tuple[str, ...] = ()) -> Iterator[Postgres]:
    """A cluster of one's own. `limits`: the command that starts it limited."""
    home = Path(tempfile.mkdtemp(prefix="tandem-pg-"))
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")
    port = free_port()
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    made = Postgres(home, port, options, limits)
    command = [str(_postgres_bin() / "initdb"), "-D", str(home / "data"), "-A", "trust", "-U", "postgres", "-E", "UTF8"]
    subprocess.run([*_unprivileged(), *command, *initdb], check=True, stdout=subprocess.DEVNULL, cwd=home)
    made.start()
    try:
        yield made
    finally:
        made.control("-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a throw-away PostgreSQL cluster (or of TANDEM_TEST_POSTGRES_URL)."""
    given = os.environ.get("TANDEM_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with postgres_cluster() as made:
        yield made.url


@contextlib.contextmanager
def fresh_database(request: pytest.FixtureRequest, home: Path) -> Iterator[str]:
    """The URL of an empty database of the kind in `request.param`."""
    if request.param == "sqlite":
        yield f"sqlite:///{home / 'test.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"t{uuid.uuid4().hex[:16]}"
    admin = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, empty database of each kind."""
    with fresh_database(request, tmp_path) as url:
        yield url


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """Tests that need other settings use dataclasses.replace on it."""
    return Config(
        instance_path=tmp_path,
        database_url=database_url,
        secret_key="test",
        encryption_keys=(ENCRYPTION_KEY,),
        public_url="http://127.0.0.1:8000",
    )


def _forget_last_request() -> None:
    """Requests of a test share its context and so `g`: who asked last must not be who asks now."""
    g.__dict__.clear()


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """An app on an empty database, inside an application context."""
    application = create_app(config)
    application.testing = True
    # Requests share the context below and so its `g`: who asked last must not be who asks now.
    application.before_request_funcs.setdefault(None, []).insert(0, lambda: g.__dict__.clear())  # noqa: PLW0108
    with application.app_context():
        db.create_all()
        yield application
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def now() -> datetime:
    """The frozen clock: 12 July 2026, nine in the morning in Beijing."""
    return NOW
