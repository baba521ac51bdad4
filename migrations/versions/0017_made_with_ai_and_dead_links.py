"""what was made with AI: words and pictures of posts, items of the library; links of posts and whether they lead anywhere"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MADE = (("revisions", "ai_text"), ("revisions", "ai_images"), ("media", "ai_made"))


def upgrade() -> None:
    for table, name in _MADE:
        op.add_column(table, sa.Column(name, sa.String(length=10), nullable=False, server_default="none"))
    op.create_table(
        "link_verdicts",
        sa.Column("url_hash", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('waiting','alive','dead','unsure')", name=op.f("ck_link_verdicts_verdict")),
        sa.PrimaryKeyConstraint("url_hash", name=op.f("pk_link_verdicts")),
    )
    op.create_index(op.f("ix_link_verdicts_next_at"), "link_verdicts", ["next_at"])
    op.create_table(
        "post_links",
        sa.Column("post_id", sa.String(length=32), nullable=False),
        sa.Column("url_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_post_links_post_id_posts"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id", "url_hash", name=op.f("pk_post_links")),
    )
    op.create_index(op.f("ix_post_links_url_hash"), "post_links", ["url_hash"])


def downgrade() -> None:
    op.drop_index(op.f("ix_post_links_url_hash"), table_name="post_links")
    op.drop_table("post_links")
    op.drop_index(op.f("ix_link_verdicts_next_at"), table_name="link_verdicts")
    op.drop_table("link_verdicts")
    for table, name in reversed(_MADE):
        op.drop_column(table, name)
