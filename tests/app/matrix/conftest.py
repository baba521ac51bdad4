"""The world, built once for each process on SQLite: who may do what does not depend on the database."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from app.config import Config
from app.db import db, utcnow
from app.units.models import User
from tests.app.matrix.calling import differences
from tests.app.matrix.world import COOKIE, NOBODY, TOKEN, World, build
from tests.conftest import ENCRYPTION_KEY
from tests.kept import EmptyFiles, KeptApp

_RAW = "0" * 40


@dataclass
class Kept:
    """The world as it was built: the database file and the directory of media."""

    world: World
    home: Path


@pytest.fixture(scope="session")
def kept_world(builder: Callable[[World], Kept]) -> Kept:
    return builder(World(utcnow()))


@pytest.fixture(scope="session")
def builder(
    tmp_path_factory: pytest.TempPathFactory,
    kept_apps: Callable[[Config], KeptApp],
    empty_files: EmptyFiles,
    _quick_hashes: None,
) -> Callable[[World], Kept]:
    """Builds a world in a directory of its own."""

    def build_in(world: World) -> Kept:
        home = tmp_path_factory.mktemp("world")
        empty_files.copy_to(home / "test.sqlite3")
        config = _config(home)
        app = kept_apps(config).for_test(config)
        with app.app_context():
            build(world)
            db.session.remove()
            db.engine.dispose()
        return Kept(world, home)

    return build_in


def _config(home: Path) -> Config:
    return Config(
        instance_path=home,
        database_url=f"sqlite:///{home / 'test.sqlite3'}",
        secret_key="test",
        encryption_keys=(ENCRYPTION_KEY,),
        public_url="http://127.0.0.1:8000",
        # Nobody is there: whatever asks a platform is refused at once.
        simulator_url="http://127.0.0.1:9",
    )


class Door:
    """Calls the app as one of the world's people, and puts the world back after whoever changed it."""

    def __init__(self, app: Flask, kept: Kept, home: Path) -> None:
        self.app, self.world, self._kept, self._home = app, kept.world, kept, home
        # A test's file need not outlast a power cut.
        event.listen(db.engine, "connect", careless)
        db.engine.dispose()
        self._client: FlaskClient = app.test_client(use_cookies=False)
        self._serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        self.csrf = str(URLSafeTimedSerializer("test", salt="wtf-csrf-token").dumps(_RAW))
        self.forged = str(URLSafeTimedSerializer("another", salt="wtf-csrf-token").dumps("1" * 40))
        self._cookies = {name: self._cookie(name) for name in self.world.people}
        # Nobody has a page open too, with its token.
        self._cookies[NOBODY] = str(self._serializer.dumps({"csrf_token": _RAW, "locale": "zh_CN"}))
        self._watch = self._connect()
        self._seen = self._version()
        self.calls = 0

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._home / "test.sqlite3", isolation_level=None)

    def _version(self) -> int:
        """Changes whenever somebody else has committed to the database."""
        return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def _cookie(self, name: str) -> str:
        user = db.session.get_one(User, self.world.ids[f"{name}_user"])
        values = {"_user_id": user.get_id(), "sid": COOKIE.format(name=name), "csrf_token": _RAW, "locale": "zh_CN"}
        return str(self._serializer.dumps(values))

    def ask(
        self, who: str, method: str, path: str, *, csrf: str | None = None, token: str = "", **sent: Any
    ) -> TestResponse:
        """The answer to `who`: by bearer token under /api/, elsewhere by a browser's session with its CSRF token."""
        headers = Headers(sent.pop("headers", None))
        if path.startswith("/api/"):
            if who != NOBODY or token:
                headers["Authorization"] = f"Bearer {token or TOKEN.format(name=who)}"
        else:
            headers["Cookie"] = f"session={self._cookies[who]}"
            if method not in ("GET", "HEAD") and (given := self.csrf if csrf is None else csrf):
                headers["X-CSRFToken"] = given
        self.calls += 1
        answer = self._client.open(path, method=method, headers=headers, **sent)
        answer.get_data()
        answer.close()
        db.session.remove()
        return answer

    def wrote(self) -> bool:
        """Whether anything was written since the world was put back, or its state accepted."""
        return self._version() != self._seen

    def tidy(self) -> None:
        """The world is as it was built."""
        if self.wrote():
            self.put_back()

    def accept(self) -> None:
        """What was written is part of the test."""
        db.session.remove()
        self._seen = self._version()

    def changed(self) -> frozenset[str]:
        """The tables whose rows are others than when the world was built; it is put back."""
        if not self.wrote():
            return frozenset()
        found = differences(str(self._kept.home / "test.sqlite3"), str(self._home / "test.sqlite3"))
        self.put_back()
        return frozenset(found)

    def keep(self) -> None:
        """The world as it is now is what put_back() brings back."""
        self._watch.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self._home / "test.sqlite3", self._kept.home / "test.sqlite3")

    def put_back(self) -> None:
        self._watch.close()
        db.session.remove()
        db.engine.dispose()
        for name in ("test.sqlite3-wal", "test.sqlite3-shm"):
            (self._home / name).unlink(missing_ok=True)
        shutil.copyfile(self._kept.home / "test.sqlite3", self._home / "test.sqlite3")
        self._watch = self._connect()
        self._seen = self._version()

    def said(self, answer: Response | TestResponse) -> list[tuple[str, str]]:
        """What a redirect will say on the next page: (kind, words)."""
        cookies = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("session=")]
        if not cookies:
            return []
        kept = self._serializer.loads(cookies[-1].partition("=")[2].partition(";")[0])
        return [(str(kind), str(words)) for kind, words in kept.get("_flashes", [])]

    def follow(self, who: str, answer: TestResponse) -> TestResponse:
        """Where a redirect leads, in the browser that was sent there."""
        cookies = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("session=")]
        kept = cookies[-1].partition(";")[0] if cookies else f"session={self._cookies[who]}"
        return self._client.get(answer.headers["Location"], headers={"Cookie": kept})

    def close(self) -> None:
        self._watch.close()
        event.remove(db.engine, "connect", careless)


def careless(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="module")
def opening(
    kept_apps: Callable[[Config], KeptApp], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Kept], AbstractContextManager[Door]]:
    @contextmanager
    def opened(kept: Kept) -> Iterator[Door]:
        home = tmp_path_factory.mktemp("door")
        shutil.copytree(kept.home, home, dirs_exist_ok=True)
        config = _config(home)
        app = kept_apps(config).for_test(config)
        with app.app_context():
            door = Door(app, kept, home)
            yield door
            door.close()
            db.session.remove()
            db.engine.dispose()

    return opened


@pytest.fixture(scope="module")
def door(kept_world: Kept, opening: Callable[[Kept], AbstractContextManager[Door]]) -> Iterator[Door]:
    """The world, for one module's tests."""
    with opening(kept_world) as door:
        yield door
