"""Keeping the index in step: whatever a session flushes is looked at, and indexed in the same transaction.

Each room tells its things as a Source. What is written past the session (INSERT … ON CONFLICT) is told by `put`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, event, inspect, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import Model, db, insert_for
from app.search.models import SearchDoc
from app.search.places import place_for
from app.search.tokens import words_of


@dataclass(frozen=True, kw_only=True)
class Doc:
    """What is found of a thing: its id, when it came, and its texts."""

    ref_id: str
    at: datetime
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """One kind of thing. `read` gives what is to be found of these ids, without those of which nothing is.

    `watched`: model -> (the attributes whose change matters, the id of the thing that an object of it concerns).
    """

    kind: int
    key: InstrumentedAttribute[str]
    read: Callable[[Connection, Sequence[str]], Iterable[Doc]]
    watched: Mapping[type, tuple[tuple[str, ...], Callable[[Any], str | None]]]


sources: dict[int, Source] = {}
_watching: dict[type, list[tuple[int, tuple[str, ...], Callable[[Any], str | None]]]] = {}
_PART = 500
_TABLE = Model.metadata.tables[SearchDoc.__tablename__]


def register(source: Source) -> None:
    """From now on things of this kind are indexed as they are written."""
    if source.kind in sources:
        return
    sources[source.kind] = source
    for model, (names, id_of) in source.watched.items():
        _watching.setdefault(model, []).append((source.kind, names, id_of))


def put(kind: int, ids: Iterable[str]) -> None:
    """Index these things as they stand in the database. In a transaction."""
    _index(db.session.connection(), sources[kind], list(ids))


def drop(connection: Connection, kind: int, ids: Sequence[str]) -> None:
    """They are found no more."""
    docs = _TABLE.c
    connection.execute(delete(SearchDoc).where(docs.ref_id.in_(ids), docs.kind == kind))


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _context: Any) -> None:
    concerned: dict[int, set[str]] = {}
    written = [(one, False) for one in (*session.new, *session.deleted)] + [(one, True) for one in session.dirty]
    for thing, stood in written:
        for kind, names, id_of in _watching.get(type(thing), ()):
            if (not stood or _differs(thing, names)) and (ref_id := id_of(thing)) is not None:
                concerned.setdefault(kind, set()).add(ref_id)
    for kind, ids in concerned.items():
        _index(session.connection(), sources[kind], sorted(ids))


def _differs(thing: Any, names: Sequence[str]) -> bool:
    told = inspect(thing)
    return any(told.attrs[name].history.has_changes() for name in names)


def _index(connection: Connection, source: Source, ids: list[str]) -> None:
    for start in range(0, len(ids), _PART):
        reconcile(connection, source, ids[start : start + _PART])


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How many rows of the index were made, changed and taken away."""

    added: int
    changed: int
    gone: int


def reconcile(connection: Connection, source: Source, ids: Sequence[str]) -> Difference:
    """Make the index of these things what they are; at most some hundreds at a time."""
    docs = _TABLE.c
    known = {
        row.ref_id: row
        for row in connection.execute(
            select(docs.ref_id, docs.place, docs.words).where(docs.ref_id.in_(ids), docs.kind == source.kind)
        )
    }
    wanted = {doc.ref_id: (doc, words) for doc in source.read(connection, ids) if (words := words_of(doc.texts))}
    changed = [
        {"_place": known[ref_id].place, "_words": words}
        for ref_id, (_doc, words) in wanted.items()
        if ref_id in known and known[ref_id].words != words
    ]
    if changed:
        connection.execute(
            update(_TABLE)
            .where(docs.place == bindparam("_place"))
            .values(words=bindparam("_words")),
            changed,
        )  # fmt: skip
    if gone := [ref_id for ref_id in known if ref_id not in wanted]:
        drop(connection, source.kind, gone)
    fresh = [pair for ref_id, pair in wanted.items() if ref_id not in known]
    _add(connection, source.kind, fresh)
    return Difference(added=len(fresh), changed=len(changed), gone=len(gone))


def _add(connection: Connection, kind: int, fresh: Sequence[tuple[Doc, str]]) -> None:
    """Two things of one second that drew one number: the later draws again."""
    while fresh:
        rows = [
            {"place": place_for(kind, doc.at), "kind": kind, "ref_id": doc.ref_id, "words": words}
            for doc, words in fresh
        ]
        statement = (
            insert_for(SearchDoc)
            .values(rows)
            .on_conflict_do_nothing(index_elements=["place"])
            .returning(SearchDoc.ref_id)
        )
        done = set(connection.execute(statement).scalars())
        fresh = [(doc, words) for doc, words in fresh if doc.ref_id not in done]
