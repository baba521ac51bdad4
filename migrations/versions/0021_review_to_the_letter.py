"""deadlines of review stages, deputies, openings, questions to higher units, remarks on passages, what became of problems"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Columns alone: SQLite would copy the whole table for more, and its decisions would go with the old one.
    for name in ("due_at", "remind_at", "expired_at"):
        op.add_column("reviews", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_reviews_due_at"), "reviews", ["due_at"], unique=False)
    op.add_column("reviews", sa.Column("emergency", sa.Text(), nullable=True))
    op.add_column("reviews", sa.Column("after_hours", sa.Integer(), nullable=True))
    op.add_column("reviews", sa.Column("after_due_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_reviews_after_due_at"), "reviews", ["after_due_at"], unique=False)
    op.add_column("review_chains", sa.Column("after_hours", sa.Integer(), nullable=True))
    op.add_column("decisions", sa.Column("for_user_id", sa.String(length=32), nullable=True))
    op.add_column("decisions", sa.Column("secrecy", sa.Boolean(), nullable=True))
    op.create_table(
        "deputies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("deputy_id", sa.String(length=32), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_deputies_hours")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_deputies_user_id_users")),
        sa.ForeignKeyConstraint(["deputy_id"], ["users.id"], name=op.f("fk_deputies_deputy_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputies")),
    )
    op.create_index(op.f("ix_deputies_user_id"), "deputies", ["user_id"], unique=False)
    op.create_index(op.f("ix_deputies_deputy_id"), "deputies", ["deputy_id"], unique=False)
    op.create_table(
        "review_openings",
        sa.Column("review_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_openings_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_review_openings_user_id_users")),
        sa.PrimaryKeyConstraint("review_id", "user_id", name=op.f("pk_review_openings")),
    )
    op.create_table(
        "escalations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("review_id", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(length=32), nullable=False),
        sa.Column("asked_to", sa.String(length=32), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_escalations_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_escalations_asked_by_users")),
        sa.ForeignKeyConstraint(["asked_to"], ["users.id"], name=op.f("fk_escalations_asked_to_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalations")),
    )
    op.create_index(op.f("ix_escalations_review_id"), "escalations", ["review_id"], unique=False)
    op.create_table(
        "review_remarks",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("review_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=20), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_by", sa.String(length=32), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_review_remarks_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_review_remarks_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_remarks")),
    )
    op.create_index(op.f("ix_review_remarks_review_id"), "review_remarks", ["review_id"], unique=False)
    op.create_table(
        "found_problems",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("post_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("revision_number", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_found_problems_post_id_posts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_found_problems")),
        sa.UniqueConstraint("post_id", "key", name=op.f("uq_found_problems_post_id_key")),
    )


def downgrade() -> None:
    op.drop_table("found_problems")
    op.drop_table("review_remarks")
    op.drop_table("escalations")
    op.drop_table("review_openings")
    op.drop_table("deputies")
    op.drop_column("decisions", "secrecy")
    op.drop_column("decisions", "for_user_id")
    op.drop_column("review_chains", "after_hours")
    op.drop_index(op.f("ix_reviews_after_due_at"), table_name="reviews")
    for name in ("after_due_at", "after_hours", "emergency"):
        op.drop_column("reviews", name)
    op.drop_index(op.f("ix_reviews_due_at"), table_name="reviews")
    for name in ("expired_at", "remind_at", "due_at"):
        op.drop_column("reviews", name)
