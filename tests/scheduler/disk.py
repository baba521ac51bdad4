"""A database whose disk is full and is freed again: the database itself refuses, on SQLite and on PostgreSQL."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

# Bytes that one file of a PostgreSQL cluster may have (tests start it limited); a segment of its log has half of it.
MOST_BYTES = 2 * 1024 * 1024
# Of SQLite's file, beyond what it has at the beginning.
MORE_PAGES = 60
# Every change of a publication or an attempt takes a page more, so that a full disk refuses all of them.
_CHANGES = (("UPDATE", "publications"), ("INSERT", "attempts"), ("UPDATE", "attempts"))


@dataclass
class Disk:
    """`pages`: for rigging.rig, 0 on PostgreSQL, whose server is limited itself."""

    url: str
    pages: int = 0

    def __post_init__(self) -> None:
        if self._sqlite:
            self._on_sqlite(_prepare_sqlite)
            self.pages = MORE_PAGES + int(
                self._on_sqlite(lambda asked: asked.execute("PRAGMA page_count").fetchone()[0])
            )
        else:
            with self._postgres() as asked:
                _prepare_postgres(asked)

    def fill(self) -> None:
        """Until the database says that there is no room."""
        if self._sqlite:
            self._on_sqlite(self._fill_sqlite)
            return
        with self._postgres() as asked, contextlib.suppress(psycopg.errors.InternalError_):
            for _ in range(1000):
                asked.execute("INSERT INTO filler VALUES (repeat('x', 7000))")
            raise AssertionError("the disk was never full")

    def remove(self) -> None:
        """Of PostgreSQL's database, which the next test uses, too."""
        if not self._sqlite:
            with self._postgres() as asked:
                asked.execute("DROP FUNCTION fill() CASCADE")
                asked.execute("DROP TABLE filler")

    def free(self) -> None:
        if self._sqlite:
            self._on_sqlite(lambda asked: asked.execute("DELETE FROM filler"))
            return
        with self._postgres() as asked:
            asked.execute("TRUNCATE filler")

    @property
    def _sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def _on_sqlite(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        asked = sqlite3.connect(str(make_url(self.url).database), timeout=20, isolation_level=None)
        try:
            return work(asked)
        finally:
            asked.close()

    def _fill_sqlite(self, asked: sqlite3.Connection) -> None:
        asked.execute(f"PRAGMA max_page_count={self.pages}")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                asked.execute("INSERT INTO filler VALUES (randomblob(3500))")
            except sqlite3.OperationalError as error:
                if "full" in str(error):
                    return
                raise
        raise AssertionError("the disk was never full")

    def _postgres(self) -> psycopg.Connection[Any]:
        return psycopg.connect(make_url(self.url).set(drivername="postgresql").render_as_string(False), autocommit=True)


def _prepare_sqlite(asked: sqlite3.Connection) -> None:
    asked.execute("CREATE TABLE filler (x BLOB)")
    take = "BEGIN INSERT INTO filler VALUES (randomblob(3500)); END"
    for number, (change, table) in enumerate(_CHANGES):
        asked.execute(f"CREATE TRIGGER fill{number} AFTER {change} ON {table} {take}")


def _prepare_postgres(asked: psycopg.Connection[Any]) -> None:
    asked.execute("CREATE TABLE filler (x text)")
    asked.execute("ALTER TABLE filler ALTER x SET STORAGE PLAIN")
    asked.execute(
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO filler VALUES (repeat('x', 7000)); RETURN NULL; "
        # It cannot make the file larger; a device without room says so by a class of its own.
        "EXCEPTION WHEN internal_error THEN RAISE EXCEPTION '%', SQLERRM USING ERRCODE = 'disk_full'; END $$"
    )
    for number, (change, table) in enumerate(_CHANGES):
        asked.execute(
            f"CREATE TRIGGER fill{number} AFTER {change} ON {table} FOR EACH ROW EXECUTE FUNCTION fill()".encode()
        )
