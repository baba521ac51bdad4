"""What a test process makes once and every test uses afresh: the app, and an empty database with all tables.

Binding some two hundred routes and making some sixty tables costs more than most tests. So one app of each kind of
database is kept, put back as it was made, and pointed at the test's own database: a copy of an empty one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import copy
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy
from cryptography.fernet import Fernet, MultiFernet
from flask import Flask, g
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from app import CAPABILITIES, ROOT, create_app, logs
from app.config import Config
from app.db import db
from tests.cluster import create_database

# Flask's registers that a test may add to.
_REGISTERS = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "template_context_processors",
)


class KeptApp:
    """An app, and the state in which create_app() left it."""

    def __init__(self, config: Config) -> None:
        self.app = create_app(config)
        self.app.testing = True
        # Requests of a test share its context and so its `g`: who asked last must not be who asks now.
        self.app.before_request_funcs.setdefault(None, []).insert(0, lambda: g.__dict__.clear())  # noqa: PLW0108
        with self.app.app_context():
            self.engine = db.engine
        _follow_its_url(self.engine)
        self._config, self._extensions = dict(self.app.config), dict(self.app.extensions)
        self._registers = {name: _copied(getattr(self.app, name)) for name in _REGISTERS}
        self._wsgi_app = self.app.wsgi_app

    def for_test(self, config: Config) -> Flask:
        """The app as it was made, with this test's settings and database."""
        app = self.app
        app.config.clear()
        app.config.update(self._config, SQLALCHEMY_DATABASE_URI=config.database_url)
        app.extensions.clear()
        app.extensions.update(self._extensions, tandem_config=config, tandem_cipher=_cipher(config))
        for name, standing in self._registers.items():
            register = getattr(app, name)
            register.clear()
            register.update(_copied(standing))
        app.wsgi_app = self._wsgi_app  # type: ignore[method-assign]
        app.instance_path = str(config.instance_path)
        self.engine.dispose()
        self.engine.url = make_url(config.database_url)
        # It writes to the standard error of the test that runs now.
        logs.configure()
        return app


def _follow_its_url(engine: Engine) -> None:
    """New connections go wherever engine.url points by then; what was compiled for earlier tests stays of use."""

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        arguments[:], options = dialect.create_connect_args(engine.url)
        named.update(options)


def _cipher(config: Config) -> MultiFernet:
    return MultiFernet([Fernet(key.encode()) for key in config.encryption_keys])


def _copied(register: dict[Any, list[Callable[..., Any]]]) -> dict[Any, list[Callable[..., Any]]]:
    return {scope: copy(functions) for scope, functions in register.items()}


def all_tables(url: str) -> None:
    """Every table of the models in the empty database at `url`."""
    for name in CAPABILITIES:
        if (ROOT / "app" / name / "models.py").exists():
            import_module(f"app.{name}.models")
    engine = sqlalchemy.create_engine(url)
    db.metadata.create_all(engine)
    engine.dispose()


@cache
def template_of(server: str) -> str:
    """The name of a database on the server with every table and no row, to be copied."""
    url = create_database(server)
    all_tables(url)
    return str(make_url(url).database)


class EmptyDatabase:
    """One PostgreSQL database of this process with every table, emptied for each test: copying one takes a second."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._make()

    def _make(self) -> None:
        server = self._server
        self.url = create_database(server, template=template_of(server))
        # Connected each time: a test may restart the server.
        self._admin = sqlalchemy.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
        # Foreign keys are triggers, which do not fire on a replica: the order does not matter then.
        emptied = ["SET session_replication_role = replica", *(f'DELETE FROM "{name}"' for name in self._names("r"))]  # noqa: S608
        emptied += [f'ALTER SEQUENCE "{name}" RESTART' for name in self._names("S")]
        self._statement = "; ".join(emptied)

    def empty(self) -> None:
        """Nobody is connected and no row is left."""
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with self._admin.connect() as connection:
            while connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) {others}").all():
                pass
            try:
                connection.exec_driver_sql(self._statement)
            except sqlalchemy.exc.ProgrammingError:
                # A test dropped a table: it keeps that database, the next one gets another.
                self._make()

    def _names(self, kind: str) -> list[str]:
        """Of what is in the schema of this kind: r tables, S sequences."""
        asked = f"SELECT relname FROM pg_class WHERE relkind = '{kind}' AND relnamespace = 'public'::regnamespace"  # noqa: S608
        with self._admin.connect() as connection:
            return list(connection.exec_driver_sql(asked).scalars())


@cache
def empty_database(server: str) -> EmptyDatabase:
    """The one of this process on the server."""
    return EmptyDatabase(server)


class EmptyFiles:
    """Copies of one SQLite file that holds every table and no row."""

    def __init__(self, home: Path) -> None:
        self._made = home / "empty.sqlite3"
        all_tables(f"sqlite:///{self._made}")

    def copy_to(self, path: Path) -> None:
        shutil.copyfile(self._made, path)
