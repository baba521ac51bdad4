"""how often our own program failed at an errand of a publication: told to administrators, tried ever more seldom"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("errand_failures", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("publications", "errand_failures")
