"""The scheduler processes of a long run: killed, frozen, ended, started again; and what a supervisor would do."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.db import db, utcnow
from app.publishing.heartbeats import heartbeat_state
from tests.scheduler.processes import ROOT
from tests.soak.stage import Stage

# SIGTERM waits 50 seconds for what is in flight; longer means that it hangs.
_MOST_TO_END = 75


@dataclass
class Member:
    """One place in the crew and who fills it now."""

    process: subprocess.Popen[bytes] | None = None
    frozen: bool = False


@dataclass
class Crew:
    """`prefix(place)`: what goes before the command of that place (another network, for one)."""

    stage: Stage
    places: int
    prefix: Callable[[int], Sequence[str]] = lambda _place: ()
    counts: Counter[str] = field(default_factory=Counter)
    # Ends nobody asked for: when (monotonic), and the exit status.
    deaths: list[tuple[float, int]] = field(default_factory=list)
    hung: int = 0

    def __post_init__(self) -> None:
        self.members = [Member() for _ in range(self.places)]
        self._leaving: list[tuple[float, subprocess.Popen[bytes]]] = []

    def start(self, place: int) -> None:
        member = self.members[place]
        if member.process is not None:
            return
        command = [*self.prefix(place), sys.executable, "-m", "scheduler"]
        self.counts["started"] += 1
        with self.stage.new_log(f"{self.counts['started']:04d}").open("ab") as log:
            member.process = subprocess.Popen(
                command, cwd=ROOT, env=dict(self.stage.env), stdout=log, stderr=subprocess.STDOUT
            )
        member.frozen = False

    def kill(self, place: int) -> None:
        """SIGKILL, frozen or not."""
        process = self._take(place)
        if process is not None:
            process.kill()
            process.wait(10)
            self.counts["killed"] += 1

    def freeze(self, place: int) -> None:
        member = self.members[place]
        if member.process is not None and not member.frozen:
            member.process.send_signal(signal.SIGSTOP)
            member.frozen = True
            self.counts["frozen"] += 1

    def thaw(self, place: int) -> None:
        member = self.members[place]
        if member.process is not None and member.frozen:
            member.process.send_signal(signal.SIGCONT)
            member.frozen = False

    def end(self, place: int) -> None:
        """SIGTERM; what is in flight may finish while the next one works already."""
        self.thaw(place)
        process = self._take(place)
        if process is not None:
            process.terminate()
            self._leaving.append((time.monotonic(), process))
            self.counts["ended"] += 1

    def look(self) -> list[int]:
        """Places whose process ended by itself; they are empty now. Those that were asked to go are seen off."""
        for since, process in list(self._leaving):
            late = time.monotonic() - since > _MOST_TO_END
            if process.poll() is None and late:
                self.hung += 1
                process.kill()
                process.wait(10)
            if process.poll() is not None:
                self._leaving.remove((since, process))
        gone = [n for n, m in enumerate(self.members) if m.process is not None and m.process.poll() is not None]
        for place in gone:
            process = self._take(place)
            if process is not None:
                self.deaths.append((time.monotonic(), process.returncode))
        return gone

    def wait_for_all(self, seconds: float = 600) -> None:
        """Until every place beats; raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while heartbeat_state(utcnow()).workers < self.places:
            db.session.rollback()
            if time.monotonic() > deadline:
                raise TimeoutError("the schedulers did not come up")
            time.sleep(0.2)

    def end_all(self) -> None:
        """SIGTERM to everybody, and wait until they are gone."""
        for place in range(self.places):
            self.end(place)
        while self._leaving:
            self.look()
            time.sleep(0.2)

    def place_of(self, worker: str) -> int | None:
        """Who bears the name of a claim: host:pid:random."""
        pid = worker.split(":")[1] if worker.count(":") == 2 else ""
        found = [n for n, m in enumerate(self.members) if m.process is not None and str(m.process.pid) == pid]
        return found[0] if found else None

    def kill_all(self) -> None:
        for process in [p for _, p in self._leaving] + [m.process for m in self.members if m.process is not None]:
            if process.poll() is None:
                process.kill()
                process.wait(10)

    def _take(self, place: int) -> subprocess.Popen[bytes] | None:
        member = self.members[place]
        process, member.process, member.frozen = member.process, None, False
        return process
