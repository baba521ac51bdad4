"""contacts: their newest act (subscribing, a menu, a code) that opens a short window for answers"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("act", sa.String(length=40), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.drop_column("acted_at")
        batch_op.drop_column("act")
