"""One process that has imported everything and forks schedulers, and what can be done to these."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.db import atomic, db
from app.publishing.models import Worker

ROOT = Path(__file__).resolve().parents[2]


class Forks:
    """The process that forks schedulers; one for all cells of a test run."""

    def __init__(self) -> None:
        self.children: list[int] = []
        command = [sys.executable, "-m", "tests.scheduler.crashing"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def fork(self, order: dict[str, Any]) -> int:
        """The process id of the new scheduler."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self.children.append(int(self._process.stdout.readline()))
        return self.children[-1]

    def kill_all(self) -> None:
        """Also those that stand still."""
        for pid in self.children:
            kill(pid)
        self.children.clear()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def stopped(pid: int) -> bool:
    """Whether it stands still by a signal."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    while alive(pid):
        time.sleep(0.01)


def bury(pid: int) -> None:
    """The last beat of this dead one was long ago: the others find that out by it, which would take three seconds."""
    with atomic():
        for worker in db.session.scalars(select(Worker).where(Worker.pid == pid)):
            worker.beat_at -= timedelta(minutes=1)
