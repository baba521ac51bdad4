"""A private PostgreSQL cluster in a temporary directory, for tests and long runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy
from sqlalchemy.engine import make_url


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def binaries() -> Path:
    """Raises FileNotFoundError saying who installs it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed: bin/test installs Debian's package postgresql")
    return found[-1].parent


@dataclass
class Cluster:
    """`make()` it, `start()` it; `remove()` stops it and deletes all of it. As root it runs as user postgres."""

    host: str = "127.0.0.1"
    options: str = ""
    # Who may come without a password besides this machine: a network in CIDR.
    trusted: str = ""
    # Further options of initdb, and the command that starts the server limited.
    initdb: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    home: Path = field(init=False)
    port: int = field(init=False)

    def make(self) -> None:
        self.home, self.port = Path(tempfile.mkdtemp(prefix="tandem-pg-")), free_port()
        if self._prefix:
            shutil.chown(self.home, "postgres", "postgres")
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "postgres", "-E", "UTF8", *self.initdb)
        if self.trusted:
            with (self._data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {self.trusted} trust\n")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@{self.host}:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.home} -c listen_addresses={self.host} {self.options}"
        log = str(self.home / "log")
        self._run("pg_ctl", "-D", str(self._data), "-s", "-w", "-o", options, "-l", log, "start", limits=self.limits)

    def stop(self, mode: str = "fast") -> None:
        """`mode`: fast (sessions are told), immediate (as if it crashed)."""
        self._run("pg_ctl", "-D", str(self._data), "-s", "-w", "-m", mode, "stop")

    def restart(self, mode: str) -> None:
        """As pg_ctl's -m: "fast" ends every connection, "immediate" is a crash."""
        self.stop(mode)
        self.start()

    def remove(self) -> None:
        try:
            if (self._data / "postmaster.pid").exists():
                self.stop("immediate")
        finally:
            shutil.rmtree(self.home, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _prefix(self) -> list[str]:
        return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def _run(self, program: str, *arguments: str, limits: tuple[str, ...] = ()) -> None:
        command = [*self._prefix, *limits, str(binaries() / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.home)


@contextlib.contextmanager
def running_cluster(*, initdb: tuple[str, ...] = (), limits: tuple[str, ...] = ()) -> Iterator[Cluster]:
    """One for tests: what they leave behind need not outlive a power cut."""
    cluster = Cluster(options="-c fsync=off -c max_connections=200", initdb=initdb, limits=limits)
    cluster.make()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


def create_database(server: str, *, template: str = "") -> str:
    """A new database on the server, empty or a copy of the one named; its URL."""
    name = f"t{uuid.uuid4().hex[:16]}"
    _administer(server, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def drop_database(server: str, url: str) -> None:
    _administer(server, f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


def _administer(server: str, statement: str) -> None:
    admin = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    with admin.connect() as connection:
        connection.exec_driver_sql(statement)
    admin.dispose()
