"""Accounts, their tokens, the ledger of calls, and callbacks already seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship, validates

from app.db import Encrypted, Model, UTCDateTime, new_id
from app.sealing import closed
from app.units.models import Unit, User

# Where the permalink of a post leads, and so part of what is reviewed.
_OPEN = ("safe_domain",)
# The period of what belongs to none.
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


class Account(Model):
    """One Weibo or WeChat account that a unit runs. `callback_key` is the secret part of its callback URL."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("platform", "external_id", "environment"),
        CheckConstraint("environment IN ('live','simulator')", name="environment"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    platform: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(120))
    environment: Mapped[str] = mapped_column(String(20), default="live")
    mode: Mapped[str] = mapped_column(String(20))
    credentials: Mapped[Mapping[str, str]] = mapped_column(Encrypted)
    # What of them is no secret and texts are adapted by: known while they are sealed, too.
    open_credentials: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    callback_key: Mapped[str] = mapped_column(String(64), unique=True)
    responsible_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    # No foreign key: SQLite could add it to a table that others refer to only by making that anew. People are never deleted.
    deputy_id: Mapped[str | None] = mapped_column(String(32))
    active: Mapped[bool] = mapped_column(default=True)
    # unknown: never probed; ok; limited: some right is missing; refused: must be connected again.
    status: Mapped[str] = mapped_column(String(20), default="unknown")
    rights: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    egress_ip: Mapped[str] = mapped_column(String(60), default="")
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Testing the rights: when next (None: a day after the last), who has it in hand, and when it was last tried in vain,
    # and why (Chinese): what was known before then stands.
    probe_requested_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    probe_claim_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    probe_note: Mapped[str] = mapped_column(Text, default="")
    tried_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    token_expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # When that token was given, where the platform tells: how long it lives in all.
    token_granted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_callback_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The first push that the present keys opened; a mere check of the address shows not all of them.
    callback_proven_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # The last push whose signature did not fit, and why (Chinese): a wrong secret shows nowhere else.
    callback_refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    callback_refusal: Mapped[str] = mapped_column(Text, default="")
    callback_remedy: Mapped[str] = mapped_column(Text, default="")
    callback_who: Mapped[str] = mapped_column(String(80), default="")
    # Polling: the connector's cursor, when to ask next, who is asking, and why nothing can be had (Chinese).
    poll_cursor: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    next_poll_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    poll_claim_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    poll_note: Mapped[str] = mapped_column(Text, default="")
    polled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    history_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    history_note: Mapped[str] = mapped_column(Text, default="")
    # The last look that failed, and how many in a row nobody answered.
    history_tried_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    history_misses: Mapped[int] = mapped_column(Integer, default=0)
    # Reading the platform's figures and allowances: when next, who is at it, and why nothing can be had (Chinese).
    next_reading_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reading_note: Mapped[str] = mapped_column(Text, default="")
    # Pushed down from inspection: the last surviving public post by whatever means.
    last_published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    unit: Mapped[Unit] = relationship()
    responsible: Mapped[User | None] = relationship(foreign_keys=[responsible_id])
    # Acts when the responsible person is away.
    deputy: Mapped[User | None] = relationship(primaryjoin=lambda: foreign(Account.deputy_id) == User.id)

    @property
    def sealed(self) -> bool:
        """Whether no key of this process opens its credentials: nobody can speak for it here."""
        return closed(self.credentials)

    @property
    def known(self) -> Mapping[str, str]:
        """Its credentials; of sealed ones those that are no secret."""
        return (self.open_credentials or {}) if self.sealed else self.credentials

    @validates("credentials")
    def _keep_open(self, _key: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        if not closed(credentials):
            self.open_credentials = {name: credentials[name] for name in _OPEN if credentials.get(name)}
        return credentials

    def keep_open(self) -> None:
        """The same of credentials that were stored before it was kept. Changes nothing of an account where it is."""
        if not self.sealed and not self.open_credentials:
            self._keep_open("credentials", self.credentials)


class AccountToken(Model):
    """The access token of an account, and the lease under which one process renews it.

    `generation` rises with every token stored; whoever waited for a renewal sees by it that one came.
    """

    __tablename__ = "account_tokens"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    value: Mapped[Mapping[str, str] | None] = mapped_column(Encrypted)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    generation: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str] = mapped_column(String(60), default="")
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)


class QuotaUse(Model):
    """How often one call was made in one period (start of the period in UTC)."""

    __tablename__ = "quota_uses"
    __table_args__ = (UniqueConstraint("account_id", "key", "period_start"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(60))
    period_start: Mapped[datetime] = mapped_column(UTCDateTime)
    used: Mapped[int] = mapped_column(Integer, default=0)
    # Blocked by the platform's own word until then, whatever we counted.
    blocked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SharedUse(Model):
    """How often one call was made in one period by all accounts of one app from one address; `scope`: see sharing.py."""

    __tablename__ = "shared_uses"
    __table_args__ = (UniqueConstraint("scope", "key", "period_start"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    scope: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(60))
    period_start: Mapped[datetime] = mapped_column(UTCDateTime)
    used: Mapped[int] = mapped_column(Integer, default=0)
    # Blocked by the platform's own word until then, whatever we counted.
    blocked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)


class QuotaReading(Model):
    """What the platform itself said of one call's daily allowance; None where it does not tell."""

    __tablename__ = "quota_readings"
    __table_args__ = (UniqueConstraint("account_id", "call"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    call: Mapped[str] = mapped_column(String(60))
    limit: Mapped[int | None] = mapped_column(Integer)
    used: Mapped[int | None] = mapped_column(Integer)
    remain: Mapped[int | None] = mapped_column(Integer)
    read_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Tally(Model):
    """How often something happened to an account since it was connected: see tallies.py for kinds and labels."""

    __tablename__ = "tallies"
    __table_args__ = (UniqueConstraint("account_id", "kind", "label"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(20))
    total: Mapped[int] = mapped_column(Integer, default=0)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)


class AccountDay(Model):
    """One day (of Beijing) of an account as the platform counted it: people; None where it does not tell."""

    __tablename__ = "account_days"
    __table_args__ = (UniqueConstraint("account_id", "day"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    day: Mapped[date] = mapped_column(Date)
    readers: Mapped[int | None] = mapped_column(Integer)
    sharers: Mapped[int | None] = mapped_column(Integer)
    likes: Mapped[int | None] = mapped_column(Integer)
    comments: Mapped[int | None] = mapped_column(Integer)
    collected: Mapped[int | None] = mapped_column(Integer)
    new_followers: Mapped[int | None] = mapped_column(Integer)
    lost_followers: Mapped[int | None] = mapped_column(Integer)
    followers: Mapped[int | None] = mapped_column(Integer)
    read_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CallbackSeen(Model):
    """One callback already answered: a repeat gets the same answer, the same nonce with another body none."""

    __tablename__ = "callbacks_seen"
    __table_args__ = (UniqueConstraint("account_id", "nonce"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    nonce: Mapped[str] = mapped_column(String(120))
    body_digest: Mapped[str] = mapped_column(String(64))
    answer: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
