"""The chain of a unit, the run of one revision through it, each person's decision, and what was said on the way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UTCDateTime, new_id
from app.posts.models import Post, Revision
from app.units.models import User


class ReviewChain(Model):
    """A unit's stages, one to five of them, each as app.review.chains.checked() makes it: {"name": "初审",
    "role": "reviewer", "rule": "any"|"all", "hours": 1 to 720 | None, "working": bool, "secrecy": bool,
    "demanded": bool}."""

    __tablename__ = "review_chains"

    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), primary_key=True)
    stages: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # How long the other stages may take after an emergency; None: the usual day.
    after_hours: Mapped[int | None] = mapped_column(Integer)


class Review(Model):
    """One revision's run. `stages` is a copy of the chain as it was; `stage` counts from 0.

    The open stage is to be decided by `due_at`, its people are reminded at `remind_at`; None: no limit. A run whose time
    ran out is returned by the clock: status "returned" with `expired_at`.
    An `emergency` (its reason) begins with the last stage; once that passed the post may go out, and the other stages
    follow within `after_hours`, by `after_due_at`, while the run stays open.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("status IN ('open','approved','returned','void')", name="status"),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), unique=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    status: Mapped[str] = mapped_column(String(20), default="open", index=True)
    stages: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    stage: Mapped[int] = mapped_column(Integer, default=0)
    submitted_by: Mapped[str] = mapped_column(String(32))
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    remind_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    emergency: Mapped[str | None] = mapped_column(Text)
    after_hours: Mapped[int | None] = mapped_column(Integer)
    after_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)

    post: Mapped[Post] = relationship()
    revision: Mapped[Revision] = relationship()
    decisions: Mapped[list[Decision]] = relationship(back_populates="review", order_by="Decision.at")
    escalations: Mapped[list[Escalation]] = relationship(back_populates="review", order_by="Escalation.id")

    @property
    def passed_early(self) -> bool:
        """Its final approver passed it in an emergency; what is open or was decided since is the review afterwards."""
        return self.emergency is not None and self.stage > 0

    @property
    def disapproved(self) -> bool:
        """The review afterwards returned what has gone out and still stands there: to recall it or not is to be decided."""
        post = self.post
        public = (post.public_revision_id or post.revision_id) == self.revision_id
        return (
            self.status == "returned" and self.passed_early and public and post.status not in ("returned", "withdrawn")
        )

    @property
    def refusal(self) -> Decision | None:
        """Whoever returned it last, and why."""
        return next((one for one in reversed(self.decisions) if one.decision == "returned"), None)


class Decision(Model):
    """One person's decision at one stage, bound to the hashes of the exact payloads ({variant id: sha256}).

    `for_user_id`: whose deputy decided. `secrecy`: True when the person ticked that the secrecy check was done.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("review_id", "stage", "user_id"),
        UniqueConstraint("review_id", "user_id"),
        CheckConstraint("decision IN ('approved','returned')", name="decision"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), index=True)
    stage: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    decision: Mapped[str] = mapped_column(String(20))
    comment: Mapped[str] = mapped_column(Text, default="")
    sha256s: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    for_user_id: Mapped[str | None] = mapped_column(String(32))
    secrecy: Mapped[bool | None] = mapped_column()

    review: Mapped[Review] = relationship(back_populates="decisions")
    user: Mapped[User] = relationship()


class Deputy(Model):
    """代理人: between `starts_at` and `ends_at`, `deputy_id` may decide for `user_id`; ended early at `ended_at`.

    `covers`: the roles [{"role", "unit_id"}] by which the person decided when it was set. What they are given later is not
    the deputy's, what they lose is lost to both (docs/decisions/0014).
    """

    __tablename__ = "deputies"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="hours"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    deputy_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    covers: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_by: Mapped[str] = mapped_column(String(32), default="")
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    deputy: Mapped[User] = relationship(foreign_keys=[deputy_id])


class Opening(Model):
    """Who last had an item of review open, at which stage, and the payloads that were shown ({variant id: sha256}): only
    exactly that may be approved together with others."""

    __tablename__ = "review_openings"

    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    stage: Mapped[int] = mapped_column(Integer)
    # None: opened before this was kept, and to be opened again.
    sha256s: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class Escalation(Model):
    """请示: a stage that one reviewer passed up to another of a higher unit, with a question.

    While `closed_at` is None only `asked_to` decides on the stage. `outcome`: approved or returned with the `answer`,
    withdrawn by whoever asked or may free the stage, void when the run ended otherwise. `due_at`, `remind_at`: the stage's
    own before it was asked.
    """

    __tablename__ = "escalations"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), index=True)
    stage: Mapped[int] = mapped_column(Integer)
    asked_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    asked_to: Mapped[str] = mapped_column(ForeignKey("users.id"))
    question: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    remind_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str] = mapped_column(String(20), default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    review: Mapped[Review] = relationship(back_populates="escalations")
    asker: Mapped[User] = relationship(foreign_keys=[asked_by])
    asked: Mapped[User] = relationship(foreign_keys=[asked_to])


class Remark(Model):
    """A comment on a passage of the revision under review. `field` title, summary or body; `start`/`end` are offsets in
    its plain text, `quote` what stands there. `mentions` are ids of people who were told."""

    __tablename__ = "review_remarks"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    field: Mapped[str] = mapped_column(String(20))
    start: Mapped[int] = mapped_column(Integer)
    end: Mapped[int] = mapped_column(Integer)
    quote: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    mentions: Mapped[list[str]] = mapped_column(JSON, default=list)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    resolved_by: Mapped[str] = mapped_column(String(32), default="")
    resolved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    review: Mapped[Review] = relationship()
    user: Mapped[User] = relationship()


class FoundProblem(Model):
    """A problem that stood in a post when it was handed in (also in vain) or decided on, so that the approval form can
    say what became of it. `key` as app.review.handling.key_of()."""

    __tablename__ = "found_problems"
    __table_args__ = (UniqueConstraint("post_id", "key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    rule: Mapped[str] = mapped_column(String(60))
    severity: Mapped[str] = mapped_column(String(10))
    message: Mapped[str] = mapped_column(Text)
    revision_number: Mapped[int] = mapped_column(Integer)
    found_at: Mapped[datetime] = mapped_column(UTCDateTime)
