"""Real databases, a real simulator over HTTP, and no clock but the one a test sets."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy
from flask import Flask
from sqlalchemy.engine import make_url

from app.config import Config
from app.db import db
from tests.kept import EmptyFiles, KeptApp, all_tables

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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a throw-away PostgreSQL cluster (or of TANDEM_TEST_POSTGRES_URL)."""
    given = os.environ.get("TANDEM_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    binaries, home = _postgres_bin(), Path(tempfile.mkdtemp(prefix="tandem-pg-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(home, "postgres", "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    port = free_port()
    run = [*prefix, str(binaries / "pg_ctl"), "-D", str(home / "data"), "-s", "-w"]
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
    subprocess.run(
        [*prefix, str(binaries / "initdb"), "-D", str(home / "data"), "-A", "trust", "-U", "postgres", "-E", "UTF8"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=home,
    )
    subprocess.run([*run, "-o", options, "-l", str(home / "log"), "start"], check=True, cwd=home)
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*run, "-m", "immediate", "stop"], check=True, cwd=home)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def fresh_database(request: pytest.FixtureRequest, home: Path, *, tables: bool = False) -> Iterator[str]:
    """The URL of an empty database of the kind in `request.param`; `tables`: with every table of the models."""
    if request.param == "sqlite":
        if tables:
            request.getfixturevalue("empty_files").copy_to(home / "test.sqlite3")
        yield f"sqlite:///{home / 'test.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    template = f"TEMPLATE {request.getfixturevalue('postgres_template')}" if tables else ""
    name = f"t{uuid.uuid4().hex[:16]}"
    admin = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} {template}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(scope="session")
def kept_apps(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Config], KeptApp]:
    """The app of this process for the kind of database that a configuration names."""
    kept: dict[str, KeptApp] = {}

    def app_for(config: Config) -> KeptApp:
        kind = make_url(config.database_url).get_backend_name()
        if kind not in kept:
            kept[kind] = KeptApp(config)
        return kept[kind]

    return app_for


@pytest.fixture(scope="session")
def empty_files(tmp_path_factory: pytest.TempPathFactory) -> EmptyFiles:
    return EmptyFiles(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database with every table and no row, to be copied."""
    name = f"empty_{uuid.uuid4().hex[:16]}"
    admin = sqlalchemy.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    all_tables(make_url(postgres_server).set(database=name).render_as_string(hide_password=False))
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database of each kind: empty, or with every table for tests that use the app."""
    with fresh_database(request, tmp_path, tables="app" in request.fixturenames) as url:
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


@pytest.fixture
def app(config: Config, kept_apps: Callable[[Config], KeptApp]) -> Iterator[Flask]:
    """The app on a database with every table and no row, inside an application context."""
    application = kept_apps(config).for_test(config)
    with application.app_context():
        yield application
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def now() -> datetime:
    """The frozen clock: 12 July 2026, nine in the morning in Beijing."""
    return NOW
