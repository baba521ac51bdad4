"""roles that people made, settings of the whole installation (whether the three administrators are apart), and the record of
what was handed over when somebody left"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roles",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_roles_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
    )
    op.create_index(op.f("ix_roles_unit_id"), "roles", ["unit_id"])
    op.create_table(
        "site_settings",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_site_settings")),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("made_by_name", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_handovers_unit_id_units")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_handovers_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_user_id"), "handovers", ["user_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_handovers_user_id"), table_name="handovers")
    op.drop_table("handovers")
    # The version before knows neither roles that people made nor the separated administrators: nobody may be left without
    # somebody who can give rights.
    op.execute("DELETE FROM grants WHERE role IN (SELECT id FROM roles)")
    op.execute(
        "DELETE FROM grants WHERE role IN ('system_administrator', 'security_administrator') AND EXISTS (SELECT 1 FROM"
        " grants other WHERE other.user_id = grants.user_id AND other.unit_id = grants.unit_id"
        " AND other.role = 'administrator')"
    )
    op.execute("DELETE FROM grants WHERE role = 'system_administrator'")
    op.execute("UPDATE grants SET role = 'administrator' WHERE role = 'security_administrator'")
    op.drop_table("site_settings")
    op.drop_index(op.f("ix_roles_unit_id"), table_name="roles")
    op.drop_table("roles")
