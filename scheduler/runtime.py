"""What one scheduler process is: its name, its clock, its pool of threads, and how a thread enters the app."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import structlog

from app import logs
from app.db import persist
from app.gathering import Gathering
from app.publishing import batches, committing
from app.publishing.batches import Answer
from app.publishing.committing import Started
from app.publishing.heartbeats import Load
from app.publishing.turns import Turns
from app.publishing.values import Claim
from scheduler.heart import Heart

log = structlog.get_logger()

THREADS = 48
# Longer than any piece of work takes: whatever is still in hand then hangs.
KEPT_FOR = timedelta(minutes=10)
Kept = Literal["publication", "reply"]


@dataclass
class Runtime:
    """`context()` is entered around every piece of work; `clock()` tells aware UTC."""

    worker: str
    context: Callable[[], AbstractContextManager[object]]
    clock: Callable[[], datetime]
    threads: int = THREADS
    stopping: threading.Event = field(default_factory=threading.Event)
    # Set when a piece of work ended: what it left may be due at once.
    done: threading.Event = field(default_factory=threading.Event)
    heart: Heart = field(default_factory=Heart)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="tandem")
        self._busy = 0
        self._by_name: Counter[str] = Counter()
        self._by_account: Counter[str] = Counter()
        # Claimed and in hand here, by what kind of row it is; since when.
        self._kept: dict[tuple[Kept, str], datetime] = {}
        # Whose turn it is, of each kind of work.
        self.commits, self.preparations, self.checks = (Turns(self.worker, self.held) for _kind in range(3))
        # What is begun or answered at the same moment is saved together.
        self.begun: Gathering[Claim, Started | None] = Gathering(
            lambda claims: batches.begin_all(claims, self.worker, self.clock()),
            lambda claim: committing.begin(claim, self.worker, self.clock()),
        )
        self.answered: Gathering[Answer, None] = Gathering(
            lambda answers: batches.record_all(answers, self.clock()), _record
        )
        self._looked_at: datetime | None = None
        self._lag = 0.0
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)

    def note_look(self, due: datetime | None, now: datetime) -> None:
        """The publisher looked; `due` is the hour of the most overdue thing it found."""
        with self._lock:
            self._looked_at = now
            self._lag = max(self._lag, (now - due).total_seconds() if due is not None else 0.0)

    def load(self) -> Load:
        """How the work went since this was last asked."""
        with self._lock:
            told = Load(looked_at=self._looked_at, lag_seconds=self._lag, busy=self._busy, threads=self.threads)
            self._lag = 0.0
            return told

    def free(self) -> int:
        """How many more pieces of work can start at once."""
        with self._lock:
            return self.threads - self._busy

    def room(self, name: str, most: int) -> int:
        """How many more of this sort may start: `most` in flight, and a quarter of the pool stays free for what is due."""
        with self._lock:
            return max(0, min(most - self._by_name[name], self.threads - self._busy - self.threads // 4))

    def held(self) -> dict[str, int]:
        """How many pieces of work are in flight for each account."""
        with self._lock:
            return {account_id: number for account_id, number in self._by_account.items() if account_id}

    def kept(self, kind: Kept) -> list[str]:
        """The ids of what was claimed and is in hand here: whoever finds their leases over need not take them for dead. What
        does not end is not kept for ever."""
        since = self.clock() - KEPT_FOR
        with self._lock:
            return [id_ for (what, id_), begun in self._kept.items() if what == kind and begun > since]

    def submit(
        self, work: Callable[[], None], name: str, account_id: str = "", *, keeps: tuple[Kept, str] | None = None
    ) -> None:
        """Run in a thread of the pool, inside its own app context. What it raises is logged, never lost. `keeps`: the row that
        was claimed for it."""
        begun = self.clock()
        with self._lock:
            if keeps is not None:
                self._kept[keeps] = begun
            self._busy += 1
            self._by_name[name] += 1
            self._by_account[account_id] += 1

        def run() -> None:
            logs.begin(worker=self.worker, work=name)
            try:
                with self.context():
                    work()
            except Exception:
                log.exception("work failed", work=name, worker=self.worker)
            finally:
                self._ended(name, account_id, keeps, begun)

        try:
            self._pool.submit(run)
        except RuntimeError:
            # This process is ending: what was claimed for it is another's when the lease is over.
            self._ended(name, account_id, keeps, begun)
            log.info("work not begun, ending", work=name, worker=self.worker)

    def _ended(self, name: str, account_id: str, keeps: tuple[Kept, str] | None, begun: datetime) -> None:
        with self._lock:
            self._busy -= 1
            self._by_name[name] -= 1
            self._by_account[account_id] -= 1
            if not self._by_account[account_id]:
                del self._by_account[account_id]
            # Claimed anew meanwhile it is another piece of work's.
            if keeps is not None and self._kept.get(keeps) == begun:
                del self._kept[keeps]
            self._idle.notify_all()
        self.done.set()

    def wait_room(self, pause: float, timeout: float) -> None:
        """At least `pause` seconds, and then until a quarter of the pool is free, since many are begun in one go as quickly
        as one; `timeout` at most."""
        self.stopping.wait(pause)
        with self._idle:
            self._idle.wait_for(lambda: self.threads - self._busy >= max(1, self.threads // 4), timeout)
        self.done.clear()

    def wait_idle(self, timeout: float) -> bool:
        """Until nothing is in flight; False when `timeout` seconds were not enough."""
        with self._idle:
            return self._idle.wait_for(lambda: self._busy == 0, timeout)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _record(answer: Answer) -> None:
    exchanges = list(answer.exchanges)
    persist(lambda: committing.record_answer(answer.claim, answer.attempt_id, answer.outcome, exchanges, answer.at))
