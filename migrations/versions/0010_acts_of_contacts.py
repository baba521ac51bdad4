"""contacts: their newest act (subscribing, a menu, a code) that opens a short window for answers"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("act", sa.String(length=40), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # Natively, also on SQLite: a batch makes the table anew, and rows that refer to it would refuse or be lost.
    op.drop_column("contacts", "acted_at")
    op.drop_column("contacts", "act")
