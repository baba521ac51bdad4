"""how long a token was given for, pushes whose signature was refused, figures of what was published"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publication_figures",
        sa.Column("publication_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=True),
        sa.Column("likes", sa.Integer(), nullable=True),
        sa.Column("comments", sa.Integer(), nullable=True),
        sa.Column("reposts", sa.Integer(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_publication_figures_account_id_accounts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_publication_figures_publication_id_publications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_publication_figures")),
    )
    with op.batch_alter_table("publication_figures", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_publication_figures_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_publication_figures_next_at"), ["next_at"], unique=False)

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("token_granted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("callback_refused_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("callback_refusal", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    # Natively, also on SQLite: a batch makes the table anew, and rows that refer to it would refuse or be lost.
    for column in ("callback_refusal", "callback_refused_at", "token_granted_at"):
        op.drop_column("accounts", column)

    with op.batch_alter_table("publication_figures", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_publication_figures_next_at"))
        batch_op.drop_index(batch_op.f("ix_publication_figures_account_id"))

    op.drop_table("publication_figures")
