"""Schedulers that kill or stop themselves at a named step, forked from one process that has imported all.

A step is the moment after a transaction was committed ("saved wechat preparing.save_step 2") or around a call to a
platform ("asking draft/add 1": at the socket, nothing was sent; "answered draft/add 1": the answer is here and nothing
was saved of it). Every step that is reached is written to a file. Only the publisher and the reconciler run: steps of
polling would come in between.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import threading
import traceback
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, configure_mappers
from urllib3.connection import HTTPConnection

# Imported late by the product: here once, and not by each child anew.
import connectors.registry  # noqa: F401
from app.config import load
from app.publishing import claims
from app.publishing.values import Claim
from connectors.http import Answer, Http
from scheduler import __main__ as scheduler
from scheduler import jobs
from scheduler.runtime import Runtime
from tests.kept import KeptApp
from tests.scheduler import rigging

# What these write belongs to no publication.
_ASIDE = ("heartbeats", "ledger", "quotas", "notices", "tallies")
_RUN = ("heartbeat", "reconciler")
# Also writes why the others wait, in however many rounds: it is a step when it took something.
_TAKING = "claim_commits"
_TOGETHER = "batches"
# Seconds that an idle round of these sleeps, and between two looks for what to check: a second each would be the most of a test.
_IDLE = 0.25


class Steps:
    """Counts the steps, writes them down, and sends the process the signal `by` at the one named."""

    def __init__(self, at: str, trace: Path, names: dict[str, str], by: int) -> None:
        self.at, self.trace, self.names, self.by = at, trace, names, by
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def reached(self, name: str) -> None:
        with self._lock:
            self._seen[name] += 1
            step = f"{name} {self._seen[name]}"
            with self.trace.open("a") as out:
                out.write(f"{step}\n")
                out.flush()
            if step == self.at:
                if self.by == signal.SIGSTOP:
                    _let_writers_finish(make_url(os.environ["TANDEM_DATABASE_URL"]))
                # To this very thread: a busy machine may let it go on until another one took the signal.
                signal.pthread_kill(threading.get_ident(), self.by)


def _let_writers_finish(url: URL) -> None:
    """Who stands still in the middle of a transaction would keep SQLite's only lock from everybody."""
    if url.get_backend_name() == "sqlite":
        asked = sqlite3.connect(str(url.database), timeout=60, isolation_level=None)
        asked.execute("BEGIN IMMEDIATE")
        asked.execute("ROLLBACK")
        asked.close()


def _who_saved(names: dict[str, str]) -> str | None:
    """Publication, module and function that opened the transaction; None for what belongs to no publication."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("app.") and module != "app.db":
            short = module.rsplit(".", 1)[1]
            # What is saved for several at once is nobody's own.
            claim = None if short == _TOGETHER else frame.f_locals.get("claim")
            whose = f"{names.get(claim.publication_id, '?')} " if isinstance(claim, Claim) else ""
            return (
                None if short in _ASIDE or frame.f_code.co_name == _TAKING else f"{whose}{short}.{frame.f_code.co_name}"
            )
        frame = frame.f_back
    return None


def install(steps: Steps) -> None:
    """Watch every commit of the process and every call it makes."""
    changed = threading.local()

    @event.listens_for(Session, "before_flush")
    def _flush(session: Session, *_rest: object) -> None:
        changed.yes = bool(session.new or session.dirty or session.deleted) or getattr(changed, "yes", False)

    @event.listens_for(Session, "do_orm_execute")
    def _execute(state: Any) -> None:
        if not state.is_select:
            changed.yes = True

    @event.listens_for(Session, "after_rollback")
    def _undone(_session: Session) -> None:
        changed.yes = False

    @event.listens_for(Session, "after_commit")
    def _saved(_session: Session) -> None:
        # Rounds that found nothing to do are no step.
        who = _who_saved(steps.names) if getattr(changed, "yes", False) else None
        changed.yes = False
        if who is not None:
            steps.reached(f"saved {who}")

    begin, call, take = HTTPConnection.putrequest, Http.call, claims.claim_commits

    def taken(*values: Any, **options: Any) -> list[Claim]:
        found = take(*values, **options)
        if found:
            steps.reached(f"saved claims.{_TAKING}")
        return found

    def asking(self: HTTPConnection, method: str, url: str, *args: Any, **options: Any) -> None:
        steps.reached(f"asking {_call_of(url)}")
        begin(self, method, url, *args, **options)

    def called(self: Http, method: str, url: str, **options: Any) -> Answer:
        answer = call(self, method, url, **options)
        steps.reached(f"answered {_call_of(url)}")
        return answer

    HTTPConnection.putrequest = asking  # type: ignore[method-assign]
    Http.call = called  # type: ignore[method-assign]
    claims.claim_commits = taken


def _call_of(url: str) -> str:
    return "/".join(url.split("?")[0].rstrip("/").split("/")[-2:]).removesuffix(".json")


def only_publishing() -> None:
    """Without the ticks that do not publish; the others in a quick rhythm."""
    whole = jobs.table

    def table(runtime: Runtime) -> list[jobs.Job]:
        return [replace(job, seconds=min(job.seconds, _IDLE)) for job in whole(runtime) if job.name in _RUN]

    jobs.table = table
    scheduler.IDLE, scheduler.LOOK = _IDLE, _IDLE * 0.9


def become_scheduler(order: dict[str, Any]) -> None:
    """In the forked child: the scheduler that gets order["by"] at order["at"], rigged as order["rig"] says."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.environ.update(order["env"])
    sys.argv[1:] = ["--threads", str(order["threads"])]
    kept = made_once(order["env"])
    scheduler.create_app = lambda: kept.for_test(load())  # type: ignore[attr-defined]
    if not order.get("whole"):
        only_publishing()
    if order["trace"]:
        install(Steps(order["at"], Path(order["trace"]), order["names"], order["by"]))
    rigging.rig(**order["rig"])
    try:
        scheduler.main()
    finally:
        # Nothing of the parent's may be cleaned up here; what went wrong stands in the log.
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        os._exit(0)


_made: dict[str, KeptApp] = {}


def made_once(env: dict[str, str]) -> KeptApp:
    """The app for the kind of database that `env` names: made before forking, so that no child takes the time."""
    kind = make_url(env["TANDEM_DATABASE_URL"]).get_backend_name()
    if kind not in _made:
        _made[kind] = KeptApp(load(env))
        configure_mappers()
    return _made[kind]


def serve() -> None:
    """One JSON order a line; answers the process id of the child that carries it out."""
    # Nobody waits for the children: their ends are seen by their ids being gone.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        made_once(order["env"])
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become_scheduler(order)
        print(pid, flush=True)


if __name__ == "__main__":
    serve()
