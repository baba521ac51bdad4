"""previews on phones"""

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preview_recipients",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_preview_recipients_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "platform", name=op.f("pk_preview_recipients")),
    )
    op.create_table(
        "preview_sends",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("post_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("lives_seconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("prepared", sa.JSON(), nullable=False),
        sa.Column("exchanges", sa.JSON(), nullable=False),
        sa.Column("discard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("discard_tries", sa.Integer(), nullable=False),
        sa.Column("left_behind", sa.Text(), nullable=False),
        sa.Column("claim_owner", sa.String(length=80), nullable=False),
        sa.Column("claim_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=False),
        sa.Column("error_cause", sa.Text(), nullable=False),
        sa.Column("error_remedy", sa.Text(), nullable=False),
        sa.Column("error_who", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued','preparing','sending','sent','failed','unknown')",
            name=op.f("ck_preview_sends_status"),
        ),
        sa.CheckConstraint(
            "status IN ('queued','preparing','sending') OR finished_at IS NOT NULL",
            name=op.f("ck_preview_sends_finished"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_preview_sends_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_preview_sends_post_id_posts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_preview_sends_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preview_sends")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_preview_sends_user_id_key")),
    )
    with op.batch_alter_table("preview_sends", schema=None) as batch_op:
        batch_op.create_index("ix_preview_sends_queue", ["status", "created_at"], unique=False)
        for column in ("account_id", "claim_owner", "discard_at", "post_id", "user_id"):
            batch_op.create_index(batch_op.f(f"ix_preview_sends_{column}"), [column], unique=False)


def downgrade() -> None:
    op.drop_table("preview_sends")
    op.drop_table("preview_recipients")
