"""Units, users, roles held in a unit, what people sign in with, API tokens, remembered idempotent answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Encrypted, Model, UTCDateTime, new_id

LEVELS = ("province", "city", "county", "township", "village")


class Unit(Model):
    """A public body. `path` is "/rootid/…/id/": a subtree is a prefix of it."""

    __tablename__ = "units"
    __table_args__ = (
        CheckConstraint("level IN ('province','city','county','township','village')", name="level"),
        UniqueConstraint("parent_id", "name"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120), index=True)
    level: Mapped[str] = mapped_column(String(20))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("units.id"), index=True)
    path: Mapped[str] = mapped_column(String(400), index=True, default="")
    # Later than this many seconds after its hour a publication is missed; None: the installation's default.
    lateness_seconds: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    # Since then nothing new is made in it; what was stays.
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    parent: Mapped[Unit | None] = relationship(remote_side="Unit.id")


class User(Model):
    """A person. Signs in by e-mail and password (Argon2id), unless `password_hash` is "!": then by
    identity or passkey alone."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str] = mapped_column(String(200))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    # Somebody else knows the password: after signing in by it the person first chooses their own.
    password_is_initial: Mapped[bool] = mapped_column(default=False, server_default=false())
    locale: Mapped[str] = mapped_column(String(10), default="zh_CN")
    failed_sign_ins: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Wrong codes of the second step: only who has the password gets so far.
    failed_codes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    codes_locked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    # Raised by a password change or deactivation: sessions signed before are void.
    session_epoch: Mapped[int] = mapped_column(Integer, default=0)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    unit: Mapped[Unit] = relationship()
    grants: Mapped[list[Grant]] = relationship(back_populates="user", cascade="all, delete-orphan")

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_active(self) -> bool:
        return self.active

    @property
    def is_anonymous(self) -> bool:
        return False

    def get_id(self) -> str:
        return f"{self.id}:{self.session_epoch}"


class Role(Model):
    """A role that people made (自定义角色): permission keys under a name, to be given in its unit and below.

    `version` is the optimistic lock. A retired one permits nothing and is held by nobody; its row stays for the record.
    """

    __tablename__ = "roles"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(String(200), default="")
    permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    unit: Mapped[Unit] = relationship()


class Grant(Model):
    """A role (key of access.ROLES, or id of a Role) that a user holds in a unit; valid for the unit's subtree."""

    __tablename__ = "grants"
    __table_args__ = (UniqueConstraint("user_id", "role", "unit_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(40))
    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), index=True)

    user: Mapped[User] = relationship(back_populates="grants")
    unit: Mapped[Unit] = relationship()


class BrowserSession(Model):
    """A signed-in browser: only the SHA-256 of the secret in its cookie is stored. Signing out deletes the row.

    `how`: what it was signed in with (password, totp, recovery, passkey, provider, provider_mfa); `provider`: the name of the
    identity platform that vouched for the person, "" where none did; `proven_at`: when the person last proved to be there, by
    signing in or by a step-up; `failed_proofs`: wrong answers since, at the fifth it ends.
    """

    __tablename__ = "browser_sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(80), default="")
    how: Mapped[str] = mapped_column(String(20), default="password")
    provider: Mapped[str] = mapped_column(String(40), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    proven_at: Mapped[datetime] = mapped_column(UTCDateTime)
    failed_proofs: Mapped[int] = mapped_column(Integer, default=0, server_default="0")


class KnownDevice(Model):
    """A browser in which the person has fully signed in: its own wrong answers are counted here, and lock it alone."""

    __tablename__ = "known_devices"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    failed_sign_ins: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    locked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_used_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SignInFailure(Model):
    """A sign-in that failed, by the address it came from (of IPv6 the network); kept a quarter of an hour."""

    __tablename__ = "sign_in_failures"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    address: Mapped[str] = mapped_column(String(80), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class SecondFactor(Model):
    """The secret {"totp": base32} that a person shares with the authenticator on their phone; unconfirmed: not asked for.

    `last_step`: the latest 30-second step whose code was used; that one and earlier ones are refused.
    """

    __tablename__ = "second_factors"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    secret: Mapped[dict[str, str]] = mapped_column(Encrypted)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class RecoveryCode(Model):
    """A code (78 random bits, stored as SHA-256) that once takes the place of the second factor."""

    __tablename__ = "recovery_codes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Passkey(Model):
    """A WebAuthn credential; id and public key in base64url."""

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    # At most 1023 bytes by the standard.
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    transports: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class IdentityProvider(Model):
    """The identity platform (OpenID Connect) of the whole installation: one row at most.

    `claim`: what of a person an administrator writes down when listing them ("sub", "email" or another claim); `allowed`:
    e-mail addresses and "@domain"s, in lower case, whose owners need not be listed one by one; `trusts_mfa`: more than one
    factor shown there takes the place of ours. `secrets`: {"client_secret"}, "" for a client without one.
    """

    __tablename__ = "identity_providers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(40))
    issuer: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(200))
    secrets: Mapped[dict[str, str]] = mapped_column(Encrypted)
    scopes: Mapped[str] = mapped_column(String(200))
    claim: Mapped[str] = mapped_column(String(100))
    allowed: Mapped[list[str]] = mapped_column(JSON, default=list)
    trusts_mfa: Mapped[bool] = mapped_column(default=False, server_default=false())
    active: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Identity(Model):
    """Who a person is at an identity platform. `listed`: what an administrator wrote down for them, None when they came by
    the platform's allow-list; `subject`: theirs for good at `issuer` from the first sign-in on, None before."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("issuer", "listed"),
        CheckConstraint("listed IS NOT NULL OR subject IS NOT NULL", name="somebody"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), unique=True)
    issuer: Mapped[str] = mapped_column(String(300))
    listed: Mapped[str | None] = mapped_column(String(300))
    subject: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    bound_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    user: Mapped[User] = relationship()


class AnsweredChallenge(Model):
    """A challenge that was answered, to a passkey or to an identity platform: it is not taken a second time. Kept as long as it
    could be."""

    __tablename__ = "answered_challenges"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class ApiToken(Model):
    """A bearer token: only its SHA-256 is stored. Empty `scopes`: all that the user may. `by_command`: issued at the command
    line, for programs; a unit's rule of a second factor does not hold for it."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    by_command: Mapped[bool] = mapped_column(default=False, server_default=false())
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    user: Mapped[User] = relationship()


class IdempotentAnswer(Model):
    """The first answer to an Idempotency-Key, kept 24 hours per user. `status` 0: still being made."""

    __tablename__ = "idempotent_answers"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    key: Mapped[str] = mapped_column(String(200))
    request_digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer, default=0)
    body: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class SiteSettings(Model):
    """Settings of the whole installation by key: "separation" {"on": bool} (三员分立)."""

    __tablename__ = "site_settings"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class UnitSettings(Model):
    """Free settings of a unit by key, e.g. "alerts"."""

    __tablename__ = "unit_settings"

    unit_id: Mapped[str] = mapped_column(ForeignKey("units.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
