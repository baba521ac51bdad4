"""What the simulated platforms remember: one SQLite file of small JSON documents, counters, pictures and requests."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

Doc = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS docs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, owner TEXT NOT NULL, key TEXT NOT NULL,
    at REAL NOT NULL, body TEXT NOT NULL, UNIQUE (kind, owner, key));
CREATE INDEX IF NOT EXISTS docs_by_time ON docs (kind, owner, at);
CREATE TABLE IF NOT EXISTS blobs (sha256 TEXT PRIMARY KEY, content_type TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counters (
    owner TEXT NOT NULL, name TEXT NOT NULL, period TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (owner, name, period));
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    query TEXT NOT NULL, platform TEXT NOT NULL, external_id TEXT NOT NULL, status INTEGER NOT NULL,
    ms REAL NOT NULL, outcome TEXT NOT NULL);
"""
KEPT_WITH_ACCOUNTS = ("account", "app", "token")


class State:
    """The store. One connection behind one re-entrant lock: a toy platform values atomic answers over parallel writes.

    Nothing is fsynced: what was accepted survives the death of a client, not the loss of power.
    """

    def __init__(self, path: str | Path) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._inside = False
        self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA busy_timeout=5000")
        self._db.executescript(SCHEMA)
        self._offset = float((self.get("meta", "", "clock") or {"offset": 0})["offset"])

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; joins the one already open in this thread."""
        with self.lock:
            if self._inside:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._inside = True
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._inside = False

    # The clock: real time, shifted by whoever drills midnight or the end of a 48-hour window.

    def now(self) -> float:
        return time.time() + self._offset

    @property
    def offset(self) -> float:
        return self._offset

    def shift(self, offset: float) -> None:
        self._offset = offset
        self.put("meta", "", "clock", {"offset": offset})

    # Documents. Every document that is read carries its ``seq`` (order of arrival), ``key`` and ``at``.

    def put(self, kind: str, owner: str, key: str, body: Doc, at: float | None = None) -> Doc:
        text = json.dumps(body, ensure_ascii=False)
        with self.lock:
            self._db.execute(
                "INSERT INTO docs (kind, owner, key, at, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, owner, key) DO UPDATE SET body = excluded.body, at = excluded.at",
                (kind, owner, key, self.now() if at is None else at, text),
            )
        return body

    def change(self, kind: str, owner: str, key: str, **changes: Any) -> Doc:
        """Overwrite some fields of a document that exists, keeping its place in time."""
        with self.lock:
            body = self.get(kind, owner, key)
            if body is None:
                raise KeyError((kind, owner, key))
            body.update(changes)
            self._db.execute(
                "UPDATE docs SET body = ? WHERE kind = ? AND owner = ? AND key = ?",
                (json.dumps(body, ensure_ascii=False), kind, owner, key),
            )
        return body

    def get(self, kind: str, owner: str, key: str) -> Doc | None:
        with self.lock:
            row = self._db.execute(
                "SELECT seq, key, at, body FROM docs WHERE kind = ? AND owner = ? AND key = ?", (kind, owner, key)
            ).fetchone()
        return _document(row) if row else None

    def all(
        self,
        kind: str,
        owner: str | None = None,
        *,
        since: float | None = None,
        until: float | None = None,
        oldest_first: bool = False,
        limit: int = -1,
        offset: int = 0,
    ) -> list[Doc]:
        """Documents of a kind, the newest first unless asked otherwise; ``since`` exclusive, ``until`` inclusive."""
        where, values = _conditions(kind, owner, since, until)
        order = "at, seq" if oldest_first else "at DESC, seq DESC"
        sql = f"SELECT seq, key, at, body FROM docs WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - fixed clauses
        with self.lock:
            rows = self._db.execute(sql, (*values, limit, offset)).fetchall()
        return [_document(row) for row in rows]

    def count(self, kind: str, owner: str | None = None, *, since: float | None = None) -> int:
        where, values = _conditions(kind, owner, since, None)
        with self.lock:
            sql = f"SELECT count(*) FROM docs WHERE {where}"  # noqa: S608 - fixed clauses
            return int(self._db.execute(sql, values).fetchone()[0])

    def count_key(self, kind: str, key: str) -> int:
        """How many owners hold a document of that key."""
        with self.lock:
            sql = "SELECT count(*) FROM docs WHERE kind = ? AND key = ?"
            return int(self._db.execute(sql, (kind, key)).fetchone()[0])

    def delete(self, kind: str, owner: str, key: str) -> bool:
        with self.lock:
            sql = "DELETE FROM docs WHERE kind = ? AND owner = ? AND key = ?"
            return self._db.execute(sql, (kind, owner, key)).rowcount == 1

    def accept(self, platform: str, external_id: str, kind: str, external: str, payload: Doc, **shown: Any) -> None:
        """Write down a call that cannot be taken back; ``GET /_sim/accepted`` shows these."""
        body = {"platform": platform, "external_id": external_id, "kind": kind, "id": external, "payload": payload}
        count = self.add("", "accepted", "ever")
        self.put("accepted", f"{platform}:{external_id}", str(count), body | shown)

    # Counters

    def add(self, owner: str, name: str, period: str, n: int = 1) -> int:
        """Count up and tell the new value."""
        sql = (
            "INSERT INTO counters (owner, name, period, n) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (owner, name, period) DO UPDATE SET n = n + excluded.n RETURNING n"
        )
        with self.lock:
            return int(self._db.execute(sql, (owner, name, period, n)).fetchone()[0])

    def counted(self, owner: str, name: str, period: str) -> int:
        sql = "SELECT n FROM counters WHERE owner = ? AND name = ? AND period = ?"
        with self.lock:
            row = self._db.execute(sql, (owner, name, period)).fetchone()
        return int(row[0]) if row else 0

    def counted_until(self, owner: str, name: str, period: str) -> int:
        """All counts of periods not after this one; days are written so that they sort."""
        sql = "SELECT coalesce(sum(n), 0) FROM counters WHERE owner = ? AND name = ? AND period <= ?"
        with self.lock:
            return int(self._db.execute(sql, (owner, name, period)).fetchone()[0])

    def forget_counts(self, owner: str, period: str, name: str | None = None) -> None:
        with self.lock:
            self._db.execute(
                "DELETE FROM counters WHERE owner = ? AND period = ? AND (? IS NULL OR name = ?)",
                (owner, period, name, name),
            )

    # Pictures and other bytes

    def keep_blob(self, data: bytes, content_type: str) -> str:
        digest = sha256(data).hexdigest()
        with self.lock:
            self._db.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?, ?)", (digest, content_type, data))
        return digest

    def blob(self, digest: str) -> tuple[str, bytes] | None:
        with self.lock:
            row = self._db.execute("SELECT content_type, data FROM blobs WHERE sha256 = ?", (digest,)).fetchone()
        return (str(row[0]), bytes(row[1])) if row else None

    # The log of requests

    def log_request(self, row: tuple[float, str, str, str, str, str, int, float, str]) -> None:
        with self.lock:
            self._db.execute(
                "INSERT INTO requests (at, method, path, query, platform, external_id, status, ms, outcome)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def requests(self, limit: int = 10000) -> list[Doc]:
        names = ("seq", "at", "method", "path", "query", "platform", "external_id", "status", "ms", "outcome")
        sql = f"SELECT {', '.join(names)} FROM requests ORDER BY seq DESC LIMIT ?"  # noqa: S608 - fixed names
        with self.lock:
            rows = self._db.execute(sql, (limit,)).fetchall()
        return [dict(zip(names, row, strict=True)) for row in reversed(rows)]

    def reset(self, keep_accounts: bool) -> None:
        kept = KEPT_WITH_ACCOUNTS if keep_accounts else ()
        with self.transaction():
            for kind in [row[0] for row in self._db.execute("SELECT DISTINCT kind FROM docs")]:
                if kind not in kept:
                    self._db.execute("DELETE FROM docs WHERE kind = ?", (kind,))
            self._db.execute("DELETE FROM blobs")
            self._db.execute("DELETE FROM counters")
            self._db.execute("DELETE FROM requests")
            self._offset = 0.0


def _conditions(kind: str, owner: str | None, since: float | None, until: float | None) -> tuple[str, tuple[Any, ...]]:
    clauses: list[tuple[str, Any]] = [("kind = ?", kind)]
    if owner is not None:
        clauses.append(("owner = ?", owner))
    if since is not None:
        clauses.append(("at > ?", since))
    if until is not None:
        clauses.append(("at <= ?", until))
    return " AND ".join(clause for clause, _ in clauses), tuple(value for _, value in clauses)


def _document(row: tuple[int, str, float, str]) -> Doc:
    body: Doc = json.loads(row[3])
    return body | {"seq": row[0], "key": row[1], "at": row[2]}
