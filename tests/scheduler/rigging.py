"""What a forked scheduler finds otherwise than usual: short time-outs, a clock that is wrong, a small disk."""

from __future__ import annotations

import importlib
import pkgutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

import app.publishing
import scheduler.__main__ as main
from app import db
from app.accounts import ledger
from app.gathering import Gathering
from connectors.http import Answer, Http
from scheduler import retry
from scheduler.runtime import Runtime

# Seconds that the impatient wait for an answer.
PATIENCE = 0.6
# How long who saves something waits for company.
MEETING = 5.0


def rig(
    *,
    impatient: tuple[str, ...] = (),
    clock: str = "",
    send_window: float = 0,
    delays: tuple[int, ...] = (),
    pages: int = 0,
    stuck: int = db.SILENCE,
    company: int = 0,
) -> None:
    """Change this process for good.

    `impatient`: the calls (by their ends) whose first answer is not waited for long. `clock`: a file with the seconds
    by which the clock is ahead, read each time. Seconds: until when after its attempt a call may leave,
    how long after a failure it is tried again. `pages`: of SQLite's file, at most. `stuck`: how long
    PostgreSQL keeps a transaction of a process that stands still. `company`: 1: nothing is saved together with
    another; 2 or more: whoever saves waits a moment for so many.
    """
    db.SILENCE = stuck
    _be_impatient(list(impatient))
    if clock:
        _put_clock(Path(clock))
    if send_window:
        _set("SEND_WINDOW", send_window)
    if delays:
        retry.DELAYS = tuple(delays)  # type: ignore[assignment]
    if company == 1:
        Gathering.do = lambda self, asked: self._alone(asked)  # type: ignore[method-assign]
    elif company:
        _await_company(company)
    if pages:
        event.listen(Engine, "connect", lambda connection, _record: _limit(connection, pages))


def _be_impatient(calls: list[str]) -> None:
    call = Http.call

    def asked(self: Http, method: str, url: str, **options: Any) -> Answer:
        for each in calls:
            if url.removesuffix(".json").endswith(each):
                calls.remove(each)
                return call(self, method, url, **{**options, "timeout": PATIENCE})
        return call(self, method, url, **options)

    Http.call = asked  # type: ignore[method-assign]


def _put_clock(ahead: Path) -> None:
    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(ahead.read_text()))

    main.Runtime = lambda **values: Runtime(**{**values, "clock": clock})  # type: ignore[assignment,misc]


def _await_company(number: int) -> None:
    take = Gathering._take

    def patient(self: Gathering[Any, Any], own: Any) -> Any:
        # Calls are counted one by one: only one side looks at its draft before it begins.
        until = time.monotonic() + (0 if self is ledger.COUNTING else MEETING)
        while len(self._waiting) < number and time.monotonic() < until:
            time.sleep(0.01)
        return take(self, own)

    Gathering._take = patient  # type: ignore[method-assign]


def _set(name: str, value: float) -> None:
    """In every module of publishing that knows the constant; it must be known in one."""
    modules = [
        importlib.import_module(f"app.publishing.{m.name}") for m in pkgutil.iter_modules(app.publishing.__path__)
    ]
    knowing = [module for module in modules if hasattr(module, name)]
    if not knowing:
        raise RuntimeError(f"nobody knows {name}")
    for module in knowing:
        setattr(module, name, value)


def _limit(connection: Any, pages: int) -> None:
    connection.execute(f"PRAGMA max_page_count={pages}")
