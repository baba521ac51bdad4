"""`flask search rebuild` and what `system check` looks at: whether everything that should be found is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import delete, select, text

from app.db import atomic, db
from app.search.keeping import Source, reconcile, sources
from app.search.models import NAMES, SQLITE, SearchDoc, make_ready
from app.search.tokens import words_of

_BATCH = 500
_LOOKED_AT = 200


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """How many rows were looked at, made, changed and taken away."""

    seen: int
    added: int
    changed: int
    gone: int


def rebuild() -> Rebuilt:
    """Bring the index up to date, in small transactions, while the system runs; then SQLite's FTS5 anew from it. Inside
    atomic() all in that one."""
    with atomic():
        lacking = missing()
        make_ready(db.session.connection())
        if lacking:
            _renew()
    seen = added = changed = gone = 0
    for source in list(sources.values()):
        for ids in _batches(source):
            with atomic():
                done = reconcile(db.session.connection(), source, ids)
            seen, added, changed, gone = seen + len(ids), added + done.added, changed + done.changed, gone + done.gone
    gone += _drop_orphans()
    with atomic():
        _renew()
    return Rebuilt(seen=seen, added=added, changed=changed, gone=gone)


def _renew() -> None:
    """What the database keeps beside the rows, anew from them: FTS5's lists; what PostgreSQL reckons with."""
    sqlite = db.engine.dialect.name == "sqlite"
    statement = "INSERT INTO search_fts (search_fts) VALUES ('rebuild')" if sqlite else "ANALYZE search_docs"
    db.session.execute(text(statement))


def _batches(source: Source) -> Iterator[list[str]]:
    after = ""
    while True:
        query = select(source.key).where(source.key > after).order_by(source.key).limit(_BATCH)
        ids = list(db.session.scalars(query))
        if not ids:
            return
        yield ids
        after = ids[-1]


def _drop_orphans() -> int:
    """Rows of things that are gone."""
    gone = 0
    for source in sources.values():
        model = source.key.class_
        orphans = (
            select(SearchDoc.place)
            .outerjoin(model, source.key == SearchDoc.ref_id)
            .where(SearchDoc.kind == source.kind, source.key.is_(None))
        )
        places = list(db.session.scalars(orphans))
        for start in range(0, len(places), _BATCH):
            with atomic():
                some = places[start : start + _BATCH]
                db.session.execute(delete(SearchDoc).where(SearchDoc.place.in_(some)))
        gone += len(places)
    return gone


def missing() -> list[str]:
    """What of the index itself is not there: its table on FTS5, a trigger, the GIN index (or it was left unfinished)."""
    if db.engine.dialect.name == "sqlite":
        there = set(db.session.scalars(text("SELECT name FROM sqlite_master")))
        wanted = [statement.split()[statement.split().index("EXISTS") + 1] for statement in SQLITE]
        return [name for name in wanted if name not in there]
    valid = text("SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = :name")
    return [] if db.session.scalar(valid, {"name": NAMES[1]}) else [NAMES[1]]


def unindexed() -> int:
    """How many of the oldest and the newest things of each kind are not found by their words, or ought not to be."""
    wrong = 0
    for source in sources.values():
        ids = {
            ref_id
            for order in (source.key.asc(), source.key.desc())
            for ref_id in db.session.scalars(select(source.key).order_by(order).limit(_LOOKED_AT))
        }
        wanted = {(doc.ref_id, words_of(doc.texts)) for doc in source.read(db.session.connection(), sorted(ids))}
        there = select(SearchDoc.ref_id, SearchDoc.words).where(
            SearchDoc.ref_id.in_(ids), SearchDoc.kind == source.kind
        )
        found = {(row.ref_id, row.words) for row in db.session.execute(there)}
        wrong += len({ref_id for ref_id, words in wanted ^ found if words})
    return wrong
