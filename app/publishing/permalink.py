"""Opening and closing the post's public page: just before the first commit, closed again if nobody went."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update

from app.db import db
from app.media.models import Blob, Media
from app.posts.models import Post, Revision
from app.publishing import states
from app.publishing.models import Publication, Schedule

_MEDIA = re.compile(r"/media/([0-9a-f]{64})")


def open_for(schedule: Schedule, now: datetime) -> None:
    """The page shows exactly the approved revision from now on. Inside atomic()."""
    open_all([schedule], now)


def open_all(schedules: Sequence[Schedule], now: datetime) -> None:
    """open_for() of several posts, locked in order."""
    wanted = {schedule.post_id: schedule.revision_id for schedule in schedules}
    opened = [post for post in locked_all(wanted) if post.public_revision_id != wanted[post.id]]
    if not opened:
        return
    for post in opened:
        post.public_revision_id, post.public_at = wanted[post.id], post.public_at or now
    revisions = select(Revision).where(Revision.id.in_([wanted[post.id] for post in opened]))
    pictures = {sha256 for revision in db.session.scalars(revisions) for sha256 in pictures_of(revision)}
    if pictures:
        db.session.execute(update(Blob).where(Blob.sha256.in_(pictures)).values(public=True))


def pictures_of(revision: Revision) -> list[str]:
    """The SHA-256 of every picture and attachment that the public page shows."""
    found = set(_MEDIA.findall(revision.body_html))
    wanted = [*revision.attachments, *([revision.cover_media_id] if revision.cover_media_id else [])]
    if wanted:
        found.update(db.session.scalars(select(Media.sha256).where(Media.id.in_(wanted))))
    return sorted(found)


def close_if_nobody_went(post_id: str) -> None:
    """Inside atomic(), after a transition: 404 again when nothing of the post is out, may be out or is being sent."""
    post = locked(post_id)
    gone = db.session.scalar(
        select(Publication.id).where(Publication.post_id == post_id, Publication.status.in_(states.GONE)).limit(1)
    )
    if gone is None and post.public_revision_id is not None:
        post.public_revision_id = None
        post.public_at = None


def lock_post_of(publication_id: str) -> None:
    """Whoever changes a publication takes its post's row first, as those do who edit the post: so nobody waits crosswise.

    Inside atomic().
    """
    lock_posts_of([publication_id])


def lock_posts_of(publication_ids: Iterable[str]) -> None:
    """lock_post_of() of several, in the order in which everybody locks posts."""
    db.session.execute(
        select(Post.id)
        .join(Publication, Publication.post_id == Post.id)
        .where(Publication.id.in_(list(publication_ids)))
        .order_by(Post.id)
        .with_for_update(of=Post)
    )


def locked(post_id: str) -> Post:
    """The post's row, locked, so that opening and closing cannot overtake each other."""
    (post,) = locked_all([post_id])
    return post


def locked_all(post_ids: Iterable[str]) -> list[Post]:
    """These posts' rows, read afresh and locked; ids in order, so that two batches do not lock crosswise."""
    query = select(Post).where(Post.id.in_(set(post_ids))).order_by(Post.id).with_for_update()
    return list(db.session.scalars(query.execution_options(populate_existing=True)))
