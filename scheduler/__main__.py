"""python -m scheduler: ticks from the table, the publisher's loop, and an orderly end."""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from app import create_app, logs
from app.config import current
from app.db import persist, release, utcnow
from app.publishing import claims, heartbeats
from app.system import agenda
from app.waking import stop_listening, wait_for_wake
from scheduler import jobs, publisher
from scheduler.heart import Beating
from scheduler.runtime import THREADS, Runtime

log = structlog.get_logger()

# What goes on while the process ends.
_TO_THE_END = ("heartbeat", "goodbye")
# How long SIGTERM waits for what is in flight: longer than one call may take.
PATIENCE = 50
# How long a last beat that hangs in the database is waited for.
BEAT_AT_MOST = 5
# Between two rounds that find more due than there is room for.
PAUSE = 0.02
# Seconds between two looks at all that may be due: less than an idle round sleeps.
LOOK = 0.9
# Seconds that an idle round sleeps.
IDLE = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scheduler", description="Tandem's clock; any number may run.")
    parser.add_argument("--threads", type=int, default=THREADS, help="calls to platforms at a time")
    options = parser.parse_args()
    app = create_app()
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    runtime = Runtime(worker=name, context=app.app_context, clock=utcnow, threads=options.threads)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: runtime.stopping.set())
    logs.begin(worker=name)
    ticks = start_ticks(runtime)
    beating = Beating(lambda: _run(runtime, "heartbeat", lambda: jobs.beat(runtime)), runtime.heart.seconds)
    beating.start()
    log.info("scheduler started")
    try:
        loop(runtime, ticks)
    finally:
        ticks.shutdown(wait=False)
        finished = finish(runtime)
        # After the goodbye none may come.
        beating.stop(BEAT_AT_MOST)
        # Unheard, it is taken for dead after three missed beats.
        _run(runtime, "goodbye", lambda: _say_goodbye(runtime))
        runtime.close()
        stop_listening()
        log.info("scheduler stopped", finished=finished)


def _say_goodbye(runtime: Runtime) -> None:
    jobs.beat(runtime)
    heartbeats.stop_worker(runtime.worker, runtime.clock())


def finish(runtime: Runtime) -> bool:
    """Let what is in flight end, beating meanwhile, so that nobody takes it over; True when all of it did."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if runtime.wait_idle(1):
            return True
        # Even without the database: what is in flight gets its time to be recorded.
        _run(runtime, "heartbeat", lambda: jobs.beat(runtime))
    return False


def start_ticks(runtime: Runtime) -> BackgroundScheduler:
    """APScheduler only ticks; its job store holds nothing that must survive."""
    # A tick that still runs when its next one is due is no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    ticks = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(8)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone="UTC",
    )
    with runtime.context():
        table = jobs.table(runtime)
        runtime.heart.seconds = max(1, current().heartbeat_seconds)
        runtime.heart.begin(runtime.clock())
        # Started together with a database that is still coming up.
        persist(lambda: jobs.beat(runtime))
    for job in table:
        ticks.add_job(
            partial(_run, runtime, job.name, job.run),
            "interval",
            seconds=job.seconds,
            next_run_time=utcnow(),
            id=job.name,
            name=job.name,
        )
    ticks.start()
    return ticks


def loop(runtime: Runtime, ticks: BackgroundScheduler) -> None:
    """Publish what is due, start the ticks that have something to do, then sleep until the next row or a wake-up, one second at
    most."""
    lookout = Lookout(runtime, ticks)
    while not runtime.stopping.is_set():
        try:
            # Leaving the context ends its transaction: that fails, too, when the database went away meanwhile.
            with runtime.context():
                _look_and_wait(runtime, lookout)
        except Exception:
            # The database is away or busy: the rows are the schedule, nothing is lost by looking again.
            log.exception("publisher round failed")
            runtime.stopping.wait(1)


def _look_and_wait(runtime: Runtime, lookout: Lookout) -> None:
    now = runtime.clock()
    due, timeout = lookout.look(now), IDLE
    runtime.note_look(due, now)
    if due is not None and due <= now:
        due = publisher.work(runtime, now)
    if due is not None:
        timeout = max(0.0, (due - runtime.clock()).total_seconds())
    timeout = min(timeout, lookout.rest())
    # Nothing may hold its locks while it waits.
    release()
    if runtime.stopping.is_set():
        return
    if timeout > 0:
        wait_for_wake(timeout, runtime.done)
    else:
        # More is due than there is room for: what ends makes room, no news does.
        runtime.wait_room(PAUSE, 0.2)


class Lookout:
    """The one question of a round with nothing to do."""

    def __init__(self, runtime: Runtime, ticks: BackgroundScheduler) -> None:
        self._runtime, self._ticks = runtime, ticks
        self._again = 0.0
        self._until = 0.0

    def look(self, now: datetime) -> datetime | None:
        """When the publisher's next row is due, or None; the ticks that have something to do are started. Busy rounds, of which
        there are many a second, ask for the rows alone."""
        at = time.monotonic()
        if at < self._again:
            self._until = self._again
            return claims.next_due(now)
        self._again, self._until = at + LOOK, at + IDLE
        try:
            found = agenda.look(now)
        except Exception:
            # Whatever is the matter with the others' tables: publishing goes on, and they find out for themselves.
            log.exception("agenda not read")
            release()
            self._hurry(agenda.ASKED)
            return claims.next_due(now)
        self._hurry(found.ticks)
        return found.publish_at

    def rest(self) -> float:
        """Seconds until the next round at the latest: after one that asked for the rows alone, as soon as all may be looked at
        again, so that a wake-up between two looks delays nobody."""
        return max(PAUSE, self._until - time.monotonic())

    def _hurry(self, names: Iterable[str]) -> None:
        for name in names:
            job = self._ticks.get_job(name)
            if job is not None:
                job.modify(next_run_time=utcnow())


def _run(runtime: Runtime, name: str, run: Callable[[], object]) -> None:
    if runtime.stopping.is_set() and name not in _TO_THE_END:
        return
    logs.begin(worker=runtime.worker, job=name)
    try:
        with runtime.context():
            run()
    except Exception:
        log.exception("tick failed", thread=threading.current_thread().name)


if __name__ == "__main__":
    main()
