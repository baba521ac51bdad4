"""How common characters and pairs are, as PostgreSQL's statistics of the index have it; kept for some minutes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import text

from app.db import db

_KEPT_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Known:
    """`rows` of the index, about; of the commonest grams the share of rows that have it; the others have it more seldom than
    `floor` says (1: nothing is known)."""

    rows: int
    shares: Mapping[str, float]
    floor: float

    def share(self, grams: Iterable[str]) -> float:
        """At most this share of the rows has all of them."""
        return min((self.shares.get(gram, self.floor) for gram in grams), default=1.0)


_kept: dict[str, tuple[float, Known]] = {}


def known_grams() -> Known:
    """As it was told some minutes ago at most."""
    address = db.engine.url.render_as_string()
    kept = _kept.get(address)
    if kept is None or time.monotonic() - kept[0] > _KEPT_SECONDS:
        kept = _kept[address] = (time.monotonic(), _ask())
    return kept[1]


def _ask() -> Known:
    rows = db.session.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'search_docs'::regclass")) or 0
    told = db.session.execute(
        text(
            "SELECT most_common_elems::text::text[] AS grams, most_common_elem_freqs AS shares FROM pg_stats"
            " WHERE schemaname = current_schema() AND tablename = 'ix_search_docs_grams'"
        )
    ).one_or_none()
    if told is None or not told.grams:
        return Known(rows=max(int(rows), 1), shares={}, floor=1.0)
    # Behind the shares stand the least and the greatest of them, and that of empty ones.
    shares = dict(zip(told.grams, told.shares, strict=False))
    return Known(rows=max(int(rows), 1), shares=shares, floor=min(shares.values()))
