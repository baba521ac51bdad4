"""Reading: lists, what needs a person, today's line. The words for why something has not gone yet are in waiting.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import selectinload

from app import logs
from app.config import current
from app.db import Page, db, page_of
from app.errors import NotFound
from app.posts.models import Post
from app.publishing import states
from app.publishing.models import Publication, Schedule
from app.publishing.waiting import Outlook as Outlook
from app.publishing.waiting import outlook as outlook
from app.units.access import Actor, visible
from app.units.models import Unit


def get_publication(actor: Actor, publication_id: str) -> Publication:
    row = db.session.get(Publication, publication_id)
    if row is None or not actor.may("post.read", row.post.unit):
        raise NotFound
    logs.about(**states.ids_of(row))
    return row


def publications_of(
    actor: Actor,
    *,
    post_id: str | None = None,
    status: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Publication]:
    """Newest first; `status` may name several, separated by commas."""
    query = (
        select(Publication).join(Post, Post.id == Publication.post_id).where(visible(actor, "post.read", Post.unit_id))
    )
    if post_id:
        query = query.where(Publication.post_id == post_id)
    if status:
        query = query.where(Publication.status.in_(status.split(",")))
    return page_of(query, Publication.id, cursor, limit)


def oldest_waiting(actor: Actor) -> Publication | None:
    """Of what is still to go by itself and this person sees, the one with the earliest hour."""
    query = (
        select(Publication)
        .join(Post, Post.id == Publication.post_id)
        .where(visible(actor, "post.read", Post.unit_id), Publication.status.in_(states.OPEN))
        .order_by(Publication.due_at, Publication.id)
    )
    return db.session.scalars(query.limit(1)).first()


def of_post(post: Post) -> list[Publication]:
    """All publications of a post's standing (else newest) schedule, in their order."""
    newest = db.session.scalars(
        select(Schedule)
        .where(Schedule.post_id == post.id)
        .order_by(Schedule.withdrawn_at.is_(None).desc(), Schedule.id.desc())
        .limit(1)
    ).first()
    return list(newest.publications) if newest is not None else []


def strays_of(post: Post, shown: Sequence[Publication]) -> list[Publication]:
    """Beside those that are shown: what turned up at the platform though it was taken off its schedule."""
    query = select(Publication).where(
        Publication.post_id == post.id,
        Publication.status.in_(("unknown", "published")),
        Publication.id.not_in([row.id for row in shown]),
    )
    return list(db.session.scalars(query.order_by(Publication.id)))


def by_posts(post_ids: Sequence[str]) -> dict[str, list[Publication]]:
    """{post id: publications of its standing schedule}, for lists (bound as posts.publications_by_post)."""
    query = (
        select(Publication)
        .join(Schedule)
        .where(Publication.post_id.in_(post_ids), Schedule.withdrawn_at.is_(None))
        .order_by(Schedule.id, Publication.position)
        .options(selectinload(Publication.account))
    )
    found: dict[str, dict[str, list[Publication]]] = {}
    for row in db.session.scalars(query):
        found.setdefault(row.post_id, {}).setdefault(row.schedule_id, []).append(row)
    return {post_id: schedules[max(schedules)] for post_id, schedules in found.items()}


def attention(actor: Actor) -> list[Publication]:
    """What waits for a person: unknown, held, missed, handed over, failed; the newest hour first, at most 200."""
    query = (
        select(Publication)
        .join(Post, Post.id == Publication.post_id)
        .where(
            Publication.status.in_((*states.ATTENTION, "failed")),
            or_(visible(actor, "publication.manage", Post.unit_id), visible(actor, "post.schedule", Post.unit_id)),
        )
        .order_by(Publication.due_at.desc(), Publication.id)
        .limit(200)
    )
    return list(db.session.scalars(query))


def today(actor: Actor, day: date) -> list[Post]:
    """Posts with an hour on that day (of the installation's time zone), in time."""
    return between(actor, day, 1)


# What one page or answer can show of posts by their hours.
MOST = 1000


def between(actor: Actor, first: date, days: int) -> list[Post]:
    """Posts with an hour in `days` days from `first` on, in time; at most MOST (count_between tells of how many)."""
    query = (
        select(Post)
        .where(*_between(actor, first, days))
        .order_by(Post.publish_at, Post.id)
        .limit(MOST)
        .options(selectinload(Post.unit))
    )
    return list(db.session.scalars(query))


def count_between(actor: Actor, first: date, days: int) -> int:
    return db.session.scalar(select(func.count(Post.id)).where(*_between(actor, first, days))) or 0


def _between(actor: Actor, first: date, days: int) -> tuple[ColumnElement[bool], ...]:
    zone = ZoneInfo(current().timezone)
    start, end = (datetime.combine(day, time(), zone) for day in (first, first + timedelta(days=days)))
    return visible(actor, "post.read", Post.unit_id), Post.publish_at >= start, Post.publish_at < end


def may_manage(actor: Actor, unit: Unit) -> bool:
    return actor.may("publication.manage", unit)
