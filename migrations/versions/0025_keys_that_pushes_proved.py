"""when the keys of an account's callbacks were proved by a push, which a mere check of the address does not do; what of
the credentials is known while they are sealed (filled as accounts are saved or tested)"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("callback_proven_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("open_credentials", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("accounts", sa.Column("history_misses", sa.Integer(), nullable=False, server_default="0"))
    # Ends that no calendar of every zone holds were taken once.
    op.execute("UPDATE accounts SET token_expires_at = NULL WHERE token_expires_at >= '2200-01-01'")
    # Where a push was ever taken the keys are held for proven, as before.
    taken = "SELECT account_id FROM tallies WHERE kind = 'callback' AND label = 'taken'"
    op.execute(
        "UPDATE accounts SET callback_proven_at = last_callback_at WHERE last_callback_at IS NOT NULL"
        f" AND (platform <> 'wechat' OR id IN ({taken}))"  # noqa: S608
        " AND (callback_refused_at IS NULL OR callback_refused_at <= last_callback_at)"
    )
    # Of a refusal and a push that came after it only the push counted.
    op.execute(
        "UPDATE accounts SET callback_refused_at = NULL, callback_refusal = ''"
        " WHERE callback_refused_at <= last_callback_at"
    )


def downgrade() -> None:
    op.drop_column("accounts", "history_misses")
    op.drop_column("accounts", "open_credentials")
    op.drop_column("accounts", "callback_proven_at")
