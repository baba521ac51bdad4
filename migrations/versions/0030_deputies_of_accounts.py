"""one deputy per account, beside its responsible person"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("deputy_id", sa.String(length=32), nullable=True))


def downgrade() -> None:
    op.execute(sa.text("ALTER TABLE accounts DROP COLUMN deputy_id"))
