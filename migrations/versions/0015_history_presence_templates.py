"""states of posts, who has a post open, templates of posts"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_KINDS = "'edited','created','submitted','returned','approved','withdrawn','restored'"
_BATCH = 200
_CONTENT = ("title", "summary", "body_html", "source", "author", "cover_media_id", "tags", "attachments")
_JSON = sa.JSON()
_OLD = sa.table(
    "revisions",
    *(sa.column(name) for name in ("id", "post_id", "title", "summary", "body_html", "source", "author", "cover_media_id")),
    *(sa.column(name, _JSON) for name in ("tags", "attachments", "editors")),
    sa.column("number", sa.Integer),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "frozen_at")),
)
_VARIANTS = sa.table(
    "variants",
    *(sa.column(name) for name in ("revision_id", "account_id", "sha256")),
    sa.column("position", sa.Integer),
    *(sa.column(name, _JSON) for name in ("overrides", "payload", "length")),
)
_ACCOUNTS = sa.table("accounts", *(sa.column(name) for name in ("id", "name", "platform")))
_POSTS = sa.table("posts", sa.column("id"), sa.column("urgent", sa.Boolean), sa.column("created_by"))
_NEW = sa.table(
    "post_snapshots",
    *(sa.column(name) for name in ("id", "post_id", "kind", "actor_id")),
    *(sa.column(name, sa.Integer) for name in ("number", "revision_number")),
    *(sa.column(name, _JSON) for name in ("content", "channels", "changed")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("started_at", "at")),
)


def upgrade() -> None:
    op.create_table(
        "post_snapshots",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("post_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.Column("restored_number", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_post_snapshots_kind")),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_snapshots_post_id_posts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_snapshots")),
        sa.UniqueConstraint("post_id", "number", name=op.f("uq_post_snapshots_post_id_number")),
    )
    op.create_table(
        "post_visits",
        sa.Column("post_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("typed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_visits_post_id_posts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_post_visits_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", "user_id", name=op.f("pk_post_visits")),
    )
    op.create_table(
        "post_templates",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_post_templates_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_templates")),
    )
    with op.batch_alter_table("post_templates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_post_templates_unit_id"), ["unit_id"], unique=False)
    op.add_column("posts", sa.Column("template", sa.JSON(), nullable=True))
    _take_over()


def _take_over() -> None:
    """Every revision there is becomes a state of its post, so that nothing older is missing from the history."""
    bind = op.get_bind()
    accounts = {row.id: row for row in bind.execute(sa.select(_ACCOUNTS))}
    posts = {row.id: row for row in bind.execute(sa.select(_POSTS))}
    ids = [row.id for row in bind.execute(sa.select(_OLD.c.id).order_by(_OLD.c.post_id, _OLD.c.number))]
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        channels: dict[str, list[dict[str, object]]] = {}
        chosen = sa.select(_VARIANTS).where(_VARIANTS.c.revision_id.in_(batch)).order_by(_VARIANTS.c.position)
        for row in bind.execute(chosen):
            account = accounts[row.account_id]
            shown = {"account_id": account.id, "account_name": account.name, "platform": account.platform}
            parts = {name: getattr(row, name) for name in ("overrides", "payload", "length", "sha256")}
            channels.setdefault(row.revision_id, []).append({**shown, **parts})
        rows = bind.execute(sa.select(_OLD).where(_OLD.c.id.in_(batch)))
        bind.execute(sa.insert(_NEW), [_state(row, posts[row.post_id], channels.get(row.id, [])) for row in rows])


def _state(row: sa.Row, post: sa.Row, channels: list[dict[str, object]]) -> dict[str, object]:
    content = {name: getattr(row, name) for name in _CONTENT}
    at = row.frozen_at or row.created_at
    editors = row.editors or [post.created_by]
    return {
        "id": secrets.token_hex(12),
        "post_id": row.post_id,
        "number": row.number,
        "kind": "submitted" if row.frozen_at else "edited",
        "revision_number": row.number,
        "actor_id": editors[-1],
        "content": {**content, "attachment_names": {}, "urgent": bool(post.urgent)},
        "channels": channels,
        "changed": [],
        "started_at": at,
        "at": at,
    }


def downgrade() -> None:
    op.drop_column("posts", "template")
    with op.batch_alter_table("post_templates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_post_templates_unit_id"))
    op.drop_table("post_templates")
    op.drop_table("post_visits")
    op.drop_table("post_snapshots")
