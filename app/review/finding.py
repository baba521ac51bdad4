"""Finding runs: one by its id, what waits for whom, what came back, what a revision is compared with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased, selectinload

from app.db import db, utcnow
from app.errors import NotFound
from app.posts.models import Post, Revision
from app.review.capacity import sees
from app.review.deciding import may_decide
from app.review.deputies import principals_of
from app.review.models import Decision, Escalation, Review
from app.units.access import Actor, visible

_MOST_WAITING = 1000


def get_review(actor: Actor, review_id: str, now: datetime) -> Review:
    """Raises NotFound."""
    review = db.session.get(Review, review_id)
    if review is None or not sees(actor, review, principals_of(actor.user_id, now)):
        raise NotFound
    return review


def waiting_for(actor: Actor, now: datetime | None = None) -> list[Review]:
    """The open runs on which this person can decide now, in their own name or as a deputy; the first due first, then the
    oldest, out of the oldest thousand that may be theirs."""
    principals = principals_of(actor.user_id, now or utcnow())
    if not principals and not actor.holds("review.decide"):
        return []
    mine = select(Decision.review_id).where(
        or_(Decision.user_id == actor.user_id, Decision.for_user_id == actor.user_id)
    )
    query = _loaded().where(
        Review.status == "open",
        or_(*(visible(one, "review.decide", Review.unit_id) for one in (actor, *principals))),
        Review.submitted_by != actor.user_id,
        Review.id.not_in(mine),
    )
    oldest = db.session.scalars(query.order_by(Review.submitted_at, Review.id).limit(_MOST_WAITING))
    found = [review for review in oldest if may_decide(actor, review, principals)]
    return sorted(found, key=lambda one: (one.due_at is None, one.due_at or one.submitted_at))


def submitted_by(actor: Actor, limit: int = 100) -> list[Review]:
    """The open runs that this person started, newest first."""
    query = _loaded().where(Review.status == "open", Review.submitted_by == actor.user_id)
    return list(db.session.scalars(query.order_by(Review.submitted_at.desc(), Review.id.desc()).limit(limit)))


def returned_to(actor: Actor, limit: int = 100) -> list[Review]:
    """Runs that a reviewer returned, of posts that this person wrote and that still stand as returned, newest first."""
    return _back(actor, limit, expired=False)


def expired_of(actor: Actor, limit: int = 100) -> list[Review]:
    """Likewise those that came back because nobody decided in time; to reviewers those of their units, too."""
    return _back(actor, limit, expired=True)


def _back(actor: Actor, limit: int, *, expired: bool) -> list[Review]:
    query = _loaded().where(
        Review.status == "returned",
        Review.expired_at.is_not(None) if expired else Review.expired_at.is_(None),
        visible(actor, "post.read", Review.unit_id),
    )
    found = db.session.scalars(query.order_by(Review.closed_at.desc(), Review.id.desc()).limit(limit * 3))
    mine = [
        review
        for review in found
        if review.post.status == "returned"
        and (review.post.revision_id == review.revision_id or review.passed_early)
        and (
            actor.user_id in (*review.revision.editors, review.submitted_by)
            or (expired and actor.may("review.decide", review.post.unit))
        )
    ]
    return mine[:limit]


def approval_of(revision_id: str) -> Review | None:
    """The approved run of this revision, with its decisions, also when only the review after an emergency is to follow;
    None when it is not (or not any more) approved."""
    review = review_of(revision_id)
    if review is None or not (review.status == "approved" or (review.status == "open" and review.passed_early)):
        return None
    return review


def approved_among(revision_ids: Iterable[str]) -> set[str]:
    """Those of these revisions whose approval stands, as approval_of() has it."""
    early = and_(Review.status == "open", Review.emergency.is_not(None), Review.stage > 0)
    query = select(Review.revision_id).where(Review.revision_id.in_(list(revision_ids)))
    return set(db.session.scalars(query.where(or_(Review.status == "approved", early))))


def review_of(revision_id: str) -> Review | None:
    return db.session.scalars(select(Review).where(Review.revision_id == revision_id)).one_or_none()


def runs_of(post_id: str) -> list[Review]:
    """All runs of a post, the oldest first."""
    query = select(Review).join(Revision, Review.revision_id == Revision.id).where(Revision.post_id == post_id)
    return list(db.session.scalars(query.order_by(Revision.number)))


def last_returned(post_id: str) -> Review | None:
    """The newest review of the post, if it was returned: what the author is to mend before handing in again."""
    newest = runs_of(post_id)[-1:]
    return newest[0] if newest and newest[0].status == "returned" else None


def earlier_of(revision: Revision) -> list[Review]:
    """The runs of the post before this revision and since the last that was approved, the newest first: what was asked for
    in them is what this revision answers."""
    found = []
    for run in reversed(runs_of(revision.post_id)):
        if run.revision.number >= revision.number:
            continue
        if run.status == "approved":
            break
        found.append(run)
    return found


def disapproved_for(actor: Actor, limit: int = 20) -> list[Review]:
    """Runs whose review after an emergency returned what is public: to whoever may recall it or wrote it, until it is
    recalled, replaced, or a correction of it is out. Newest first."""
    correction = aliased(Post)
    corrected = select(correction.id).where(
        correction.corrects_id == Review.post_id, correction.status.in_(("published", "partly_published"))
    )
    query = _loaded().where(
        Review.status == "returned",
        Review.emergency.is_not(None),
        Review.stage > 0,
        visible(actor, "post.read", Review.unit_id),
        ~corrected.exists(),
    )
    found = [
        review
        for review in db.session.scalars(query.order_by(Review.closed_at.desc(), Review.id.desc()).limit(limit * 3))
        if review.disapproved
        and (
            actor.user_id in (*review.revision.editors, review.submitted_by)
            or actor.may("publication.manage", review.post.unit)
        )
    ]
    return found[:limit]


def last_approved(post_id: str, *, before: int) -> Revision | None:
    """The newest revision with a lower number than `before` that was approved: what readers of a diff know already."""
    query = (
        select(Revision)
        .join(Review, Review.revision_id == Revision.id)
        .where(Revision.post_id == post_id, Revision.number < before, Review.status == "approved")
        .order_by(Revision.number.desc())
    )
    return db.session.scalars(query.limit(1)).one_or_none()


def base_of(revision: Revision) -> Revision | None:
    """What to compare a revision with: the last approved one, else the last that was submitted; None at first."""
    approved = last_approved(revision.post_id, before=revision.number)
    if approved is not None:
        return approved
    query = (
        select(Revision)
        .where(Revision.post_id == revision.post_id, Revision.number < revision.number, Revision.frozen_at.is_not(None))
        .order_by(Revision.number.desc())
    )
    return db.session.scalars(query.limit(1)).one_or_none()


def _loaded() -> Any:
    """With what a list and capacity() need, in a fixed number of queries; whole texts stay where they are."""
    return select(Review).options(
        selectinload(Review.post).joinedload(Post.unit),
        selectinload(Review.revision).defer(Revision.body_html),
        selectinload(Review.decisions).joinedload(Decision.user),
        selectinload(Review.escalations).joinedload(Escalation.asked),
    )
