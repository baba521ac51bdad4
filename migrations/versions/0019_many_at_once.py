"""acts on many items of the library, what needs items beside posts; drafts of plans; packs and what goes out later"""

import json
import re
import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_SOME = 200
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def upgrade() -> None:
    op.create_table(
        "media_batches",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("done", sa.JSON(), nullable=False),
        sa.Column("stayed", sa.JSON(), nullable=False),
        sa.Column("undone", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("act IN ('move','out','tag','untag','remove')", name=op.f("ck_media_batches_act")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_batches")),
    )
    with op.batch_alter_table("media_batches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_media_batches_created_by"), ["created_by"], unique=False)
    op.create_table(
        "media_holds",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("holder_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.CheckConstraint("kind IN ('state','template')", name=op.f("ck_media_holds_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_holds")),
        sa.UniqueConstraint("kind", "holder_id", "key", name=op.f("uq_media_holds_kind_holder_id_key")),
    )
    with op.batch_alter_table("media_holds", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_media_holds_key"), ["key"], unique=False)
    _note_holds("state", "post_snapshots", ("content", "channels"))
    _note_holds("template", "post_templates", ("blocks",))
    with op.batch_alter_table("plan_rows", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mark", sa.String(length=64), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_plan_rows_mark"), ["mark"], unique=False)
    # Never by making the table anew: on SQLite its terms would go with the old one.
    op.add_column("word_packs", sa.Column("looked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("word_packs", sa.Column("looked_until_id", sa.String(length=32), nullable=False, server_default=""))
    with op.batch_alter_table("pack_imports", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=10), nullable=False, server_default="ready"))
        batch_op.add_column(sa.Column("content", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("done", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("why", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("pack_imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pack_imports_state"), ["state"], unique=False)
        batch_op.create_check_constraint(op.f("ck_pack_imports_state"), "state IN ('ready','waiting','failed')")
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posts_public_at"), ["public_at"], unique=False)


def _note_holds(kind: str, table: str, columns: tuple[str, ...]) -> None:
    """What states and templates name by now: hashes anywhere, and the ids of items."""
    holders = sa.table(table, sa.column("id", sa.String), *(sa.column(name, sa.JSON) for name in columns))
    holds = sa.table("media_holds", *(sa.column(name, sa.String) for name in ("id", "kind", "holder_id", "key")))
    bind, last = op.get_bind(), ""
    while rows := bind.execute(
        sa.select(holders).where(holders.c.id > last).order_by(holders.c.id).limit(_SOME)
    ).all():
        last = rows[-1].id
        found = [(row.id, key) for row in rows for key in sorted(_keys(_parts(row[1:])))]
        made = [
            {"id": secrets.token_hex(12), "kind": kind, "holder_id": holder_id, "key": key} for holder_id, key in found
        ]
        if made:
            bind.execute(sa.insert(holds), made)


def _parts(values: Sequence[object]) -> list[object]:
    """The content; of each account what was set by hand and what it gets, but not the hash of that."""
    channels = values[1] if len(values) > 1 and isinstance(values[1], list) else []
    own = [channel.get(name) for channel in channels if isinstance(channel, dict) for name in ("overrides", "payload")]
    return [values[0], *own]


def _keys(parts: object) -> set[str]:
    found = set(_HASH.findall(json.dumps(parts, default=list)))
    _add_ids(parts, found)
    return found


def _add_ids(part: object, found: set[str]) -> None:
    if isinstance(part, dict):
        named = [part.get("media_id"), part.get("cover_media_id"), *(part.get("attachments") or ())]
        found.update(name for name in named if isinstance(name, str) and name)
        part = list(part.values())
    if isinstance(part, list | tuple):
        for value in part:
            _add_ids(value, found)


def downgrade() -> None:
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_posts_public_at"))
    # What was not read yet cannot be: it is chosen again.
    op.execute("DELETE FROM pack_imports WHERE state <> 'ready'")
    with op.batch_alter_table("pack_imports", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_pack_imports_state"), type_="check")
        batch_op.drop_index(batch_op.f("ix_pack_imports_state"))
        for name in ("taken_at", "why", "done", "content", "state"):
            batch_op.drop_column(name)
    op.drop_column("word_packs", "looked_until_id")
    op.drop_column("word_packs", "looked_until")
    with op.batch_alter_table("plan_rows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_rows_mark"))
        batch_op.drop_column("mark")
    op.drop_table("media_holds")
    op.drop_table("media_batches")
