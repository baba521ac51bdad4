"""from now on the ids of events are in their digests"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event_chain_head", sa.Column("ids_from", sa.BigInteger(), nullable=False, server_default="1"))
    op.execute(sa.text("UPDATE event_chain_head SET ids_from = seq + 1"))



def downgrade() -> None:
    op.execute(sa.text("ALTER TABLE event_chain_head DROP COLUMN ids_from"))
