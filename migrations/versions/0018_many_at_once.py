"""acts on many items of the library, what needs items beside posts; drafts of plans; packs and what goes out later"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None


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
    with op.batch_alter_table("plan_rows", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mark", sa.String(length=64), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_plan_rows_mark"), ["mark"], unique=False)
    with op.batch_alter_table("plan_rows", schema=None) as batch_op:
        batch_op.alter_column("mark", existing_type=sa.String(length=64), server_default=None)
    with op.batch_alter_table("word_packs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("looked_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("looked_until_id", sa.String(length=32), nullable=False, server_default=""))
    with op.batch_alter_table("word_packs", schema=None) as batch_op:
        batch_op.alter_column("looked_until_id", existing_type=sa.String(length=32), server_default=None)
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_posts_public_at"), ["public_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("posts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_posts_public_at"))
    with op.batch_alter_table("word_packs", schema=None) as batch_op:
        batch_op.drop_column("looked_until_id")
        batch_op.drop_column("looked_until")
    with op.batch_alter_table("plan_rows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_rows_mark"))
        batch_op.drop_column("mark")
    op.drop_table("media_batches")
