"""what of the library the states of posts and the templates name"""

import re
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_BATCH = 200
_HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_ITEMS = ("media_id", "cover_media_id", "attachments")
_TABLES = (
    ("post_snapshot_media", "snapshot_id", "post_snapshots"),
    ("post_template_media", "template_id", "post_templates"),
)
_PARTS = {"post_snapshots": ("content", "channels"), "post_templates": ("blocks",)}


def upgrade() -> None:
    for name, owner, of in _TABLES:
        op.create_table(
            name,
            sa.Column(owner, sa.String(length=32), nullable=False),
            sa.Column("key", sa.String(length=64), nullable=False),
            sa.ForeignKeyConstraint([owner], [f"{of}.id"], name=op.f(f"fk_{name}_{owner}_{of}"), ondelete="CASCADE"),
            sa.PrimaryKeyConstraint(owner, "key", name=op.f(f"pk_{name}")),
        )
        op.create_index(op.f(f"ix_{name}_key"), name, ["key"])
        _take_over(name, owner, of)


def downgrade() -> None:
    for name, _owner, _of in reversed(_TABLES):
        op.drop_table(name)


def _take_over(name: str, owner: str, of: str) -> None:
    """What stands already names something, too: it must not be removed, either."""
    bind = op.get_bind()
    new = sa.table(name, sa.column(owner), sa.column("key"))
    old = sa.table(of, sa.column("id"), *(sa.column(part, sa.JSON()) for part in _PARTS[of]))
    after = ""
    while True:
        page = bind.execute(sa.select(old).where(old.c.id > after).order_by(old.c.id).limit(_BATCH)).all()
        if not page:
            return
        after = page[-1].id
        rows = [
            {owner: row.id, "key": key}
            for row in page
            for key in sorted({key for part in row[1:] for key in _keys(part, "")})
        ]
        if rows:
            bind.execute(sa.insert(new), rows)


def _keys(part: object, name: str) -> Iterator[str]:
    if isinstance(part, str):
        # Of a channel the sum of its payload is no picture.
        yield from _HASH.findall(part) if name != "sum" else ()
        if name in _ITEMS and 0 < len(part) <= 64:
            yield part
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _keys(value, "sum" if key == "sha256" and "payload" in part else str(key))
    elif isinstance(part, list):
        for value in part:
            yield from _keys(value, name)
