"""units that were closed, and who must choose a password of their own"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("units", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "users", sa.Column("password_is_initial", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("users", "password_is_initial")
    op.drop_column("units", "closed_at")
