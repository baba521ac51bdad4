"""files that come with messages"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# As long as the platforms keep what people send.
KEPT_BY_PLATFORM = timedelta(days=3)


def upgrade() -> None:
    files = op.create_table(
        "message_media",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("content_type", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claim_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'kept') = (content IS NOT NULL)", name=op.f("ck_message_media_kept")),
        sa.CheckConstraint("status IN ('waiting','kept','lost')", name=op.f("ck_message_media_status")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_message_media_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_message_media_message_id_messages"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_media")),
        sa.UniqueConstraint("message_id", "position", name=op.f("uq_message_media_message_id_position")),
    )
    with op.batch_alter_table("message_media", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_media_account_id"), ["account_id"], unique=False)
        batch_op.create_index("ix_message_media_queue", ["status", "next_try_at"], unique=False)
    _fill(op.get_bind(), files, datetime.now(UTC))


def _fill(connection: sa.Connection, files: sa.Table, now: datetime) -> None:
    """What came before: to be fetched while the platform still has it, else told as lost."""
    messages = sa.table(
        "messages",
        *(sa.column(name, sa.String()) for name in ("id", "account_id", "direction")),
        sa.column("media", sa.JSON()),
        *(sa.column(name, sa.DateTime(timezone=True)) for name in ("sent_at", "erased_at", "created_at")),
    )
    query = sa.select(messages).where(
        messages.c.direction == "in", messages.c.erased_at.is_(None), sa.cast(messages.c.media, sa.Text) != "[]"
    )
    for row in connection.execute(query).all():
        found = [_row(row, position, item, now) for position, item in enumerate(row.media or [])]
        if named := [file for file in found if file["media_id"] or file["url"]]:
            connection.execute(files.insert(), named)


def _row(message: Any, position: int, item: dict[str, str], now: datetime) -> dict[str, Any]:
    there = message.sent_at.replace(tzinfo=message.sent_at.tzinfo or UTC) > now - KEPT_BY_PLATFORM
    return {
        "id": f"{int(now.timestamp() * 1000):012x}{secrets.token_hex(6)}",
        "message_id": message.id,
        "account_id": message.account_id,
        "position": position,
        "kind": item.get("kind", "")[:20],
        "media_id": item.get("media_id", ""),
        "url": item.get("url", ""),
        "status": "waiting" if there else "lost",
        "content": None,
        "content_type": "",
        "name": "",
        "size": 0,
        "why": "" if there else "已过期，未取到。",
        "tries": 0,
        "next_try_at": now,
        "created_at": message.created_at,
    }


def downgrade() -> None:
    op.drop_table("message_media")
