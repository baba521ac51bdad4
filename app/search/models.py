"""The search index: one row for each thing that is found by its words, and what finds it fast on either database.

SQLite: an FTS5 table over `words`, kept by triggers. PostgreSQL: a GIN index on the characters and pairs of neighbours.
Both are made with the table; `flask search rebuild` makes them again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, String, Table, Text, UniqueConstraint, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model

# What beside the table belongs to the index; migrations and models make it by hand.
NAMES = ("search_fts", "ix_search_docs_grams")

SQLITE = (
    # Tokens of ASCII letters and digits, and every other character: what tokens.py leaves. No sizes: nothing is ranked.
    "CREATE VIRTUAL TABLE IF NOT EXISTS search_fts USING fts5("
    "words, content='search_docs', content_rowid='place', columnsize=0, tokenize='ascii')",
    "CREATE TRIGGER IF NOT EXISTS search_docs_added AFTER INSERT ON search_docs BEGIN"
    " INSERT INTO search_fts (rowid, words) VALUES (new.place, new.words); END",
    "CREATE TRIGGER IF NOT EXISTS search_docs_gone AFTER DELETE ON search_docs BEGIN"
    " INSERT INTO search_fts (search_fts, rowid, words) VALUES ('delete', old.place, old.words); END",
    "CREATE TRIGGER IF NOT EXISTS search_docs_changed AFTER UPDATE ON search_docs BEGIN"
    " INSERT INTO search_fts (search_fts, rowid, words) VALUES ('delete', old.place, old.words);"
    " INSERT INTO search_fts (rowid, words) VALUES (new.place, new.words); END",
)
SQLITE_GONE = (
    "DROP TRIGGER IF EXISTS search_docs_added",
    "DROP TRIGGER IF EXISTS search_docs_gone",
    "DROP TRIGGER IF EXISTS search_docs_changed",
    "DROP TABLE IF EXISTS search_fts",
)
POSTGRESQL = (
    # Dear, so that it is never reckoned out row by row where the index has it. Things other than messages are few among
    # many: their kind is a gram.
    "CREATE OR REPLACE FUNCTION search_grams(kind integer, words text) RETURNS text[]"
    " LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$"
    " SELECT array_agg(one) || array_agg(two) FILTER (WHERE two IS NOT NULL)"
    " || CASE WHEN kind > 0 THEN ARRAY['#' || kind] ELSE ARRAY[]::text[] END"
    " FROM (SELECT one, one || lead(one) OVER (ORDER BY number) AS two"
    " FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS tokens(one, number)) AS pairs $$",
    # What waits to be sorted in is looked through by every search: little of it.
    "CREATE INDEX IF NOT EXISTS ix_search_docs_grams ON search_docs USING gin (search_grams(kind, words))"
    " WITH (gin_pending_list_limit = 256)",
    # How common the three thousand commonest are.
    "ALTER INDEX ix_search_docs_grams ALTER COLUMN 1 SET STATISTICS 300",
)
POSTGRESQL_GONE = ("DROP INDEX IF EXISTS ix_search_docs_grams", "DROP FUNCTION IF EXISTS search_grams(integer, text)")


class SearchDoc(Model):
    """What is found of one thing. `place` orders by kind and time, the newest highest: see app.search.places.

    `kind`: app.search.places.KINDS; `ref_id`: the thing's id; `words`: app.search.tokens.words_of.
    """

    __tablename__ = "search_docs"
    __table_args__ = (UniqueConstraint("ref_id", "kind"),)

    # SQLite's own number of a row, by which FTS5 knows it.
    place: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    kind: Mapped[int] = mapped_column(Integer)
    ref_id: Mapped[str] = mapped_column(String(32))
    words: Mapped[str] = mapped_column(Text)


def by_hand(name: str | None) -> bool:
    """Whether a table or an index of this name is made by the statements above: SQLAlchemy does not know it."""
    return name is not None and name.startswith(NAMES)


def make_ready(connection: Connection) -> None:
    """Whatever of the index is missing beside its table. In a transaction."""
    for statement in SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL:
        connection.exec_driver_sql(statement)


@event.listens_for(SearchDoc.__table__, "after_create")
def _created(_table: Table, connection: Connection, **_options: Any) -> None:
    make_ready(connection)
