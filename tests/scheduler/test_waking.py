"""The publisher sleeps until something is due, and is woken when somebody plans something."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask

from app.db import atomic, db
from app.waking import stop_listening, wait_for_wake, wake
from scheduler.runtime import Runtime
from tests.app.publishing.kit import Clockwork
from tests.patience import PATIENCE


@pytest.fixture(autouse=True)
def _deaf_afterwards() -> Iterator[None]:
    yield
    stop_listening()


def test_it_sleeps_no_longer_than_told(app: Flask) -> None:
    start = time.monotonic()
    assert wait_for_wake(0.2, threading.Event()) is False
    assert time.monotonic() - start > 0.15


def test_planning_wakes_a_sleeper_of_another_process(app: Flask) -> None:
    """PostgreSQL tells everybody at commit; on SQLite only this process's own work ends the sleep."""
    here, told = threading.Event(), db.engine.dialect.name == "postgresql"
    wait_for_wake(0.01, here)

    def plan() -> None:
        time.sleep(0.2)
        with app.app_context(), atomic():
            wake()
        if not told:
            here.set()

    thread = threading.Thread(target=plan)
    thread.start()
    assert wait_for_wake(PATIENCE, here) is True
    thread.join()
    assert not here.is_set()


def test_finished_work_ends_the_sleep_and_faults_are_not_lost(app: Flask) -> None:
    runtime: Runtime = Clockwork.make().runtime

    def broken() -> None:
        raise ZeroDivisionError

    runtime.submit(broken, "broken")
    assert runtime.done.wait(5)
    assert runtime.wait_idle(5)
    assert runtime.free() == runtime.threads
