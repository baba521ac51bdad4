"""Contact, Conversation, Message; attempts of replies."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Account
from app.db import Model, UTCDateTime, new_id
from app.units.models import Unit, User


class Contact(Model):
    """Someone who wrote to us. WeChat gives no names: `nickname` is our own stable one. Erasable on request."""

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("account_id", "external_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    external_id: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(120), default="")
    nickname: Mapped[str] = mapped_column(String(60), default="")
    remark: Mapped[str] = mapped_column(String(120), default="")
    # What the platform knows of the person, where it keeps tags: [{"id", "name"}], and when it was last asked.
    tags: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when they are on the account's blacklist: nothing they write comes any more.
    blocked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when they follow the account no more: private messages do not reach them.
    left_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Their newest act (subscribing, a menu, a code) after which the platform allows some answers, and when it was.
    act: Mapped[str] = mapped_column(String(40), default="", server_default="")
    acted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Conversation(Model):
    """One contact's thread with one account, or under one post."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("account_id", "thread"),
        CheckConstraint("kind IN ('comment','mention','private','article_comment')", name="kind"),
        CheckConstraint("status IN ('open','pending','snoozed','resolved')", name="status"),
        Index("ix_conversations_list", "status", "last_message_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    # The desk that must answer; moves with 转办.
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    thread: Mapped[str] = mapped_column(String(200))
    contact_id: Mapped[str] = mapped_column(ForeignKey("contacts.id"), index=True)
    publication_id: Mapped[str | None] = mapped_column(ForeignKey("publications.id"), index=True)
    post_id: Mapped[str | None] = mapped_column(ForeignKey("posts.id"), index=True)
    # The platform's id of the post written under ("" for private messages), and its first words.
    post_external_id: Mapped[str] = mapped_column(String(120), default="")
    subject: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(20), default="open")
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True)
    labels: Mapped[list[str]] = mapped_column(JSON, default=list)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    snoozed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_message_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_inbound_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_inbound_id: Mapped[str | None] = mapped_column(String(32))
    # The platform refused an answer: closed, whatever we counted, until the next inbound message.
    window_shut_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Since when an inbound message waits for its answer; None: nothing waits.
    waiting_since: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    first_answer_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    account: Mapped[Account] = relationship()
    unit: Mapped[Unit] = relationship()
    contact: Mapped[Contact] = relationship()
    assignee: Mapped[User | None] = relationship()
    messages: Mapped[list[Message]] = relationship(back_populates="conversation", order_by="Message.sent_at")

    @property
    def standing(self) -> str:
        """The status as people see it: an open one whose last question has its answer is `answered`."""
        return "answered" if self.status == "open" and self.waiting_since is None else self.status


class ConversationMove(Model):
    """A conversation that went into another one: its address stays good."""

    __tablename__ = "conversation_moves"

    old_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    moved_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Message(Model):
    """One message in a conversation; `direction` in, out or note (private, never sent).

    Inbound: `external_id` is unique within the account. Outbound: queued → sending → sent | failed | unknown, with a
    fencing number as for publications; `key` is our idempotency key.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("account_id", "external_id"),
        CheckConstraint("direction IN ('in','out','note')", name="direction"),
        CheckConstraint("(direction = 'out') = (status IS NOT NULL)", name="status_out"),
        CheckConstraint("status IS NULL OR status IN ('queued','sending','sent','failed','unknown')", name="status"),
        Index("ix_messages_queue", "status", "next_attempt_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    direction: Mapped[str] = mapped_column(String(4))
    # NULL for an outbound message that the platform has not numbered.
    external_id: Mapped[str | None] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text, default="")
    media: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    target: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # Inbound: the platform shows an answer of ours, by whatever means it was given.
    answered: Mapped[bool] = mapped_column(default=False)
    # A comment picked out for all readers (WeChat: 精选); None where the platform has no such thing.
    elected: Mapped[bool | None]
    # Since when the comment, or our answer, is deleted at the platform by us.
    removed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Outbound: the address of the person who wrote it (Weibo's rip).
    operator_ip: Mapped[str] = mapped_column(String(60), default="")
    in_reply_to: Mapped[str | None] = mapped_column(String(32))
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    author_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str | None] = mapped_column(String(10))
    key: Mapped[str | None] = mapped_column(String(64), unique=True)
    claim_owner: Mapped[str] = mapped_column(String(80), default="")
    claim_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error_code: Mapped[str] = mapped_column(String(40), default="")
    error_cause: Mapped[str] = mapped_column(Text, default="")
    error_remedy: Mapped[str] = mapped_column(Text, default="")
    error_who: Mapped[str] = mapped_column(String(80), default="")
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    conversation: Mapped[Conversation] = relationship(back_populates="messages")
    author: Mapped[User | None] = relationship()


class HeldReply(Model):
    """An answer that waits for somebody else's approval: awaiting_approval → approved | returned | withdrawn, and from
    returned back again when its author changes it. Only an approved one becomes a Message (`message_id`).

    `seen_inbound_id` is the newest inbound message when it was written; `key` and `operator_ip` are the message's.
    """

    __tablename__ = "held_replies"
    __table_args__ = (
        CheckConstraint("status IN ('awaiting_approval','returned','withdrawn','approved')", name="status"),
        Index("ix_held_replies_list", "status", "submitted_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    in_reply_to: Mapped[str] = mapped_column(String(32))
    seen_inbound_id: Mapped[str | None] = mapped_column(String(32))
    operator_ip: Mapped[str] = mapped_column(String(60), default="")
    key: Mapped[str | None] = mapped_column(String(64), unique=True)
    status: Mapped[str] = mapped_column(String(20), default="awaiting_approval")
    submitted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    message_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    conversation: Mapped[Conversation] = relationship()
    author: Mapped[User | None] = relationship(foreign_keys=[author_id])
    decider: Mapped[User | None] = relationship(foreign_keys=[decided_by])

    @property
    def sha256(self) -> str:
        """What an approval binds: exactly this text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class MessageMedia(Model):
    """A picture, voice or video that came with a message: waiting → kept | lost (`why`).

    `media_id` and `url` are what the platform gave to fetch it by; `content_type` is what the bytes really are.
    """

    __tablename__ = "message_media"
    __table_args__ = (
        UniqueConstraint("message_id", "position"),
        CheckConstraint("status IN ('waiting','kept','lost')", name="status"),
        CheckConstraint("(status = 'kept') = (content IS NOT NULL)", name="kept"),
        Index("ix_message_media_queue", "status", "next_try_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20))
    media_id: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(10), default="waiting")
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    content_type: Mapped[str] = mapped_column(String(120), default="")
    name: Mapped[str] = mapped_column(String(200), default="")
    size: Mapped[int] = mapped_column(Integer, default=0)
    why: Mapped[str] = mapped_column(Text, default="")
    tries: Mapped[int] = mapped_column(Integer, default=0)
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime)
    claim_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fetched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    message: Mapped[Message] = relationship()


class ReplyAttempt(Model):
    """One call to a platform for a reply, saved before it is made."""

    __tablename__ = "reply_attempts"
    __table_args__ = (UniqueConstraint("message_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(String(64))
    fence: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    send_before: Mapped[datetime] = mapped_column(UTCDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str] = mapped_column(String(20), default="")
    error: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    exchanges: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
