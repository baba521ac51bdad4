"""followers' tags, the days of an account, its allowances as the platform tells them"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_days",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=True),
        sa.Column("sharers", sa.Integer(), nullable=True),
        sa.Column("likes", sa.Integer(), nullable=True),
        sa.Column("comments", sa.Integer(), nullable=True),
        sa.Column("collected", sa.Integer(), nullable=True),
        sa.Column("new_followers", sa.Integer(), nullable=True),
        sa.Column("lost_followers", sa.Integer(), nullable=True),
        sa.Column("followers", sa.Integer(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_days_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_days")),
        sa.UniqueConstraint("account_id", "day", name=op.f("uq_account_days_account_id_day")),
    )
    with op.batch_alter_table("account_days", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_days_account_id"), ["account_id"], unique=False)

    op.create_table(
        "quota_readings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("call", sa.String(length=60), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=True),
        sa.Column("remain", sa.Integer(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_quota_readings_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_readings")),
        sa.UniqueConstraint("account_id", "call", name=op.f("uq_quota_readings_account_id_call")),
    )
    with op.batch_alter_table("quota_readings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quota_readings_account_id"), ["account_id"], unique=False)

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("next_reading_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("reading_note", sa.Text(), nullable=False, server_default=""))

    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tags", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("elected", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # Natively, also on SQLite: a batch makes the table anew, and rows that refer to it would refuse or be lost.
    for table, columns in (
        ("messages", ("removed_at", "elected")),
        ("contacts", ("blocked_at", "told_at", "tags")),
        ("accounts", ("reading_note", "next_reading_at")),
    ):
        for column in columns:
            op.drop_column(table, column)

    with op.batch_alter_table("quota_readings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quota_readings_account_id"))

    op.drop_table("quota_readings")
    with op.batch_alter_table("account_days", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_days_account_id"))

    op.drop_table("account_days")
