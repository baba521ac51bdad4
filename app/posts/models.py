"""Post, Revision, Variant; the states of a post, who has it open, and what posts begin with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Account
from app.db import Model, UTCDateTime, new_id
from app.units.models import Unit

STATUSES = (
    "draft",
    "in_review",
    "returned",
    "approved",
    "scheduled",
    "publishing",
    "published",
    "partly_published",
    "failed",
    "withdrawn",
)


class Post(Model):
    """A piece of content, platform-neutral. `version` is the optimistic lock of every edit.

    `status`, `needs_attention`, `skew_seconds` and `publish_at` are pushed down from review and publishing.
    `slug` is the unguessable end of the permalink; it opens when `public_revision_id` is set.
    """

    __tablename__ = "posts"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft','in_review','returned','approved','scheduled','publishing','published',"
            "'partly_published','failed','withdrawn')",
            name="status",
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    title: Mapped[str] = mapped_column(String(200), default="")
    status: Mapped[str] = mapped_column(String(20), default="draft", index=True)
    needs_attention: Mapped[bool] = mapped_column(default=False)
    skew_seconds: Mapped[float | None] = mapped_column()
    publish_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    urgent: Mapped[bool] = mapped_column(default=False)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    # No foreign key: revisions point to their post, and SQLite cannot add the other half of a circle later.
    revision_id: Mapped[str | None] = mapped_column(String(32), index=True)
    public_revision_id: Mapped[str | None] = mapped_column(String(32))
    public_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    corrects_id: Mapped[str | None] = mapped_column(ForeignKey("posts.id"))
    # Of a post made from a template: {"id", "name", "locked": [{"text", "links", "pictures"}]}, the parts that must stay as they are.
    template: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_by: Mapped[str] = mapped_column(String(32), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    unit: Mapped[Unit] = relationship()
    revision: Mapped[Revision | None] = relationship(
        primaryjoin="foreign(Post.revision_id) == Revision.id", post_update=True
    )


class Revision(Model):
    """The post's content at one moment; immutable once `frozen_at` is set (submitted).

    `body_html` is sanitised; images are /media/{sha256}. `attachments` are media ids. `editors` are the ids of
    everyone who wrote any part of it: none of them may decide on it. `ai_text`, `ai_images`: whether words and pictures
    were made with AI, as connectors.labels.MADE (no check in the database: SQLite adds none to a table that stands).
    """

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("post_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(200), default="")
    summary: Mapped[str] = mapped_column(Text, default="")
    body_html: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(200), default="")
    author: Mapped[str] = mapped_column(String(120), default="")
    cover_media_id: Mapped[str | None] = mapped_column(ForeignKey("media.id"))
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    attachments: Mapped[list[str]] = mapped_column(JSON, default=list)
    ai_text: Mapped[str] = mapped_column(String(10), default="none")
    ai_images: Mapped[str] = mapped_column(String(10), default="none")
    editors: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Words about what import or cleaning changed, in Chinese.
    notes: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Problems of the content itself (text and attachments), as connectors.values.Problem fields.
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    # What was said of problems that stay: {key, rule, reason, by, by_name, at}; see posts.dismissing.
    dismissals: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    frozen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    post: Mapped[Post] = relationship(foreign_keys=[post_id])
    variants: Mapped[list[Variant]] = relationship(
        back_populates="revision", cascade="all, delete-orphan", order_by="Variant.position"
    )


class PostLink(Model):
    """An address that the post's newest revision links to, by the hash of checks.LinkVerdict; pushed down by every edit."""

    __tablename__ = "post_links"

    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    url_hash: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class Variant(Model):
    """What one account will get of a revision: the payload of CONTRACT.md and its SHA-256."""

    __tablename__ = "variants"
    __table_args__ = (UniqueConstraint("revision_id", "account_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    position: Mapped[int] = mapped_column(Integer, default=0)
    # The value of the link's parameter `w`, by which a lost answer is found again.
    mark: Mapped[str] = mapped_column(String(24), unique=True)
    overrides: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    sha256: Mapped[str] = mapped_column(String(64), default="")
    notes: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    length: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    revision: Mapped[Revision] = relationship(back_populates="variants")
    account: Mapped[Account] = relationship()


class Snapshot(Model):
    """One state of a post worth keeping: all that a person set and what each account would have got of it.

    Complete in itself, so that it can be read, compared and restored whatever becomes of the rest. `number` counts
    within the post. `content` and `channels` as in app.posts.history; `changed` are the names of what differs from the
    state before. An edit goes on being written over from `started_at` on, see app.posts.history.
    """

    __tablename__ = "post_snapshots"
    __table_args__ = (
        UniqueConstraint("post_id", "number"),
        CheckConstraint(
            "kind IN ('edited','created','submitted','returned','approved','withdrawn','restored')", name="kind"
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(12))
    revision_number: Mapped[int] = mapped_column(Integer)
    actor_id: Mapped[str] = mapped_column(String(32))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    channels: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    changed: Mapped[list[str]] = mapped_column(JSON)
    # The number of the state that was brought back, for kind "restored".
    restored_number: Mapped[int | None] = mapped_column(Integer)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class Visit(Model):
    """A person who has a post open in the composer: one row each, told by the page every twenty seconds.

    `typed_at` is when this person last changed anything there; None: has only looked.
    """

    __tablename__ = "post_visits"

    post_id: Mapped[str] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    typed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Template(Model):
    """What posts of one kind begin with (写稿模板): texts with {{blanks}}, and parts that an author cannot change.

    Of the unit and all below it. `blocks`: [{"html", "locked"}] in order; `fields`: [{"name", "kind", "required",
    "choices", "hint"}], kind as in app.posts.templates_filling.KINDS.
    """

    __tablename__ = "post_templates"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    about: Mapped[str] = mapped_column(String(200), default="")
    title: Mapped[str] = mapped_column(String(200), default="")
    summary: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(200), default="")
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    unit: Mapped[Unit] = relationship()
