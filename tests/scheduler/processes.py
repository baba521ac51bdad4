"""Real scheduler processes on the test's database and simulator, started, stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from app.config import Config
from app.db import db
from tests.conftest import ENCRYPTION_KEY
from tests.patience import PATIENCE
from tests.scheduler.forks import ROOT, Forks, bury, kill


class Processes:
    """Schedulers, started as `python -m scheduler` or, sooner, forked; heartbeats of a second, so that the dead are found
    quickly."""

    def __init__(self, config: Config, simulator_url: str, forks: Forks) -> None:
        self.forks = forks
        self.home, self.running = config.instance_path, list[subprocess.Popen[bytes]]()
        clean = {key: value for key, value in os.environ.items() if not key.startswith("TANDEM_")}
        self.env = {
            **clean,
            "TANDEM_INSTANCE_PATH": str(config.instance_path),
            "TANDEM_DATABASE_URL": config.database_url,
            "TANDEM_SECRET_KEY": "test",
            "TANDEM_ENCRYPTION_KEYS": ENCRYPTION_KEY,
            "TANDEM_SIMULATOR_URL": simulator_url,
            "TANDEM_HEARTBEAT_SECONDS": "1",
            "TANDEM_RECONCILE_SECONDS": "1",
            "TANDEM_POLL_SECONDS": "3600",
        }

    def start(self) -> subprocess.Popen[bytes]:
        with (self.home / "scheduler.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "scheduler"], cwd=ROOT, env=self.env, stdout=log, stderr=subprocess.STDOUT
            )
        self.running.append(process)
        return process

    def fork(self, *, threads: int = 4, env: dict[str, str] | None = None, whole: bool = True, **rig: Any) -> int:
        """The process id of a scheduler that writes no steps down. `whole`: with the ticks that do not publish, too."""
        order = {"at": "", "by": 0, "names": {}, "trace": "", "log": str(self.home / "scheduler.log"), "whole": whole}
        return self.forks.fork({**order, "threads": threads, "rig": rig, "env": {**self.env, **(env or {})}})

    def kill_fork(self, pid: int) -> None:
        """SIGKILL; the others find it dead at once and not after three missed beats."""
        kill(pid)
        bury(pid)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)

    def end(self, process: subprocess.Popen[bytes], seconds: float = PATIENCE) -> int:
        """SIGTERM, and its exit status."""
        process.terminate()
        return process.wait(seconds)

    def kill_all(self) -> None:
        self.forks.kill_all()
        for process in self.running:
            if process.poll() is None:
                self.kill(process)

    def log(self) -> str:
        return (self.home / "scheduler.log").read_text(errors="replace")

    def until(self, what: str, done: Callable[[], bool], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            db.session.rollback()
            if done():
                return
            time.sleep(0.1)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.log()[-6000:]}")
