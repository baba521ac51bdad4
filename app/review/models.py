"""The chain of a unit, the run of one revision through it, and each person's decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Model, UTCDateTime, new_id
from app.posts.models import Post, Revision
from app.units.models import User


class ReviewChain(Model):
    """A unit's stages: [{"name": "初审", "role": "reviewer", "rule": "any"|"all"}, …], one to five of them."""

    __tablename__ = "review_chains"

    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), primary_key=True)
    stages: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Review(Model):
    """One revision's run. `stages` is a copy of the chain as it was; `stage` counts from 0."""

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

    post: Mapped[Post] = relationship()
    revision: Mapped[Revision] = relationship()
    decisions: Mapped[list[Decision]] = relationship(back_populates="review", order_by="Decision.at")


class Decision(Model):
    """One person's decision at one stage, bound to the hashes of the exact payloads ({variant id: sha256})."""

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

    review: Mapped[Review] = relationship(back_populates="decisions")
    user: Mapped[User] = relationship()
