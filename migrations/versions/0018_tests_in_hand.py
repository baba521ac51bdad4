"""tests of an account's rights: in whose hand, and what kept them from asking; what to do about a refused push"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_TIMES = ("probe_claim_until", "tried_at", "history_tried_at")
_TEXTS = {"probe_note": sa.Text(), "callback_remedy": sa.Text(), "callback_who": sa.String(length=80)}


def upgrade() -> None:
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        for name in _TIMES:
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        for name, kind in _TEXTS.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=""))


def downgrade() -> None:
    # Natively, also on SQLite: a batch makes the table anew, and rows that refer to it would refuse or be lost.
    for name in (*_TEXTS, *_TIMES):
        op.drop_column("accounts", name)
