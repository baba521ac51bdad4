"""indexes of publications that may be too late, and of those that are claimed"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CLAIMED = sa.text("claim_owner <> ''")


def upgrade() -> None:
    op.create_index("ix_publications_late", "publications", ["status", "late_from"])
    op.create_index(
        "ix_publications_claimed", "publications", ["claim_until"], sqlite_where=_CLAIMED, postgresql_where=_CLAIMED
    )


def downgrade() -> None:
    op.drop_index("ix_publications_claimed", table_name="publications")
    op.drop_index("ix_publications_late", table_name="publications")
