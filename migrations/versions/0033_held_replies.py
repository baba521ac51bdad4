"""answers that wait for somebody's approval before they are sent"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_replies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("in_reply_to", sa.String(length=32), nullable=False),
        sa.Column("seen_inbound_id", sa.String(length=32), nullable=True),
        sa.Column("operator_ip", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('awaiting_approval','returned','withdrawn','approved')", name=op.f("ck_held_replies_status")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_held_replies_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_held_replies_author_id_users")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_held_replies_decided_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_replies")),
        sa.UniqueConstraint("key", name=op.f("uq_held_replies_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_held_replies_message_id")),
    )
    op.create_index(op.f("ix_held_replies_conversation_id"), "held_replies", ["conversation_id"])
    op.create_index(op.f("ix_held_replies_author_id"), "held_replies", ["author_id"])
    op.create_index("ix_held_replies_list", "held_replies", ["status", "submitted_at"])


def downgrade() -> None:
    op.drop_index("ix_held_replies_list", table_name="held_replies")
    op.drop_index(op.f("ix_held_replies_author_id"), table_name="held_replies")
    op.drop_index(op.f("ix_held_replies_conversation_id"), table_name="held_replies")
    op.drop_table("held_replies")
