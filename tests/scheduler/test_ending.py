"""A scheduler comes up beside a database that is still starting, and ends in order beside one that went away."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import text

from app import create_app
from app.config import Config
from app.db import atomic, db
from app.publishing.models import Worker
from scheduler.__main__ import finish
from tests.app.publishing.kit import Clockwork
from tests.cluster import Cluster
from tests.scheduler.forks import Forks
from tests.scheduler.processes import Processes


def test_what_is_in_flight_is_finished_even_while_no_beat_can_be_recorded(app: Flask) -> None:
    with atomic():
        db.session.execute(text("ALTER TABLE workers RENAME TO workers_away"))
    runtime, recorded = Clockwork.make().runtime, threading.Event()
    runtime.stopping.set()

    def send_and_record() -> None:
        time.sleep(1.5)
        recorded.set()

    runtime.submit(send_and_record, "commit")
    assert finish(runtime)
    assert recorded.is_set()


def test_what_comes_after_the_end_is_left_to_others(app: Flask) -> None:
    runtime = Clockwork.make().runtime
    assert finish(runtime)
    runtime.submit(lambda: None, "check", "account")
    assert (runtime.free(), runtime.held()) == (runtime.threads, {})


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(options="-c fsync=off")
    made.make()
    yield made
    made.remove()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_waits_for_a_database_that_is_still_coming_up(cluster: Cluster, config: Config, forks: Forks) -> None:
    config = replace(config, database_url=cluster.url)
    cluster.start()
    app = create_app(config)
    with app.app_context():
        db.create_all()
        db.engine.dispose()
        cluster.stop()
        processes = Processes(config, "http://127.0.0.1:9", forks)
        try:
            with _deaf(cluster.port) as knocked:
                process = processes.start()
                assert knocked.wait(60), processes.log()
            cluster.start()
            processes.until("a beat", lambda: db.session.query(Worker).count() == 1, 60)
            assert processes.end(process) == 0
        finally:
            processes.kill_all()
            db.session.remove()
            db.engine.dispose()


@contextlib.contextmanager
def _deaf(port: int) -> Iterator[threading.Event]:
    """Something that hangs up on whoever connects there; the event tells that somebody did."""
    knocked = threading.Event()
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(0.2)
        ending = threading.Event()

        def hang_up() -> None:
            while not ending.is_set():
                with contextlib.suppress(TimeoutError):
                    listener.accept()[0].close()
                    knocked.set()

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            yield knocked
        finally:
            ending.set()
            thread.join()
