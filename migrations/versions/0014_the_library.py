"""the library: folders, tags, rights and their end, originals, what was cut from what, and where an item is used"""

import json
import re
import secrets
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TEXTS = (("folder", 200), ("title", 200), ("source", 200), ("holder", 200), ("licence", 200), ("original_sha256", 64))
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_IN_BODY = re.compile(r"/media/([0-9a-f]{64})")


def upgrade() -> None:
    op.add_column("blobs", sa.Column("original", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, length in (*_TEXTS, ("origin_id", 32)):
        op.add_column("media", sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
    op.add_column("media", sa.Column("expires_on", sa.Date(), nullable=True))
    op.add_column("media", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.add_column("media", sa.Column("made", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index("ix_media_unit_id_folder", "media", ["unit_id", "folder"])
    for name in ("expires_on", "original_sha256", "origin_id"):
        op.create_index(f"ix_media_{name}", "media", [name])
    op.create_table(
        "media_tags",
        sa.Column("media_id", sa.String(length=32), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["media_id"], ["media.id"], name=op.f("fk_media_tags_media_id_media"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("media_id", "tag", name=op.f("pk_media_tags")),
    )
    op.create_index(op.f("ix_media_tags_tag"), "media_tags", ["tag"])
    op.create_table(
        "media_uses",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_id", sa.String(length=32), nullable=False),
        sa.Column("post_id", sa.String(length=32), nullable=False),
        sa.Column("revision_id", sa.String(length=32), nullable=False),
        sa.Column("place", sa.String(length=10), nullable=False),
        sa.CheckConstraint("place IN ('body','cover','attachment','variant')", name=op.f("ck_media_uses_place")),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_media_uses_sha256_blobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_uses")),
        sa.UniqueConstraint(
            "revision_id", "sha256", "media_id", "place", name=op.f("uq_media_uses_revision_id_sha256_media_id_place")
        ),
    )
    for name in ("sha256", "media_id", "post_id"):
        op.create_index(op.f(f"ix_media_uses_{name}"), "media_uses", [name])
    _find_uses()


def downgrade() -> None:
    op.drop_table("media_uses")
    op.drop_table("media_tags")
    for name in ("origin_id", "original_sha256", "expires_on"):
        op.drop_index(f"ix_media_{name}", table_name="media")
    op.drop_index("ix_media_unit_id_folder", table_name="media")
    for name in ("made", "note", "expires_on", "origin_id", *(name for name, _length in reversed(_TEXTS))):
        op.drop_column("media", name)
    op.drop_column("blobs", "original")


def _find_uses() -> None:
    """Of every revision that stands: its cover, attachments, pictures in the text and those that single accounts get."""
    connection = op.get_bind()
    blobs = set(connection.execute(sa.text("SELECT sha256 FROM blobs")).scalars())
    media = {row.id: row.sha256 for row in connection.execute(sa.text("SELECT id, sha256 FROM media"))}
    uses = sa.table("media_uses", *map(sa.column, ("id", "sha256", "media_id", "post_id", "revision_id", "place")))
    revisions = sa.table(
        "revisions",
        *map(sa.column, ("id", "post_id", "body_html", "cover_media_id")),
        sa.column("attachments", sa.JSON()),
    )
    chosen: dict[str, set[str]] = {}
    parts = (sa.column("overrides", sa.JSON()), sa.column("payload", sa.JSON()))
    variants = sa.table("variants", sa.column("revision_id"), *parts)
    for revision_id, *both in connection.execute(sa.select(variants)).yield_per(500):
        chosen.setdefault(revision_id, set()).update(_HASH.findall(json.dumps(both)))
    after = ""
    while True:
        page = connection.execute(
            sa.select(revisions).where(revisions.c.id > after).order_by(revisions.c.id).limit(500)
        ).all()
        if not page:
            return
        after = page[-1].id
        rows = [
            {
                "id": secrets.token_hex(12), "sha256": sha256, "media_id": media_id, "post_id": row.post_id,
                "revision_id": row.id, "place": place,
            }
            for row in page
            for sha256, media_id, place in sorted(set(_uses_of(row, media, chosen.get(row.id, set()))))
            if sha256 in blobs
        ]  # fmt: skip
        if rows:
            connection.execute(sa.insert(uses), rows)


def _uses_of(row: sa.Row, media: dict[str, str], chosen: set[str]) -> Iterator[tuple[str, str, str]]:
    shown = set(_IN_BODY.findall(row.body_html or ""))
    for sha256 in shown:
        yield sha256, "", "body"
    if row.cover_media_id in media:
        yield media[row.cover_media_id], row.cover_media_id, "cover"
    for media_id in row.attachments or []:
        if media_id in media:
            yield media[media_id], media_id, "attachment"
    for sha256 in chosen - shown:
        yield sha256, "", "variant"
