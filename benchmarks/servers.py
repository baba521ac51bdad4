"""What the contestants need beside them: a platform, PostgreSQL and Redis, each a throw-away process on its own port."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory that PostgreSQL's own user may enter, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="tandem-bench-"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def end(process: subprocess.Popen[Any], seconds: float = 15) -> None:
    """SIGTERM to its whole group, SIGKILL to what is left of it."""
    for sign, wait in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, sign)
            process.wait(wait)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


class Standin:
    """The running platform and its control calls."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "benchmarks.standin"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def reset(self, latency: float) -> None:
        self._ask(f"reset?latency={latency}")

    def count(self) -> int:
        return int(self._ask("count")["count"])

    def accepted(self) -> tuple[list[tuple[float, str, str, str]], dict[str, int]]:
        """What arrived, as (seconds, platform, account, mark), and what else was asked how often."""
        told = self._ask("accepted")
        return [tuple(each) for each in told["accepted"]], told["strays"]

    def _ask(self, what: str) -> Any:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request("GET", f"/_bench/{what}")
            return json.load(line.getresponse())
        finally:
            line.close()

    def stop(self) -> None:
        end(self.process)


class Postgres:
    """A cluster of its own with what a server would have: fsync and synchronous_commit on, statements counted."""

    SETTINGS = {
        "shared_preload_libraries": "pg_stat_statements",
        "shared_buffers": "512MB",
        "max_connections": "400",
        "listen_addresses": "127.0.0.1",
        "log_min_messages": "fatal",
        "max_wal_size": "4GB",
    }

    def __init__(self, home: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise SystemExit("PostgreSQL is missing: apt-get install postgresql")
        self._bin, self._data, self.port = found[-1].parent, home / "postgres" / "data", free_port()
        self._prefix: list[str] = []
        self._data.parent.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self._data.parent, "postgres", "postgres")
            self._prefix = ["runuser", "-u", "postgres", "--"]
        self._run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        options = " ".join(f"-c {key}={value}" for key, value in self.SETTINGS.items())
        options += f" -p {self.port} -k {self._data.parent}"
        self._run("pg_ctl", "-s", "-w", "-o", options, "-l", str(self._data.parent / "log"), "start")
        self.execute("CREATE EXTENSION pg_stat_statements")

    @property
    def pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def dsn(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            connection.execute(statement)

    def rows(self, query: str, database: str = "postgres", parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def copy(self, template: str, name: str) -> None:
        """A fresh database like `template`."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")

    def stop(self) -> None:
        self._run("pg_ctl", "-s", "-w", "-m", "fast", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._prefix, str(self._bin / program), "-D", str(self._data), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._data.parent)


class Redis:
    """A server of its own, as durable as Redis is run for queues: appendonly, synced every second."""

    def __init__(self, home: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise SystemExit("Redis is missing: apt-get install redis-server")
        (home / "redis").mkdir()
        self.port = free_port()
        options = ["--port", str(self.port), "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
        self.process = subprocess.Popen(
            [program, *options], cwd=home / "redis", stdout=subprocess.DEVNULL, start_new_session=True
        )
        self.url = f"redis://127.0.0.1:{self.port}/0"
        until("Redis", self._answers, 10)

    @property
    def pid(self) -> int:
        return self.process.pid

    def flush(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            line.sendall(b"FLUSHALL\r\n")
            line.recv(100)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        end(self.process)


def until(what: str, done: Callable[[], bool], seconds: float, pause: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(pause)
