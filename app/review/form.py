"""发布审批单: what the approval form of a post says, gathered once for the page, the print and the Word file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.db import db
from app.errors import NotFound
from app.posts import services as posts
from app.posts.models import Post, Revision
from app.review.chains import asks_secrecy
from app.review.finding import review_of, runs_of
from app.review.handling import Handled, handled_in
from app.review.models import Decision, Escalation, Review
from app.units.access import Actor


@dataclass(frozen=True, kw_only=True)
class Voice:
    """One decision. `for_name`: whose deputy it was. `secrecy`: "done" ticked, "unticked" none was asked for, "" not due."""

    name: str
    for_name: str
    decision: str
    comment: str
    secrecy: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """One stage with all that was said at it; `state`: passed, returned, expired, open, ahead."""

    name: str
    rule: str
    secrecy: bool
    state: str
    voices: list[Voice]
    escalations: list[Escalation]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One account that gets it: the payload's hash that was approved, and what became of it."""

    account: str
    platform: str
    sha256: str
    publication: Any | None


@dataclass(frozen=True, kw_only=True)
class Form:
    """The approval of one revision of a post. `earlier`: runs before this one. `names`: {user id: name}."""

    post: Post
    revision: Revision
    review: Review | None
    writers: list[str]
    submitter: str
    steps: list[Step]
    goals: list[Goal]
    problems: list[Handled]
    attachments: list[Any]
    earlier: list[Review] = field(default_factory=list)
    made_at: datetime
    made_by: str

    @property
    def late(self) -> bool:
        """What was to follow an emergency came after its time, or has not come."""
        review = self.review
        return (
            review is not None
            and review.after_due_at is not None
            and (review.closed_at or self.made_at) > review.after_due_at
        )


def approval_form(actor: Actor, post_id: str, now: datetime, number: int | None = None) -> Form:
    """Of the revision with that number, else of the one that is public, else of the newest that was handed in, else of
    the newest. Raises NotFound."""
    post = posts.get_post(actor, post_id)
    revision = _revision(post, number)
    review = review_of(revision.id)
    names = posts.names_of(_people(revision, review))
    return Form(
        post=post,
        revision=revision,
        review=review,
        writers=[names.get(one, one) for one in revision.editors],
        submitter=names.get(review.submitted_by, "") if review is not None else "",
        steps=_steps(review, names) if review is not None else [],
        goals=_goals(post, revision),
        problems=handled_in(revision),
        attachments=posts.attachments_of(revision),
        earlier=[run for run in runs_of(post.id) if run.revision.number < revision.number],
        made_at=now,
        made_by=actor.name,
    )


def _revision(post: Post, number: int | None) -> Revision:
    if number is not None:
        query = select(Revision).where(Revision.post_id == post.id, Revision.number == number)
        found = db.session.scalars(query).one_or_none()
        if found is None:
            raise NotFound
        return found
    public = db.session.get(Revision, post.public_revision_id) if post.public_revision_id else None
    if public is not None:
        return public
    runs = runs_of(post.id)
    return runs[-1].revision if runs else posts.current_revision(post)


def _people(revision: Revision, review: Review | None) -> set[str]:
    people = set(revision.editors)
    if review is not None:
        people |= {review.submitted_by} | {one.for_user_id for one in review.decisions if one.for_user_id}
    return people


def _steps(review: Review, names: dict[str, str]) -> list[Step]:
    return [
        Step(
            name=str(stage["name"]),
            rule=str(stage["rule"]),
            secrecy=asks_secrecy(review.stages, number),
            state=_state(review, number),
            voices=[_voice(one, review, names) for one in review.decisions if one.stage == number],
            escalations=[one for one in review.escalations if one.stage == number],
        )
        for number, stage in enumerate(review.stages)
    ]


def _state(review: Review, number: int) -> str:
    if number < review.stage or review.status == "approved":
        return "passed"
    if number > review.stage:
        return "ahead"
    if review.status == "open":
        return "open"
    if review.expired_at is not None:
        return "expired"
    return "returned" if review.status == "returned" else "void"


def _voice(decision: Decision, review: Review, names: dict[str, str]) -> Voice:
    due = asks_secrecy(review.stages, decision.stage) and decision.decision == "approved"
    return Voice(
        name=decision.user.name,
        for_name=names.get(decision.for_user_id, "") if decision.for_user_id else "",
        decision=decision.decision,
        comment=decision.comment,
        secrecy=("done" if decision.secrecy else "unticked") if due else "",
        at=decision.at,
    )


def _goals(post: Post, revision: Revision) -> list[Goal]:
    out: Sequence[Any] = posts.publications_of([post.id]).get(post.id, ())
    by_variant = {publication.variant_id: publication for publication in out}
    return [
        Goal(
            account=variant.account.name,
            platform=variant.account.platform,
            sha256=variant.sha256,
            publication=by_variant.get(variant.id),
        )
        for variant in revision.variants
    ]
