"""A link of a post that is past being a draft turned out to be dead: its authors are told while it can still be changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.db import atomic, db
from app.notices.outbox import tell
from app.posts.linking import posts_with
from app.posts.revising import current_revision
from app.units.models import User


def tell_of_dead_link(url_hash: str, url: str, now: datetime) -> None:
    """Once for each revision and link, to those who wrote it."""
    with atomic():
        for post in posts_with(url_hash):
            revision = current_revision(post)
            writers = select(User.id).where(User.id.in_(revision.editors), User.active).order_by(User.id)
            for user_id in db.session.scalars(writers).all():
                tell(
                    key=f"link:{revision.id}:{url_hash[:24]}:{user_id}",
                    kind="link",
                    level="info",
                    unit_id=post.unit_id,
                    user_id=user_id,
                    title=f"链接打不开：{post.title}"[:200],
                    body=f"稿件里的链接 {url[:200]} 打不开了。请核对网址；修改后须重新送审。",
                    path=f"/posts/{post.id}",
                    now=now,
                )
