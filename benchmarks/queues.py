"""The task queues: each runs work.deliver() as its task, planned by its own means of running something later."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import ClassVar

from benchmarks.contestant import Contestant
from benchmarks.servers import ROOT
from benchmarks.work import SCHEMA


class Queue(Contestant):
    """Records in PostgreSQL; `module` has the task and enqueue()."""

    database = "queue_run"
    uses_redis: ClassVar[bool] = True
    planned_per_second = 500
    module: ClassVar[str]

    def lead(self, wanted: range) -> float:
        # The program that enqueues has to start first.
        return super().lead(wanted) + 2 * self.slowness

    def start(self) -> None:
        self._empty()
        for at in range(self.processes):
            self.spawn(self.command(at), **self.environment())

    def command(self, at: int) -> list[str]:
        """What starts worker process number `at`."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        assert self.stage.postgres is not None
        redis = self.stage.redis.url if self.stage.redis is not None else ""
        dsn = self.stage.postgres.dsn(self.database)
        names = {"URL": self.stage.platform.url, "DSN": dsn, "REDIS": redis}
        return {f"TANDEM_BENCH_{name}": value for name, value in names.items()}

    def plan(self, due: float, wanted: range) -> None:
        self.call("enqueue", str(due), str(wanted.start), str(wanted.stop))
        self._wanted = wanted

    def call(self, function: str, *arguments: str) -> None:
        """Run a function of the module in a process of its own and wait for it."""
        env = {**os.environ, **self.environment(), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "benchmarks.within", self.module, function, *arguments]
        subprocess.run(command, cwd=ROOT, env=env, check=True)

    def recorded(self) -> int:
        assert self.stage.postgres is not None
        first, last = self._wanted.start, self._wanted.stop - 1
        query = f"SELECT count(*) FROM deliveries WHERE status = 'published' AND number BETWEEN {first} AND {last}"  # noqa: S608
        return int(self.stage.postgres.rows(query, self.database)[0][0])

    def _empty(self) -> None:
        postgres = self.stage.postgres
        assert postgres is not None
        postgres.copy("template1", self.database)
        postgres.execute(SCHEMA, self.database)
        numbers = f"INSERT INTO deliveries SELECT generate_series(0, {self.stage.total - 1})"
        postgres.execute(numbers, self.database)
        postgres.execute("ANALYZE", self.database)
        if self.stage.redis is not None:
            self.stage.redis.flush()


class Celery(Queue):
    name = "celery"
    module = "benchmarks.with_celery"

    def command(self, at: int) -> list[str]:
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "warning", "-n", f"w{at}@%h"]
        return ["-m", "celery", "-A", self.module, "worker", "-P", "threads", "-c", str(self.threads), *quiet]


class Dramatiq(Queue):
    name = "dramatiq"
    module = "benchmarks.with_dramatiq"

    def command(self, at: int) -> list[str]:
        return ["-m", "dramatiq", self.module, "--processes", "1", "--threads", str(self.threads)]


class Huey(Queue):
    name = "huey"
    module = "benchmarks.with_huey"

    def command(self, at: int) -> list[str]:
        # One second between two looks at what is planned is the least it takes.
        return [
            "-m",
            "huey.bin.huey_consumer",
            f"{self.module}.huey",
            "-w",
            str(self.threads),
            "-k",
            "thread",
            "-s",
            "1",
        ]


class Procrastinate(Queue):
    name = "procrastinate"
    module = "benchmarks.with_procrastinate"
    uses_redis = False
    planned_per_second = 1000

    def _empty(self) -> None:
        super()._empty()
        self.call("schema")

    def command(self, at: int) -> list[str]:
        return ["-m", "benchmarks.within", self.module, "work", str(self.threads)]


QUEUES: tuple[type[Queue], ...] = (Celery, Dramatiq, Huey, Procrastinate)
