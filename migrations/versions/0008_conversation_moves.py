"""where a conversation went that is part of another one now"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversation_moves",
        sa.Column("old_id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_conversation_moves_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("old_id", name=op.f("pk_conversation_moves")),
    )
    with op.batch_alter_table("conversation_moves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversation_moves_conversation_id"), ["conversation_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("conversation_moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversation_moves_conversation_id"))
    op.drop_table("conversation_moves")
