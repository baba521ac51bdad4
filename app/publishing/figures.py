"""Figures of publishing: how far apart the platforms were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.db import db
from app.posts.models import Post
from app.publishing.models import Publication, Schedule
from app.publishing.outlook import by_posts
from app.units.access import Actor, below, visible


@dataclass(frozen=True, kw_only=True)
class InStep:
    """One post that is out on several platforms: seconds of each publication after the first, by platform.

    The largest of them is `skew`, the post's own `skew_seconds`.
    """

    post: Post
    first_at: datetime
    skew: float
    offsets: dict[str, tuple[float, ...]]


def in_step(actor: Actor, until: datetime, *, unit_id: str = "", limit: int = 30) -> list[InStep]:
    """The last posts before `until` that went out on more than one platform, the newest first."""
    query = (
        select(Post)
        .where(
            visible(actor, "post.read", Post.unit_id),
            below(unit_id, Post.unit_id),
            Post.skew_seconds.is_not(None),
            Post.publish_at < until,
            _on_two_platforms(),
        )
        .order_by(Post.publish_at.desc(), Post.id.desc())
        .limit(limit)
    )
    posts = list(db.session.scalars(query))
    publications = by_posts([post.id for post in posts])
    return [_measured(post, publications[post.id]) for post in posts]


def _on_two_platforms() -> ColumnElement[bool]:
    """Two publications of one standing schedule are (or were) out, on accounts of different platforms."""
    one, other = aliased(Publication), aliased(Publication)
    here, there = aliased(Account), aliased(Account)
    return exists(
        select(one.id)
        .join(Schedule, Schedule.id == one.schedule_id)
        .join(here, here.id == one.account_id)
        .join(other, other.schedule_id == one.schedule_id)
        .join(there, there.id == other.account_id)
        .where(
            one.post_id == Post.id,
            Schedule.withdrawn_at.is_(None),
            one.published_at.is_not(None),
            other.published_at.is_not(None),
            here.platform < there.platform,
        )
    )


def _measured(post: Post, publications: list[Publication]) -> InStep:
    out = [(row.account.platform, row.published_at) for row in publications if row.published_at is not None]
    first = min(at for _platform, at in out)
    offsets: dict[str, tuple[float, ...]] = {}
    for platform, at in sorted(out, key=lambda pair: pair[1]):
        offsets[platform] = (*offsets.get(platform, ()), (at - first).total_seconds())
    return InStep(post=post, first_at=first, skew=max(max(each) for each in offsets.values()), offsets=offsets)
