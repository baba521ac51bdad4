"""What a post must show of its publications, pushed down to its row in the transaction of the change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.posts.models import Post
from app.publishing import states
from app.publishing.models import Publication, Schedule

# Statuses of a post that publishing decides; the others belong to writing and review.
OURS = ("approved", "scheduled", "publishing", "published", "partly_published", "failed", "withdrawn")


@dataclass(frozen=True, kw_only=True)
class PostState:
    """`status` None: nothing of publishing stands, the post's own status is kept (or "approved" again)."""

    status: str | None
    needs_attention: bool
    skew_seconds: float | None
    publish_at: datetime | None


def live_schedule(post_id: str) -> Schedule | None:
    """The newest schedule that was not withdrawn."""
    return db.session.scalars(
        select(Schedule)
        .where(Schedule.post_id == post_id, Schedule.withdrawn_at.is_(None))
        .order_by(Schedule.id.desc())
        .limit(1)
    ).first()


def publications_of(schedule_id: str) -> list[Publication]:
    """The schedule's publications as they stand in the database now."""
    return list(
        db.session.scalars(
            select(Publication)
            .where(Publication.schedule_id == schedule_id)
            .order_by(Publication.position, Publication.id)
            .execution_options(populate_existing=True)
        )
    )


def compute(post_id: str) -> PostState:
    """The post's state from its publications alone."""
    schedule = live_schedule(post_id)
    if schedule is None:
        return PostState(status=None, needs_attention=False, skew_seconds=None, publish_at=None)
    publications = publications_of(schedule.id)
    found = [p.status for p in publications]
    return PostState(
        status=status_of(found),
        needs_attention=any(status in states.ATTENTION for status in found),
        skew_seconds=skew_of(publications),
        publish_at=hour_of(publications) or schedule.publish_at,
    )


def hour_of(publications: Iterable[Publication]) -> datetime | None:
    """The hour that lists show: when the next is to go (a released one: its release) while anything is still to go,
    else when the first went out, else when it was to."""
    standing = [p for p in publications if p.status != "cancelled"]
    open_ = [p.due_at for p in standing if p.status in states.OPEN]
    went = [p.published_at for p in standing if p.published_at is not None]
    return min(open_ or went or [p.due_at for p in standing], default=None)


def status_of(statuses: Sequence[str]) -> str | None:
    """The post's one status from those of its publications. Cancelled ones count only beside what is out: then some of
    what was approved to go did not."""
    found = [status for status in statuses if status != "cancelled"]
    if not found:
        return None
    kinds = set(found)
    if kinds & set(states.IN_FLIGHT):
        return "publishing"
    if kinds == {"published"}:
        return "published" if len(found) == len(statuses) else "partly_published"
    if kinds <= {"recalled", "removed"}:
        return "withdrawn"
    if "published" in kinds:
        return "publishing" if kinds & set(states.OPEN) else "partly_published"
    if kinds & {"recalled", "removed"}:
        return "partly_published"
    if "handed_over" in kinds:
        return "publishing"
    if kinds == {"failed"}:
        return "failed"
    return "scheduled"


def skew_of(publications: Iterable[Publication]) -> float | None:
    """Seconds between the first and the last of those that are (or were) out; None with fewer than two."""
    times = [p.published_at for p in publications if p.published_at is not None]
    return (max(times) - min(times)).total_seconds() if len(times) > 1 else None


def push(post_ids: Iterable[str], now: datetime) -> None:
    """Recompute and store. Inside atomic(). The post's row is locked first, so that two partners' results do not
    overwrite each other; ids in order, so that two batches do not lock crosswise."""
    for post_id in sorted(set(post_ids)):
        post = db.session.scalars(
            select(Post).where(Post.id == post_id).with_for_update().execution_options(populate_existing=True)
        ).one()
        state = compute(post_id)
        status = state.status or ("approved" if post.status in OURS else post.status)
        wanted = (status, state.needs_attention, state.skew_seconds, state.publish_at)
        if (post.status, post.needs_attention, post.skew_seconds, post.publish_at) != wanted:
            post.status, post.needs_attention, post.skew_seconds, post.publish_at = wanted
            post.updated_at = now
