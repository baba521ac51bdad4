"""Real databases, a real simulator over HTTP, and no clock but the one a test sets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy.engine import make_url
from xdist.remote import Producer

from app.config import Config
from app.db import db
from tests.cluster import create_database, drop_database, running_cluster
from tests.grouping import Groups, arrange
from tests.kept import EmptyFiles, KeptApp, empty_database

NOW = datetime(2026, 7, 12, 1, 0, tzinfo=UTC)
ENCRYPTION_KEY = "bm90LWEtc2VjcmV0LW9ubHktZm9yLXRlc3RzLTEyMzQ="


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    arrange(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    return Groups(config, log)


@pytest.fixture(scope="session", autouse=True)
def _quick_hashes() -> Iterator[None]:
    """Argon2id still, but without the deliberate slowness."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.units.passwords._hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a throw-away PostgreSQL cluster (or of TANDEM_TEST_POSTGRES_URL)."""
    given = os.environ.get("TANDEM_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with running_cluster() as cluster:
        yield cluster.url


@contextlib.contextmanager
def fresh_database(request: pytest.FixtureRequest, home: Path, *, tables: bool = False) -> Iterator[str]:
    """The URL of an empty database of the kind in `request.param`; `tables`: with every table of the models."""
    if request.param == "sqlite":
        if tables:
            request.getfixturevalue("empty_files").copy_to(home / "test.sqlite3")
        yield f"sqlite:///{home / 'test.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    if tables:
        kept = empty_database(server)
        kept.empty()
        yield kept.url
        return
    url = create_database(server)
    yield url
    drop_database(server, url)


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
