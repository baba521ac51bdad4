"""Notices for people, events for other systems, and their deliveries: an outbox, emptied after the fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Encrypted, Model, UTCDateTime, new_id
from app.units.models import User


class Notice(Model):
    """Something a person must know. `key` makes it single: the same fact is told once. `user_id` None: the unit."""

    __tablename__ = "notices"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    # alarm: reaches someone at night; info: bell only.
    level: Mapped[str] = mapped_column(String(10), default="info")
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    path: Mapped[str] = mapped_column(String(300), default="", index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class NoticeRead(Model):
    """Who has read which notice."""

    __tablename__ = "notice_reads"

    notice_id: Mapped[str] = mapped_column(ForeignKey("notices.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class OutgoingEvent(Model):
    """Something that other systems may want to know, with its facts; kept as long as its deliveries are shown."""

    __tablename__ = "outgoing_events"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(String(300), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class AlertChannel(Model):
    """Where a unit's alarms go: an e-mail address or a webhook (Fernet-encrypted: its URL is a secret).

    `secret` signs what goes to a webhook: {"key": …}. `topics`: "alarm", and for webhooks "publication".
    """

    __tablename__ = "alert_channels"
    __table_args__ = (CheckConstraint("kind IN ('email','webhook')", name="kind"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    target: Mapped[Mapping[str, str]] = mapped_column(Encrypted)
    secret: Mapped[Mapping[str, str] | None] = mapped_column(Encrypted)
    topics: Mapped[list[str]] = mapped_column(JSON, default=lambda: ["alarm"])
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MailAddress(Model):
    """通知邮箱: where one person gets notices by e-mail. `address` "" until a code that was mailed there was typed in.

    `wanted` is one that still waits for its code, of which only the SHA-256 is kept. `choices` {group: now|daily|never}
    hold where they differ from the group's own (app.notices.groups).
    """

    __tablename__ = "mail_addresses"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(200), default="")
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    wanted: Mapped[str] = mapped_column(String(200), default="")
    code_digest: Mapped[str] = mapped_column(String(64), default="")
    code_sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    wrong_codes: Mapped[int] = mapped_column(Integer, default=0)
    # Codes mailed since `counted_from`: nobody's mailbox is flooded from here.
    codes_sent: Mapped[int] = mapped_column(Integer, default=0)
    counted_from: Mapped[datetime | None] = mapped_column(UTCDateTime)
    choices: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)


class Delivery(Model):
    """One notice or event to one channel of a unit, to one person's own mailbox (`user_id`; `digest`: together with the
    day's others), or (`site` email or webhook) of the installation.

    `id` is the event id that a webhook's receiver may use to recognise a repeat.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("notice_id", "channel_id"),
        UniqueConstraint("event_id", "channel_id"),
        UniqueConstraint("notice_id", "user_id"),
        CheckConstraint("status IN ('pending','sent','failed')", name="status"),
        CheckConstraint(
            "(channel_id IS NULL OR user_id IS NULL) AND (channel_id IS NULL AND user_id IS NULL) = (site <> '')",
            name="site",
        ),
        CheckConstraint("user_id IS NULL OR notice_id IS NOT NULL", name="person"),
        CheckConstraint("(notice_id IS NULL) <> (event_id IS NULL)", name="what"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    notice_id: Mapped[str | None] = mapped_column(ForeignKey("notices.id", ondelete="CASCADE"))
    event_id: Mapped[str | None] = mapped_column(ForeignKey("outgoing_events.id", ondelete="CASCADE"))
    channel_id: Mapped[str | None] = mapped_column(ForeignKey("alert_channels.id", ondelete="CASCADE"))
    site: Mapped[str] = mapped_column(String(10), default="")
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True)
    digest: Mapped[bool] = mapped_column(default=False, server_default=false())
    status: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    claim_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    notice: Mapped[Notice | None] = relationship()
    event: Mapped[OutgoingEvent | None] = relationship()
    channel: Mapped[AlertChannel | None] = relationship()
    person: Mapped[User | None] = relationship()

    @property
    def told(self) -> Notice | OutgoingEvent:
        """What is delivered; the two have kind, title, path and time in common."""
        found = self.notice if self.notice is not None else self.event
        if found is None:
            raise RuntimeError("a delivery of nothing")
        return found
