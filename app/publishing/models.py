"""Schedule, Publication, Attempt; the stop switch; the schedulers' heartbeats. The rows are the schedule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Account
from app.db import Model, UTCDateTime, new_id
from app.posts.models import Post, Variant

# All tables of the capability are known with its models.
from app.publishing import plan_models as plan_models

STATUSES = (
    "scheduled",
    "preparing",
    "ready",
    "committing",
    "processing",
    "published",
    "failed",
    "unknown",
    "held",
    "missed",
    "handed_over",
    "cancelled",
    "recalled",
    "removed",
)
_STATUS_LIST = ",".join(f"'{status}'" for status in STATUSES)


class Schedule(Model):
    """One decision to publish one approved revision at one time, on all its accounts in step."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("\"order\" IN ('together','wechat_first','weibo_first')", name="order"),
        CheckConstraint("on_partner_failure IN ('hold','proceed')", name="on_partner_failure"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"))
    publish_at: Mapped[datetime] = mapped_column(UTCDateTime)
    order: Mapped[str] = mapped_column(String(20), default="together")
    on_partner_failure: Mapped[str] = mapped_column(String(20), default="hold")
    # The public address of the person who scheduled (Weibo's rip); outside the hash.
    operator_ip: Mapped[str] = mapped_column(String(60), default="")
    # From here on the variants are prepared; a late start gets some time before the barrier gives up waiting.
    prepare_from: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    publications: Mapped[list[Publication]] = relationship(back_populates="schedule", order_by="Publication.position")


class Publication(Model):
    """One variant on one account at one time.

    `payload` and `sha256` are what was approved. `fence` rises with every claim: a worker that lost its claim is
    refused. `why` says in Chinese what it waits for; `error` is {code, cause, remedy, who} or {}.
    """

    __tablename__ = "publications"
    __table_args__ = (
        UniqueConstraint("schedule_id", "variant_id"),
        CheckConstraint(f"status IN ({_STATUS_LIST})", name="status"),
        CheckConstraint("status NOT IN ('committing','processing') OR committed_at IS NOT NULL", name="committed"),
        CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name="published"),
        CheckConstraint("status NOT IN ('recalled','removed') OR published_at IS NOT NULL", name="gone"),
        CheckConstraint("status <> 'failed' OR error_cause <> ''", name="failed"),
        CheckConstraint("claim_owner = '' OR claim_until IS NOT NULL", name="claim"),
        Index("ix_publications_due", "status", "next_attempt_at"),
        # What may be too late, and what is claimed: found without reading all that waits, or ever went out.
        Index("ix_publications_late", "status", "late_from"),
        Index(
            "ix_publications_claimed",
            "claim_until",
            sqlite_where=text("claim_owner <> ''"),
            postgresql_where=text("claim_owner <> ''"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    schedule_id: Mapped[str] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), index=True)
    variant_id: Mapped[str] = mapped_column(ForeignKey("variants.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    sha256: Mapped[str] = mapped_column(String(64))
    mark: Mapped[str] = mapped_column(String(24), default="", index=True)
    status: Mapped[str] = mapped_column(String(20), default="scheduled", index=True)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    # Lateness counts from here: due_at, or for the second of an ordered pair the moment the first went live.
    late_from: Mapped[datetime] = mapped_column(UTCDateTime)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    claim_owner: Mapped[str] = mapped_column(String(80), default="")
    claim_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    prepared: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    prepare_tries: Mapped[int] = mapped_column(Integer, default=0)
    # A person released it: the barrier does not wait for partners any more.
    released: Mapped[bool] = mapped_column(default=False)
    # The account may not publish by itself: at the hour a person presses the button.
    hand_over: Mapped[bool] = mapped_column(default=False)
    # Calls made while preparing and taking back, for the evidence.
    exchanges: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    # Errands for the scheduler: delete what preparing left at the platform; take back what is public.
    discard_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    recall_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    recall_reason: Mapped[str] = mapped_column(Text, default="")
    # How often in a row our own program failed at the errand that stands.
    errand_failures: Mapped[int] = mapped_column(Integer, default=0)
    why: Mapped[str] = mapped_column(Text, default="")
    error_code: Mapped[str] = mapped_column(String(40), default="")
    error_cause: Mapped[str] = mapped_column(Text, default="")
    error_remedy: Mapped[str] = mapped_column(Text, default="")
    error_who: Mapped[str] = mapped_column(String(80), default="")
    checks: Mapped[int] = mapped_column(Integer, default=0)
    committed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    live_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    external_id: Mapped[str] = mapped_column(String(120), default="", index=True)
    url: Mapped[str] = mapped_column(String(500), default="")
    receipt: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    readbacks: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    schedule: Mapped[Schedule] = relationship(back_populates="publications")
    post: Mapped[Post] = relationship()
    account: Mapped[Account] = relationship()
    variant: Mapped[Variant] = relationship()
    attempts: Mapped[list[Attempt]] = relationship(back_populates="publication", order_by="Attempt.number")
    figures: Mapped[PublicationFigures | None] = relationship(viewonly=True)
    changes: Mapped[list[StateChange]] = relationship(back_populates="publication", order_by="StateChange.id")


class PublicationFigures(Model):
    """What the platform counted for one publication when it was last asked; None where it does not tell.

    `next_at`: when it is asked again, None when it is not any more. `note` says in Chinese why there is nothing.
    """

    __tablename__ = "publication_figures"

    publication_id: Mapped[str] = mapped_column(ForeignKey("publications.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    reads: Mapped[int | None] = mapped_column(Integer)
    likes: Mapped[int | None] = mapped_column(Integer)
    comments: Mapped[int | None] = mapped_column(Integer)
    reposts: Mapped[int | None] = mapped_column(Integer)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    note: Mapped[str] = mapped_column(Text, default="")


class Attempt(Model):
    """One irreversible call for a publication, saved before it is made.

    `outcome`: "" until known; receipt, awaiting (a person at the platform), refused, rejected (by its later review),
    absent (proven), not_sent, unknown. `key` is our idempotency key for the platform: the same for every try of one
    publication until the platform took it and then rejected it, so that a second try is recognised as a repeat.
    """

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("publication_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    publication_id: Mapped[str] = mapped_column(ForeignKey("publications.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(String(32), index=True)
    fence: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str] = mapped_column(String(80), default="")
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    send_before: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str] = mapped_column(String(20), default="")
    receipt: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    error: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    exchanges: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)

    publication: Mapped[Publication] = relationship(back_populates="attempts")


class StateChange(Model):
    """One transition of a publication, by the scheduler or a person."""

    __tablename__ = "state_changes"
    __table_args__ = (
        Index("ix_state_changes_untold", "id", sqlite_where=text("NOT told"), postgresql_where=text("NOT told")),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    publication_id: Mapped[str] = mapped_column(ForeignKey("publications.id", ondelete="CASCADE"), index=True)
    before: Mapped[str] = mapped_column(String(20))
    after: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str] = mapped_column(String(80), default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Whether other systems were told of it (or did not want to be): see telling.py.
    told: Mapped[bool] = mapped_column(default=False)

    publication: Mapped[Publication] = relationship(back_populates="changes")


class Stop(Model):
    """The stop switch: nothing of its scope is committed while it stands. `scope_id` "" for the whole site."""

    __tablename__ = "stops"
    __table_args__ = (
        CheckConstraint("scope IN ('site','unit','account')", name="scope"),
        CheckConstraint("(scope = 'site') = (scope_id = '')", name="scope_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    scope: Mapped[str] = mapped_column(String(10))
    scope_id: Mapped[str] = mapped_column(String(32), default="", index=True)
    reason: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_by: Mapped[str] = mapped_column(String(32), default="")
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)


class Blackout(Model):
    """Hours announced beforehand in which nothing of its scope is committed; urgent posts are, unless `urgent_too`."""

    __tablename__ = "blackouts"
    __table_args__ = (
        CheckConstraint("scope IN ('site','unit','account')", name="scope"),
        CheckConstraint("(scope = 'site') = (scope_id = '')", name="scope_id"),
        CheckConstraint("ends_at > starts_at", name="hours"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    scope: Mapped[str] = mapped_column(String(10))
    scope_id: Mapped[str] = mapped_column(String(32), default="", index=True)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    reason: Mapped[str] = mapped_column(Text)
    urgent_too: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_by: Mapped[str] = mapped_column(String(32), default="")
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Worker(Model):
    """One scheduler process and its last heartbeat. Dead after three missed beats."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    host: Mapped[str] = mapped_column(String(120), default="")
    pid: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[str] = mapped_column(String(40), default="")
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    beat_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    stopped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Its clock against the database's, in seconds.
    clock_skew: Mapped[float] = mapped_column(default=0.0)
    # When the publisher last looked, and by how many seconds at most it came late to something due since the beat before.
    looked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lag_seconds: Mapped[float] = mapped_column(default=0.0)
    # Pieces of work in flight, and how many there may be.
    busy: Mapped[int] = mapped_column(Integer, default=0)
    threads: Mapped[int] = mapped_column(Integer, default=0)
