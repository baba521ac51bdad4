"""black-outs: hours announced beforehand in which nothing ordinary goes out"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blackouts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("scope_id", sa.String(length=32), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("urgent_too", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('site','unit','account')", name=op.f("ck_blackouts_scope")),
        sa.CheckConstraint("(scope = 'site') = (scope_id = '')", name=op.f("ck_blackouts_scope_id")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_blackouts_hours")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blackouts")),
    )
    with op.batch_alter_table("blackouts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blackouts_ends_at"), ["ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_blackouts_scope_id"), ["scope_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("blackouts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blackouts_scope_id"))
        batch_op.drop_index(batch_op.f("ix_blackouts_ends_at"))
    op.drop_table("blackouts")
