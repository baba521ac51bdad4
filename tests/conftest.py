"""Real databases, a real simulator over HTTP, and no clock but the one a test sets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, g

from app import create_app
from app.config import Config
from app.db import db
from tests.cluster import Cluster, create_database, drop_database

NOW = datetime(2026, 7, 12, 1, 0, tzinfo=UTC)
ENCRYPTION_KEY = "bm90LWEtc2VjcmV0LW9ubHktZm9yLXRlc3RzLTEyMzQ="


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a throw-away PostgreSQL cluster (or of TANDEM_TEST_POSTGRES_URL)."""
    given = os.environ.get("TANDEM_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # What a test leaves behind need not outlive a power cut.
    cluster = Cluster(options="-c fsync=off -c max_connections=200")
    cluster.make()
    try:
        cluster.start()
        yield cluster.url
    finally:
        cluster.remove()


@contextlib.contextmanager
def fresh_database(request: pytest.FixtureRequest, home: Path) -> Iterator[str]:
    """The URL of an empty database of the kind in `request.param`."""
    if request.param == "sqlite":
        yield f"sqlite:///{home / 'test.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    url = create_database(server)
    yield url
    drop_database(server, url)


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
