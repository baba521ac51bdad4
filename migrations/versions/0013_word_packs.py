"""word packs with their versions, what is said of problems that stay, places found by looking back"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "word_packs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at_version", sa.Integer(), nullable=False),
        sa.Column("looked_after", sa.String(length=32), nullable=False),
        sa.Column("looked_posts", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_word_packs_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_word_packs")),
        sa.UniqueConstraint("unit_id", "name", name=op.f("uq_word_packs_unit_id_name")),
    )
    op.create_index(op.f("ix_word_packs_unit_id"), "word_packs", ["unit_id"])
    op.create_table(
        "pack_versions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("pack_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("summary", sa.String(length=200), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=False),
        sa.Column("author_name", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["word_packs.id"], name=op.f("fk_pack_versions_pack_id_word_packs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_versions")),
        sa.UniqueConstraint("pack_id", "number", name=op.f("uq_pack_versions_pack_id_number")),
    )
    op.create_index(op.f("ix_pack_versions_pack_id"), "pack_versions", ["pack_id"])
    op.create_table(
        "pack_terms",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("pack_id", sa.String(length=32), nullable=False),
        sa.Column("wrong", sa.String(length=60), nullable=False),
        sa.Column("right", sa.String(length=120), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("exceptions", sa.JSON(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=True),
        sa.CheckConstraint("severity IN ('block','warn','advise')", name=op.f("ck_pack_terms_severity")),
        sa.CheckConstraint("until IS NULL OR until > since", name=op.f("ck_pack_terms_span")),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["word_packs.id"], name=op.f("fk_pack_terms_pack_id_word_packs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_terms")),
        sa.UniqueConstraint("pack_id", "wrong", "since", name=op.f("uq_pack_terms_pack_id_wrong_since")),
    )
    op.create_index("ix_pack_terms_standing", "pack_terms", ["pack_id", "until"])
    op.create_table(
        "pack_imports",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("pack_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["word_packs.id"], name=op.f("fk_pack_imports_pack_id_word_packs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_imports")),
    )
    op.create_index(op.f("ix_pack_imports_pack_id"), "pack_imports", ["pack_id"])
    op.create_table(
        "pack_hits",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("pack_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=300), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("wrong", sa.String(length=60), nullable=False),
        sa.Column("right", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["word_packs.id"], name=op.f("fk_pack_hits_pack_id_word_packs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_pack_hits_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_hits")),
    )
    for column in ("pack_id", "post_id", "unit_id"):
        op.create_index(op.f(f"ix_pack_hits_{column}"), "pack_hits", [column])
    op.add_column("revisions", sa.Column("dismissals", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("revisions", "dismissals")
    for table in ("pack_hits", "pack_imports", "pack_terms", "pack_versions", "word_packs"):
        op.drop_table(table)
