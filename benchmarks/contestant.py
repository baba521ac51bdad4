"""What every contestant has in common: processes that are started, told what is due when, watched, and stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from benchmarks.servers import ROOT, Postgres, Redis, Standin, end


@dataclass(kw_only=True)
class Stage:
    """What stands ready for all: `total` deliveries are known to everybody, any range of which can be planned."""

    home: Path
    platform: Standin
    total: int
    postgres: Postgres | None = None
    redis: Redis | None = None


class Contestant(ABC):
    """One way to send. Subclasses start `self.processes` processes with `self.threads` threads each."""

    name: ClassVar[str]
    # Deliveries planned a second: whoever enqueues one by one needs the time before the due instant.
    planned_per_second: ClassVar[float] = 2000
    # The database it records in, whose load is measured; "" for none in PostgreSQL.
    database: ClassVar[str] = ""
    uses_redis: ClassVar[bool] = False

    def __init__(self, stage: Stage, processes: int, threads: int) -> None:
        self.stage, self.processes, self.threads = stage, processes, threads
        # How many times slower than expected this machine plans.
        self.slowness = 1
        self.running: list[subprocess.Popen[str]] = []

    def lead(self, wanted: range) -> float:
        """Seconds from plan() to the due instant."""
        return 1.5 + self.slowness * len(wanted) / self.planned_per_second

    @abstractmethod
    def start(self) -> None:
        """Empty the store, start the processes, return when they are up."""

    @abstractmethod
    def plan(self, due: float, wanted: range) -> None:
        """These deliveries are due at this instant (seconds since 1970)."""

    @abstractmethod
    def recorded(self) -> int:
        """How many deliveries stand recorded with the platform's answer (of those planned, so far)."""

    def stop(self) -> None:
        for process in self.running:
            end(process)
        self.running.clear()

    def pids(self) -> list[int]:
        return [process.pid for process in self.running]

    def spawn(self, command: Sequence[str], **environment: str) -> subprocess.Popen[str]:
        """A Python process of its own group: `command` follows the interpreter; what it says goes to a log."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        with (self.stage.home / f"{self.name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if "--say-ready" in command else log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def log(self) -> str:
        path = self.stage.home / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""
