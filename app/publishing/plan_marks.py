"""Which rows of plans became drafts already: the same file sent twice, or a second one with the same rows, doubles nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import select

from app.db import db
from app.posts.models import Post
from app.publishing.conflicts import same
from app.publishing.plan_models import PlanRow
from app.units.models import Unit

IMPORTED = "已导入：同一行先前已建过草稿，不重复建。"


def mark_of(title: str, at: datetime) -> str:
    """What rows of one title and hour have in common: SHA-256, hex."""
    return hashlib.sha256(f"{same(title)}\n{at.astimezone(UTC).isoformat()}".encode()).hexdigest()


def made_of(marks: Iterable[str], standing: Iterable[str]) -> Mapping[tuple[str, str], str]:
    """{(mark, unit id): the post that a row of this mark became}, of posts in one of the states `standing`."""
    wanted, states = sorted(set(marks)), list(standing)
    found: dict[tuple[str, str], str] = {}
    for start in range(0, len(wanted), 400):
        query = (
            select(PlanRow.mark, Post.unit_id, Post.id)
            .join(Post, Post.id == PlanRow.post_id)
            .where(PlanRow.mark.in_(wanted[start : start + 400]), Post.status.in_(states))
        )
        found.update({(mark, unit_id): post_id for mark, unit_id, post_id in db.session.execute(query)})
    return found


def one_at_a_time(unit_id: str) -> None:
    """Until the end of the transaction nobody else makes drafts of a plan for this unit. Inside atomic()."""
    db.session.execute(select(Unit.id).where(Unit.id == unit_id).with_for_update(key_share=True))
