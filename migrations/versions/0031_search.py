"""the search index over messages, posts, contacts and colleagues, filled from what is there"""

import json
import re
import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.checks.plaintext import plain_text
from app.search.models import POSTGRESQL, POSTGRESQL_GONE, SQLITE, SQLITE_GONE
from app.search.tokens import words_of

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_BATCH = 1000
_CHANCE, _KIND = 28, 61
_INDEX = re.compile(r"\bINDEX\b")
# kind, table, the query's columns beside the id: when it came, then its texts.
_FROM = (
    (0, "messages", "sent_at, text", "erased_at IS NULL AND text <> ''"),
    (1, "posts", "posts.created_at, posts.title, summary, body_html, tags", "true"),
    (2, "contacts", "created_at, remark, name, nickname", "erased_at IS NULL"),
    (3, "users", "created_at, name, email", "true"),
)


def upgrade() -> None:
    op.create_table(
        "search_docs",
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("ref_id", sa.String(length=32), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_search_docs")),
        sa.UniqueConstraint("ref_id", "kind", name=op.f("uq_search_docs_ref_id_kind")),
    )
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    # What a GIN index holds is sorted in at once when the rows are there.
    for statement in SQLITE if sqlite else POSTGRESQL:
        if sqlite or not _INDEX.search(statement):
            connection.exec_driver_sql(statement)
    for kind, table, columns, condition in _FROM:
        _fill(connection, kind, table, columns, condition)
    for statement in () if sqlite else (*POSTGRESQL, "ANALYZE search_docs"):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    for statement in SQLITE_GONE if connection.dialect.name == "sqlite" else POSTGRESQL_GONE:
        connection.exec_driver_sql(statement)
    op.drop_table("search_docs")


def _fill(connection: sa.Connection, kind: int, table: str, columns: str, condition: str) -> None:
    joined = "posts LEFT JOIN revisions ON revisions.id = posts.revision_id" if table == "posts" else table
    query = sa.text(
        f"SELECT {table}.id AS id, {columns} FROM {joined} WHERE {table}.id > :after AND {condition}"  # noqa: S608
        f" ORDER BY {table}.id LIMIT {_BATCH}"
    )
    docs = sa.table("search_docs", *map(sa.column, ("place", "kind", "ref_id", "words")))
    after, taken = "", set()
    while rows := connection.execute(query, {"after": after}).all():
        after = rows[-1].id
        found = []
        for ref_id, at, *texts in rows:
            if table == "posts":
                texts[2] = plain_text(texts[2] or "")
                texts[3:] = texts[3] if isinstance(texts[3], list) else _listed(texts[3])
            words = words_of(text or "" for text in texts)
            if words:
                found.append({"place": _place(kind, at, taken), "kind": kind, "ref_id": ref_id, "words": words})
        if found:
            connection.execute(sa.insert(docs), found)


def _listed(tags: str | None) -> list[str]:
    return json.loads(tags) if tags else []


def _place(kind: int, at: datetime | str, taken: set[int]) -> int:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    floor = kind << _KIND | max(int(moment.timestamp()), 0) << _CHANCE
    while (place := floor | secrets.randbits(_CHANCE)) in taken:
        pass
    taken.add(place)
    return place
