"""outgoing webhooks: a secret that signs, the topics a channel wants, events beside notices"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outgoing_events",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_outgoing_events_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_events")),
    )
    with op.batch_alter_table("outgoing_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outgoing_events_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outgoing_events_unit_id"), ["unit_id"], unique=False)

    op.add_column("alert_channels", sa.Column("secret", sa.Text(), nullable=True))
    op.add_column("alert_channels", sa.Column("topics", sa.JSON(), nullable=False, server_default='["alarm"]'))
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.alter_column("notice_id", existing_type=sa.String(length=32), nullable=True)
        batch_op.add_column(sa.Column("event_id", sa.String(length=32), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_deliveries_event_id_outgoing_events"),
            "outgoing_events",
            ["event_id"],
            ["id"],
            ondelete="CASCADE",
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_deliveries_event_id_channel_id"), ["event_id", "channel_id"]
        )
        batch_op.create_check_constraint(batch_op.f("ck_deliveries_what"), "(notice_id IS NULL) <> (event_id IS NULL)")
    # What happened before anybody could ask for it is told to nobody.
    op.add_column("state_changes", sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("state_changes", schema=None) as batch_op:
        batch_op.alter_column("told", existing_type=sa.Boolean(), server_default=None)
    op.create_index(
        "ix_state_changes_untold",
        "state_changes",
        ["id"],
        sqlite_where=sa.text("NOT told"),
        postgresql_where=sa.text("NOT told"),
    )


def downgrade() -> None:
    op.drop_index("ix_state_changes_untold", table_name="state_changes")
    op.drop_column("state_changes", "told")
    op.execute("DELETE FROM deliveries WHERE event_id IS NOT NULL")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_deliveries_what"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_deliveries_event_id_channel_id"), type_="unique")
        batch_op.drop_constraint(batch_op.f("fk_deliveries_event_id_outgoing_events"), type_="foreignkey")
        batch_op.drop_column("event_id")
        batch_op.alter_column("notice_id", existing_type=sa.String(length=32), nullable=False)
    op.drop_column("alert_channels", "topics")
    op.drop_column("alert_channels", "secret")
    with op.batch_alter_table("outgoing_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outgoing_events_unit_id"))
        batch_op.drop_index(batch_op.f("ix_outgoing_events_at"))
    op.drop_table("outgoing_events")
