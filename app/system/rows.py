"""Every table as lines of JSON and back, the same for SQLite and PostgreSQL. What is encrypted stays encrypted."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, bindparam, func, insert, select, update

from app.db import Encrypted, UTCDateTime, db
from app.system import structure

# Heartbeats of processes that a restored database never saw; and the search index, which is made anew of what is restored.
LEFT_OUT = frozenset({"workers", "site_facts", "search_docs"})
# A backup holds these without a row: what lets a browser in, or is counted for minutes. A session that was ended since must not
# come back.
EMPTIED = frozenset({"browser_sessions", "known_devices", "sign_in_failures"})
_BATCH = 500
# Rows that hold whole files (10 MB at most) pass through the memory a few at a time.
_HEAVY_BATCH = 8


def tables() -> list[Table]:
    """What a backup holds, parents before children; encrypted columns appear as the text they are stored as."""
    metadata = MetaData()
    copies = {table.name: table.to_metadata(metadata) for table in db.metadata.sorted_tables}
    for table in copies.values():
        for column in table.columns:
            if isinstance(column.type, Encrypted):
                column.type = Text()
    return [copies[table.name] for table in db.metadata.sorted_tables if table.name not in LEFT_OUT]


def standing() -> list[Table]:
    """The same of the database as it stands, with an older structure: what this program knows in the program's types, what
    it does not in the database's. Tables that no migration of ours makes are somebody else's."""
    known = {table.name: table for table in tables()}
    ours = (known.keys() | structure.made()) - LEFT_OUT
    found = MetaData()
    found.reflect(db.session.connection(), only=lambda name, _metadata: name in ours)
    for table in found.tables.values():
        for column in table.columns:
            model = known.get(table.name)
            if model is not None and column.name in model.c:
                column.type = model.c[column.name].type
            elif isinstance(column.type, DateTime):
                column.type = UTCDateTime()
    places = {name: place for place, name in enumerate(known)}
    return sorted(found.tables.values(), key=lambda table: places.get(table.name, len(places)))


def encrypted_columns() -> list[tuple[Table, Column[Any]]]:
    """(table, column as text) of everything that is encrypted at rest."""
    raw = {table.name: table for table in tables()}
    return [
        (raw[table.name], raw[table.name].c[column.name])
        for table in db.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Encrypted)
    ]


def lines_of(table: Table) -> Iterator[str]:
    """One JSON array per row that a backup holds, in the order of the primary key; values in the order of the columns."""
    if table.name in EMPTIED:
        return
    writers = [_writer(column) for column in table.columns]
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_batch(table))
    for row in db.session.execute(query):
        values = [None if value is None else write(value) for write, value in zip(writers, row, strict=True)]
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def insert_lines(table: Table, columns: list[str], lines: Iterable[str | bytes]) -> int:
    """Insert what `lines_of` wrote; how many rows. Inside atomic(). Raises ValueError or KeyError when unreadable."""
    readers = [(name, _reader(table.c[name])) for name in columns]
    later, size = _own_references(table), _batch(table)
    done, pending = 0, []
    rows = iter(lines)
    while batch := [_row(readers, line) for line in islice(rows, size)]:
        for row in batch:
            held_back = {name: row[name] for name in later if row[name] is not None}
            if held_back:
                row.update(dict.fromkeys(held_back))
                pending.append({"_key": row["id"], **dict.fromkeys(later), **held_back})
        db.session.execute(insert(table), batch)
        done += len(batch)
    if pending:
        # A row may point at a later one of its own table: set when all are there.
        changes: dict[str, Any] = {name: bindparam(name) for name in later}
        db.session.connection().execute(update(table).where(table.c.id == bindparam("_key")).values(changes), pending)
    return done


def count(table: Table) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def _batch(table: Table) -> int:
    return _HEAVY_BATCH if any(isinstance(column.type, LargeBinary) for column in table.columns) else _BATCH


def _own_references(table: Table) -> list[str]:
    return [key.parent.name for key in table.foreign_keys if key.column.table is table]


def _row(readers: list[tuple[str, Callable[[Any], Any]]], line: str | bytes) -> dict[str, Any]:
    values = json.loads(line)
    return {name: None if v is None else read(v) for (name, read), v in zip(readers, values, strict=True)}


def _writer(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, UTCDateTime):
        return datetime.isoformat
    if isinstance(column.type, LargeBinary):
        return lambda value: base64.b64encode(value).decode()
    return _same


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat
    if isinstance(column.type, LargeBinary):
        return base64.b64decode
    return _same


def _same(value: Any) -> Any:
    return value
