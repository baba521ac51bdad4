"""notices to a person's own mailbox; what was shown of an item of review; what a deputy was given"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_ONE_OF_TWO = "(channel_id IS NULL) = (site <> '')"
_ONE_OF_THREE = "(channel_id IS NULL OR user_id IS NULL) AND (channel_id IS NULL AND user_id IS NULL) = (site <> '')"


def upgrade() -> None:
    op.create_table(
        "mail_addresses",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wanted", sa.String(length=200), nullable=False),
        sa.Column("code_digest", sa.String(length=64), nullable=False),
        sa.Column("code_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("codes_sent", sa.Integer(), nullable=False),
        sa.Column("counted_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mail_addresses_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_mail_addresses")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("user_id", sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column("digest", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_foreign_key(batch_op.f("fk_deliveries_user_id_users"), "users", ["user_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_deliveries_user_id"), ["user_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_deliveries_notice_id_user_id"), ["notice_id", "user_id"])
        batch_op.drop_constraint(batch_op.f("ck_deliveries_site"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_deliveries_site"), _ONE_OF_THREE)
        batch_op.create_check_constraint(
            batch_op.f("ck_deliveries_person"), "user_id IS NULL OR notice_id IS NOT NULL"
        )
    op.add_column("review_openings", sa.Column("sha256s", sa.JSON(), nullable=True))
    op.add_column("deputies", sa.Column("covers", sa.JSON(), nullable=False, server_default="[]"))
    _cover()


def _cover() -> None:
    """Those who stand in for somebody now go on with the roles by which that person decides today."""
    connection = op.get_bind()
    # The only built-in role that decides.
    held: dict[str, list[dict[str, str]]] = {}
    grants = connection.execute(sa.text("SELECT user_id, role, unit_id FROM grants WHERE role = 'reviewer' ORDER BY id"))
    for user_id, role, unit_id in grants:
        held.setdefault(user_id, []).append({"role": role, "unit_id": unit_id})
    for deputy_id, user_id in connection.execute(sa.text("SELECT id, user_id FROM deputies")).all():
        connection.execute(
            sa.text("UPDATE deputies SET covers = :covers WHERE id = :id"),
            {"covers": json.dumps(held.get(user_id, [])), "id": deputy_id},
        )


def downgrade() -> None:
    op.drop_column("deputies", "covers")
    op.drop_column("review_openings", "sha256s")
    op.execute("DELETE FROM deliveries WHERE user_id IS NOT NULL")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_deliveries_person"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_deliveries_site"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_deliveries_site"), _ONE_OF_TWO)
        batch_op.drop_constraint(batch_op.f("uq_deliveries_notice_id_user_id"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_deliveries_user_id"))
        batch_op.drop_constraint(batch_op.f("fk_deliveries_user_id_users"), type_="foreignkey")
        batch_op.drop_column("digest")
        batch_op.drop_column("user_id")
    op.drop_table("mail_addresses")
