"""PostgreSQL ends a session that is silent in the middle of a transaction; what it was to record is recorded again."""

from __future__ import annotations

import threading
import time

import pytest
from flask import Flask
from sqlalchemy import text

from app.db import atomic, db, persist, unhurried

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def impatient(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Silence is borne for one second by connections that are made from now on."""
    monkeypatch.setattr("app.db.SILENCE", 1)
    db.session.remove()
    db.engine.dispose()
    return app


def test_what_a_silent_one_had_locked_is_free_and_it_does_its_work_again(impatient: Flask) -> None:
    tries: list[str] = []
    frozen, others = threading.Event(), threading.Event()

    def record() -> None:
        with atomic():
            tries.append("locked")
            if len(tries) == 1:
                db.session.execute(text("LOCK TABLE units IN ACCESS EXCLUSIVE MODE"))
                frozen.set()
                # Frozen until somebody else got on: without an end to its session that would be never.
                assert others.wait(30)
            db.session.execute(text("SELECT 1"))

    def get_on() -> None:
        frozen.wait(30)
        with impatient.app_context():
            db.session.execute(text("SELECT count(*) FROM units"))
        others.set()

    thread = threading.Thread(target=get_on)
    thread.start()
    persist(record)
    thread.join()
    assert len(tries) == 2


def test_who_works_on_files_may_be_silent(impatient: Flask) -> None:
    with atomic():
        unhurried()
        time.sleep(2.5)
        db.session.execute(text("SELECT 1"))
