"""wrong proofs counted with the session, not with the lockout of sign-in; tokens that were issued at the command
line; the limits of a stage before it was asked about"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("browser_sessions") as table:
        table.add_column(sa.Column("failed_proofs", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("api_tokens") as table:
        table.add_column(sa.Column("by_command", sa.Boolean(), server_default=sa.false(), nullable=False))
    # The command line acts as nobody.
    issued = "SELECT object_id FROM events WHERE action = 'token.issue' AND actor_id = ''"
    op.execute(f"UPDATE api_tokens SET by_command = true WHERE id IN ({issued})")  # noqa: S608
    with op.batch_alter_table("escalations") as table:
        table.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
    # Those that are open keep what they have.
    op.execute(
        "UPDATE escalations SET due_at = (SELECT due_at FROM reviews WHERE reviews.id = escalations.review_id),"
        " remind_at = (SELECT remind_at FROM reviews WHERE reviews.id = escalations.review_id)"
        " WHERE closed_at IS NULL"
    )


def downgrade() -> None:
    with op.batch_alter_table("escalations") as table:
        table.drop_column("remind_at")
        table.drop_column("due_at")
    with op.batch_alter_table("api_tokens") as table:
        table.drop_column("by_command")
    with op.batch_alter_table("browser_sessions") as table:
        table.drop_column("failed_proofs")
