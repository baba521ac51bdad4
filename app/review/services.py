"""Review as other rooms see it: chains, runs, decisions, what waits for whom."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.db import db
from app.errors import NotFound
from app.posts.models import Post, Revision
from app.review.chains import DECIDING, DEFAULT, Chain, chain_of, set_chain
from app.review.deciding import decide, decision_json, eligible, may_decide, why_not
from app.review.models import Decision, Review
from app.review.submitting import on_changed, submit, void_review, withdraw_submission
from app.units.access import Actor, visible

_MOST_WAITING = 1000

__all__ = [
    "DECIDING",
    "DEFAULT",
    "Chain",
    "approval_of",
    "base_of",
    "chain_of",
    "decide",
    "eligible",
    "get_review",
    "last_approved",
    "may_decide",
    "on_changed",
    "returned_to",
    "review_json",
    "review_of",
    "set_chain",
    "submit",
    "submitted_by",
    "void_review",
    "waiting_for",
    "why_not",
    "withdraw_submission",
]  # fmt: skip


def get_review(actor: Actor, review_id: str) -> Review:
    """Raises NotFound."""
    review = db.session.get(Review, review_id)
    if review is None:
        raise NotFound
    actor.require("post.read", review.post.unit, see="post.read")
    return review


def waiting_for(actor: Actor) -> list[Review]:
    """The open runs on which this person can decide now, oldest first, out of the oldest thousand that may be theirs."""
    mine = select(Decision.review_id).where(Decision.user_id == actor.user_id)
    query = _loaded().where(
        Review.status == "open",
        visible(actor, "review.decide", Review.unit_id),
        Review.submitted_by != actor.user_id,
        Review.id.not_in(mine),
    )
    oldest = db.session.scalars(query.order_by(Review.submitted_at, Review.id).limit(_MOST_WAITING))
    return [review for review in oldest if may_decide(actor, review)]


def submitted_by(actor: Actor, limit: int = 100) -> list[Review]:
    """The open runs that this person started, newest first."""
    query = _loaded().where(Review.status == "open", Review.submitted_by == actor.user_id)
    return list(db.session.scalars(query.order_by(Review.submitted_at.desc()).limit(limit)))


def returned_to(actor: Actor, limit: int = 100) -> list[Review]:
    """Returned runs of posts that this person wrote and that still stand as returned, newest first."""
    query = _loaded().where(Review.status == "returned", visible(actor, "post.read", Review.unit_id))
    found = db.session.scalars(query.order_by(Review.closed_at.desc()).limit(limit * 3))
    mine = [
        review
        for review in found
        if review.post.status == "returned"
        and review.post.revision_id == review.revision_id
        and actor.user_id in (*review.revision.editors, review.submitted_by)
    ]
    return mine[:limit]


def approval_of(revision_id: str) -> Review | None:
    """The approved run of this revision, with its decisions; None when it is not (or not any more) approved."""
    review = review_of(revision_id)
    return review if review is not None and review.status == "approved" else None


def review_of(revision_id: str) -> Review | None:
    return db.session.scalars(select(Review).where(Review.revision_id == revision_id)).one_or_none()


def last_returned(post_id: str) -> Review | None:
    """The newest review of the post, if it was returned: what the author is to mend before handing in again."""
    query = select(Review).join(Revision, Review.revision_id == Revision.id).where(Revision.post_id == post_id)
    newest = db.session.scalars(query.order_by(Revision.number.desc()).limit(1)).one_or_none()
    return newest if newest is not None and newest.status == "returned" else None


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


def review_json(review: Review) -> dict[str, Any]:
    """The run with its stages and the decisions at each."""
    stages = [
        {**stage, "decisions": [decision_json(item) for item in review.decisions if item.stage == number]}
        for number, stage in enumerate(review.stages)
    ]
    return {
        "id": review.id,
        "post_id": review.post_id,
        "post_status": review.post.status,
        "revision_id": review.revision_id,
        "status": review.status,
        "stage": review.stage,
        "stages": stages,
        "submitted_by": review.submitted_by,
        "submitted_at": review.submitted_at.isoformat().replace("+00:00", "Z"),
        "sha256s": {variant.id: variant.sha256 for variant in review.revision.variants},
    }


def _loaded() -> Any:
    """With what a list and _check_person need, in a fixed number of queries; whole texts stay where they are."""
    return select(Review).options(
        selectinload(Review.post).joinedload(Post.unit),
        selectinload(Review.revision).defer(Revision.body_html),
        selectinload(Review.decisions),
    )
