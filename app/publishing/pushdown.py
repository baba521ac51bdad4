"""What a post must show of its publications, pushed down to its row in the transaction of the change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, cast

from sqlalchemy import select

from app.db import db
from app.posts.models import Post
from app.publishing import permalink, states
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


_NOTHING = PostState(status=None, needs_attention=False, skew_seconds=None, publish_at=None)


class Side(Protocol):
    """As much of a publication as its post shows."""

    status: str
    due_at: datetime
    published_at: datetime | None


def live_schedule(post_id: str) -> Schedule | None:
    """The newest schedule that was not withdrawn."""
    return db.session.scalars(
        select(Schedule)
        .where(Schedule.post_id == post_id, Schedule.withdrawn_at.is_(None))
        .order_by(Schedule.id.desc())
        .limit(1)
    ).first()


def stand_again(post_id: str) -> None:
    """A schedule that was withdrawn, and of which something is (or was) out all the same, stands again: the post shows that
    it is out, and that part does not go once more. Not while a newer one stands, nor once the post was edited. Inside atomic()."""
    if live_schedule(post_id) is not None:
        return
    gone = db.session.scalars(
        select(Schedule)
        .join(Publication, Publication.schedule_id == Schedule.id)
        .join(Post, Post.id == Schedule.post_id)
        .where(Post.id == post_id, Schedule.revision_id == Post.revision_id, Publication.status.in_(states.WENT))
        .order_by(Schedule.id.desc())
        .limit(1)
    ).first()
    if gone is not None:
        gone.withdrawn_at = None


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
    return compute_all([post_id])[post_id]


def compute_all(post_ids: Sequence[str]) -> dict[str, PostState]:
    """{post: its state}, by two queries for all."""
    schedules = db.session.execute(
        select(Schedule.id, Schedule.post_id, Schedule.publish_at)
        .where(Schedule.post_id.in_(post_ids), Schedule.withdrawn_at.is_(None))
        .order_by(Schedule.id)
    ).all()
    # The newest schedule that was not withdrawn.
    live = {schedule.post_id: schedule for schedule in schedules}
    sides: dict[str, list[Side]] = {}
    strays: set[str] = set()
    standing = {schedule.id for schedule in live.values()}
    for side in db.session.execute(
        select(
            Publication.post_id,
            Publication.schedule_id,
            Publication.status,
            Publication.due_at,
            Publication.published_at,
        )
        .where(Publication.post_id.in_(post_ids))
        .order_by(Publication.position, Publication.id)
    ):
        if side.schedule_id in standing:
            sides.setdefault(side.schedule_id, []).append(cast(Side, side))
        elif side.status == "unknown":
            # Of a schedule that was withdrawn: it turned up at the platform all the same.
            strays.add(side.post_id)
    found = {
        post_id: _state(sides.get(live[post_id].id, []), live[post_id].publish_at) if post_id in live else _NOTHING
        for post_id in post_ids
    }
    return found | {post_id: replace(found[post_id], needs_attention=True) for post_id in strays}


def _state(sides: Sequence[Side], planned: datetime) -> PostState:
    found = [side.status for side in sides]
    return PostState(
        status=status_of(found),
        needs_attention=any(status in states.ATTENTION for status in found),
        skew_seconds=skew_of(sides),
        publish_at=hour_of(sides) or planned,
    )


def hour_of(publications: Iterable[Side]) -> datetime | None:
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


def skew_of(publications: Iterable[Side]) -> float | None:
    """Seconds between the first and the last of those that are (or were) out; None with fewer than two."""
    times = [p.published_at for p in publications if p.published_at is not None]
    return (max(times) - min(times)).total_seconds() if len(times) > 1 else None


def push(post_ids: Iterable[str], now: datetime) -> None:
    """Recompute and store. Inside atomic(). The posts' rows are locked first, so that two partners' results do not
    overwrite each other."""
    ids = sorted(set(post_ids))
    if not ids:
        return
    posts = permalink.locked_all(ids)
    found = compute_all(ids)
    for post in posts:
        state = found[post.id]
        status = state.status or ("approved" if post.status in OURS else post.status)
        wanted = (status, state.needs_attention, state.skew_seconds, state.publish_at)
        if (post.status, post.needs_attention, post.skew_seconds, post.publish_at) != wanted:
            post.status, post.needs_attention, post.skew_seconds, post.publish_at = wanted
            post.updated_at = now
