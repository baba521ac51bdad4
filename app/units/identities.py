"""Who is who at the identity platform: listed by an administrator, bound at the first sign-in, unbound again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid
from app.units.access import Actor
from app.units.managing import signable_person
from app.units.models import Identity, Passkey, User
from app.units.open_sessions import end_all, still_signed_in
from app.units.passwords import NO_PASSWORD
from app.units.people import revoke_tokens
from app.units.provider import provider, working
from app.units.second_factor import tell
from app.words import N_

_NOT_LISTED = N_("没有登记。还没有设置身份平台，或它已停用。请先在“设置 → 统一身份登录”中设置并启用。")
_TAKEN = "这个标识已登记给另一位成员。"


def identity_of(user_id: str) -> Identity | None:
    """At the platform that is set up now; one of an earlier platform is worth nothing."""
    row = provider()
    if row is None:
        return None
    mine = (Identity.user_id == user_id, Identity.issuer == row.issuer)
    return db.session.scalars(select(Identity).where(*mine)).one_or_none()


def is_bound(user_id: str) -> bool:
    """Whether the person signs in through the platform, which is in use."""
    found = identity_of(user_id) if working() is not None else None
    return found is not None and found.subject is not None


def has_password(user_id: str) -> bool:
    """False for who signs in through the platform or by passkey alone."""
    return db.session.scalar(select(User.password_hash).where(User.id == user_id)) != NO_PASSWORD


def list_identity(actor: Actor, user_id: str, listed: str, *, now: datetime) -> User:
    """From now on that identity, and no other, signs this person in; they are told. Raises Invalid, Conflict.

    Another one that was bound signs in no more, and whoever signed in with it is signed out.
    """
    signable_person(actor, user_id)
    row = working()
    if row is None:
        raise Conflict(_NOT_LISTED)
    listed = listed.strip()
    if row.claim == "email":
        listed = listed.lower()
    if not listed or len(listed) > 300 or not listed.isprintable():
        words = "请填写此人在身份平台的标识，最多 300 个字符。"
        raise Invalid(f"没有登记。{words}", errors={"listed": [words]})
    with atomic():
        user = signable_person(actor, user_id)
        db.session.get(User, user.id, with_for_update=True)
        before = _forget(user)
        if before.get("bound"):
            end_all(user)
        db.session.add(Identity(user_id=user.id, issuer=row.issuer, listed=listed, created_at=now))
        try:
            db.session.flush()
        except IntegrityError:
            raise Invalid(f"没有登记。{_TAKEN}请核对，或先解除那位成员的登记。", errors={"listed": [_TAKEN]}) from None
        _record(actor, "user.identity_list", user, now, before=before, after={"listed": listed, "by": row.name})
        tell(user, "user.identity_list", now)
    return user


def remove_identity(actor: Actor, user_id: str, *, now: datetime) -> User:
    """Another person's identity signs in no more, whoever signed in with it is signed out, their tokens end; they are told.
    Raises Conflict when there is none, and for who would have nothing left to sign in with."""
    with atomic():
        user = signable_person(actor, user_id)
        _remove(actor, user, now)
        end_all(user)
        revoke_tokens(user, now)
    return user


def remove_own_identity(actor: Actor, *, now: datetime) -> None:
    """As remove_identity, of one's own; the browsers stay signed in."""
    with atomic():
        still_signed_in(actor)
        _remove(actor, db.session.get_one(User, actor.user_id), now)


def drop_password(actor: Actor, user_id: str, *, now: datetime) -> User:
    """The person signs in through the platform (or by passkey) alone, until somebody resets the password. Raises Conflict
    before they have signed in through it once, Forbidden for oneself."""
    if user_id == actor.user_id:
        raise Forbidden(N_("不能停用自己的密码。万一身份平台出了故障，您将无法登录。请由另一位管理员操作。"))
    with atomic():
        user = signable_person(actor, user_id)
        db.session.get(User, user.id, with_for_update=True)
        if not is_bound(user.id):
            raise Conflict(f"没有停用密码。{user.name}还没有通过统一身份登录过。请本人先那样登录一次。")
        if has_password(user.id):
            user.password_hash = NO_PASSWORD
            end_all(user)
            _record(actor, "user.drop_password", user, now)
            tell(user, "user.drop_password", now)
    return user


def _remove(actor: Actor, user: User, now: datetime) -> None:
    db.session.get(User, user.id, with_for_update=True, populate_existing=True)
    before = _forget(user)
    if not before:
        raise Conflict(N_("没有解除。没有登记统一身份，或刚刚已被解除。请刷新页面。"))
    key = db.session.scalar(select(Passkey.id).where(Passkey.user_id == user.id).limit(1))
    if not has_password(user.id) and key is None:
        raise Conflict(f"没有解除。{user.name}没有密码，解除后将无法登录。请先由管理员重置密码。")
    _record(actor, "user.identity_remove", user, now, before=before)
    tell(user, "user.identity_remove", now)


def _forget(user: User) -> dict[str, object]:
    """What stood there; {} when nothing did. Inside atomic()."""
    found = db.session.scalars(select(Identity).where(Identity.user_id == user.id)).one_or_none()
    if found is None:
        return {}
    told: dict[str, object] = {"listed": found.listed or "", "bound": found.subject is not None}
    db.session.delete(found)
    db.session.flush()
    return told


def _record(
    actor: Actor,
    action: str,
    user: User,
    now: datetime,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="user",
        object_id=user.id,
        unit_id=user.unit_id,
        summary=user.name,
        before=before,
        after=after,
    )
