"""Finding: what holds all the words, newest first, a stretch at a time.

SQLite's FTS5 gives the newest first by itself. PostgreSQL's GIN gives all matches at once, which is slow for a common word
only; for that one the newest rows are looked through, as the matches lie close together there. Which of the two it is,
PostgreSQL's statistics tell, or else a first stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, text

from app.db import db
from app.errors import Invalid
from app.search.commonness import known_grams
from app.search.models import SearchDoc
from app.search.places import span_of
from app.search.tokens import Query

T = TypeVar("T")

# Rows looked through by one request before it says that it has not come to the end.
MOST_TRIED = 20_000
_LARGEST_STRETCH = 2_000
# PostgreSQL: the rows looked through before GIN is asked for what does not seem to be common, how many are looked through
# at most, and what a match by GIN costs in rows looked through (measured: 3.5 and 0.3 microseconds).
_SAMPLE, _MOST_SCANNED, _DEARER = 6_000, 64_000, 12
_PLACE_DIGITS = 19


@dataclass(frozen=True, kw_only=True)
class Hit:
    place: int
    ref_id: str


@dataclass(frozen=True, kw_only=True)
class Found(Generic[T]):
    """One page; `next_cursor` None at the end. `cut`: it stopped looking before the page was full."""

    items: list[T]
    next_cursor: str | None
    cut: bool = False


def page_of_hits(
    query: Query,
    kind: int,
    seen: Callable[[list[str]], Mapping[str, T]],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int,
) -> Found[T]:
    """What the reader may see of the hits, newest first; `seen` gives those of some ids, by id. Raises Invalid (cursor).

    A page costs the same wherever it lies; for who sees little of much, it looks at MOST_TRIED hits at most.
    """
    low, high = span_of(kind, since, until)
    high, items, places, tried = min(high, _place(cursor, high)), [], [], 0
    stretch = limit + 1
    while query and tried < MOST_TRIED:
        found = hits(query, kind, low, high, stretch)
        mine = seen([hit.ref_id for hit in found]) if found else {}
        for hit in found:
            if hit.ref_id in mine:
                items.append(mine[hit.ref_id])
                places.append(hit.place)
        if len(items) > limit:
            return Found(items=items[:limit], next_cursor=str(places[limit - 1]))
        if len(found) < stretch:
            return Found(items=items, next_cursor=None)
        high, tried = found[-1].place, tried + len(found)
        stretch = min(stretch * 4, _LARGEST_STRETCH)
    return Found(items=items, next_cursor=str(high) if query else None, cut=bool(query))


def _place(cursor: str | None, otherwise: int) -> int:
    if not cursor:
        return otherwise
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _PLACE_DIGITS):
        raise Invalid("翻页没有成功。cursor 不是上一页给出的值。请从第一页重新开始。", errors={"cursor": ["无效。"]})
    return int(cursor)


def few(query: Query, kind: int, most: int) -> list[str] | None:
    """The ids of all that is found; None when it is more than `most`."""
    found = hits(query, kind, *span_of(kind), most + 1)
    return [hit.ref_id for hit in found] if len(found) <= most else None


def hits(query: Query, kind: int, low: int, high: int, limit: int) -> list[Hit]:
    """What holds all the phrases with low <= place < high, the highest first."""
    if not query or low >= high:
        return []
    if db.session.connection().dialect.name == "sqlite":
        return _by_fts(query, low, high, limit)
    return _by_gin(query, kind, low, high, limit)


def _by_fts(query: Query, low: int, high: int, limit: int) -> list[Hit]:
    wanted = " AND ".join(f'"{" ".join(phrase)}"' for phrase in query.phrases)
    statement = text(
        "SELECT d.place, d.ref_id FROM search_fts CROSS JOIN search_docs d ON d.place = search_fts.rowid"
        " WHERE search_fts MATCH :wanted AND search_fts.rowid >= :low AND search_fts.rowid <= :high"
        " ORDER BY search_fts.rowid DESC LIMIT :limit"
    )
    given = {"wanted": wanted, "low": low, "high": high - 1, "limit": limit}
    return [Hit(place=row.place, ref_id=row.ref_id) for row in db.session.execute(statement, given)]


def _by_gin(query: Query, kind: int, low: int, high: int, limit: int) -> list[Hit]:
    grams = sorted({gram for phrase in query.phrases for gram in _grams(phrase)} | ({f"#{kind}"} if kind else set()))
    known = known_grams()
    if not _is_cheap(known.share(grams), known.rows, limit):
        found = _newest(query, low, high, _SAMPLE, limit)
        if len(found) < limit and not _is_cheap(len(found) / _SAMPLE, known.rows, limit):
            found = _newest(query, low, high, _MOST_SCANNED, limit)
        if len(found) == limit:
            return found
    return _indexed(query, grams, low, high, limit)


def _is_cheap(share: float, rows: int, limit: int) -> bool:
    """Whether all matches by GIN cost less than looking through the newest rows until there are `limit`, where this
    share of the rows match: share*rows of the ones, limit/share of the others."""
    return share * share * rows * _DEARER < limit


def _newest(query: Query, low: int, high: int, stretch: int, limit: int) -> list[Hit]:
    """The matches among the highest `stretch` rows; it stops at the last one wanted."""
    holding, given = _holding(query)
    statement = text(
        "SELECT place, ref_id FROM (SELECT place, ref_id, words FROM search_docs"  # noqa: S608
        " WHERE place >= :low AND place < :high ORDER BY place DESC LIMIT :stretch) AS newest"
        f" WHERE {holding} LIMIT :limit"
    )
    rows = db.session.execute(statement, {**given, "low": low, "high": high, "stretch": stretch, "limit": limit})
    return [Hit(place=row.place, ref_id=row.ref_id) for row in rows]


def _indexed(query: Query, grams: Sequence[str], low: int, high: int, limit: int) -> list[Hit]:
    holding, given = _holding(query)
    # `place + 0`: by this index and no other.
    statement = text(
        "WITH rows_of AS MATERIALIZED (SELECT place, ref_id FROM search_docs"  # noqa: S608
        " WHERE search_grams(kind, words) @> CAST(:grams AS text[])"
        f" AND {holding} AND place + 0 >= :low AND place + 0 < :high)"
        " SELECT place, ref_id FROM rows_of ORDER BY place DESC LIMIT :limit"
    )
    rows = db.session.execute(statement, {**given, "grams": list(grams), "low": low, "high": high, "limit": limit})
    return [Hit(place=row.place, ref_id=row.ref_id) for row in rows]


def _grams(phrase: Sequence[str]) -> list[str]:
    """Pairs of neighbours, which tell more; a single character as it is."""
    return ["".join(pair) for pair in pairwise(phrase)] or list(phrase)


def _holding(query: Query) -> tuple[str, dict[str, Any]]:
    """Conditions on `words`; strpos takes half the time of LIKE."""
    needles = {f"needle_{number}": " ".join(phrase) for number, phrase in enumerate(query.phrases)}
    return " AND ".join(f"strpos(words, :{name}) > 0" for name in needles), needles


def looks_like(query: Query) -> ColumnElement[bool]:
    """That all the phrases occur, as an SQL condition on SearchDoc: for lists in another order of which much is found.
    Tokens are single characters, none of them LIKE's own."""
    return and_(*(SearchDoc.words.like(f"%{' '.join(phrase)}%") for phrase in query.phrases))
