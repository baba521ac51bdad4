"""How long a stage may take: when it is due, when its people are reminded, and what happens when nobody decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.config import current
from app.db import atomic, db, release
from app.posts.models import Post
from app.posts.services import set_status
from app.review.announcing import announce, close_escalations
from app.review.models import Review
from app.review.workhours import after
from app.units.access import SYSTEM

# Reminded when this part of the time has passed.
_REMIND = 0.75


def begin_stage(review: Review, now: datetime) -> None:
    """The open stage's time runs from `now`."""
    stage = review.stages[review.stage]
    hours = stage.get("hours")
    review.due_at = review.remind_at = None
    if review.passed_early:
        # What follows an emergency has one limit for all of it, and nothing to be returned when it is over.
        if review.after_due_at is None:
            review.after_due_at = now + timedelta(hours=review.after_hours or 0)
        review.remind_at = review.after_due_at - timedelta(hours=review.after_hours or 0) * (1 - _REMIND)
    elif hours:
        working = bool(stage.get("working"))
        review.due_at = _later(now, hours, working=working)
        review.remind_at = _later(now, hours * _REMIND, working=working)


def _later(now: datetime, hours: float, *, working: bool) -> datetime:
    if working:
        return after(now.astimezone(UTC), hours, ZoneInfo(current().timezone))
    return now + timedelta(hours=hours)


def expire_overdue(now: datetime) -> int:
    """Return every run whose open stage was not decided in time to its author. Returns how many."""
    due = select(Review.id).where(Review.status == "open", Review.due_at <= now).order_by(Review.due_at).limit(200)
    found = list(db.session.scalars(due))
    release()
    return sum(_expire(review_id, now) for review_id in found)


def _expire(review_id: str, now: datetime) -> bool:
    with atomic():
        review = db.session.get_one(Review, review_id)
        # First the post, then its review, as decisions and edits do.
        db.session.get(Post, review.post_id, with_for_update=True, populate_existing=True)
        db.session.refresh(review, with_for_update=True)
        if review.status != "open" or review.due_at is None or review.due_at > now:
            return False
        stage = str(review.stages[review.stage]["name"])
        review.status, review.closed_at, review.expired_at = "returned", now, now
        close_escalations(review, "void", now)
        set_status(review.post, "returned", now)
        announce(review, SYSTEM, now, "review.expire", f"审核过期《{review.post.title}》：“{stage}”没有按时办理")
        return True
