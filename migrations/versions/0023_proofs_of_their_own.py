"""wrong proofs counted with the session, not with the lockout of sign-in"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("browser_sessions") as table:
        table.add_column(sa.Column("failed_proofs", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("browser_sessions") as table:
        table.drop_column("failed_proofs")
