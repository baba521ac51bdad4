"""Signing in, with a lockout against guessing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.audit.services import record
from app.db import atomic, db, release
from app.errors import TooMany, Unauthenticated
from app.units.access import Actor
from app.units.models import User
from app.units.passwords import hash_password, is_right, needs_rehash

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)


def authenticate(email: str, password: str, *, origin: str, now: datetime) -> User:
    """The person. Raises Unauthenticated (the same words whatever was wrong) or TooMany while locked."""
    user = find_user(email)
    if user is not None and user.locked_until is not None and user.locked_until > now:
        raise _locked(user.locked_until, now)
    user_id, stored = (user.id, user.password_hash) if user is not None else ("", None)
    release()
    # Outside any transaction: Argon2 takes long on purpose.
    right = is_right(password, stored)
    fresh = hash_password(password) if right and stored is not None and needs_rehash(stored) else None
    if not user_id:
        raise _refused()
    with atomic():
        user = db.session.get_one(User, user_id)
        who = Actor(user_id=user.id, name=user.name, unit_id=user.unit_id, origin=origin)
        if right and user.active:
            user.failed_sign_ins, user.locked_until, user.last_sign_in_at = 0, None, now
            user.password_hash = fresh or user.password_hash
            record(
                who,
                "user.sign_in",
                now=now,
                object_type="user",
                object_id=user.id,
                unit_id=user.unit_id,
                summary=user.name,
            )
            return user
        _count_failure(user, who, now)
    raise _refused()


def _count_failure(user: User, who: Actor, now: datetime) -> None:
    db.session.execute(update(User).where(User.id == user.id).values(failed_sign_ins=User.failed_sign_ins + 1))
    db.session.refresh(user)
    if user.failed_sign_ins >= FAILURES_ALLOWED:
        user.failed_sign_ins, user.locked_until = 0, now + LOCKED_FOR
        action = "user.locked"
    else:
        action = "user.sign_in_failed"
    record(who, action, now=now, object_type="user", object_id=user.id, unit_id=user.unit_id, summary=user.name)


def _refused() -> Unauthenticated:
    minutes = int(LOCKED_FOR.total_seconds() // 60)
    return Unauthenticated(
        f"邮箱或密码不对，没有登录。连续输错 {FAILURES_ALLOWED} 次会锁定 {minutes} 分钟。忘记密码请联系本单位管理员重置。"
    )


def _locked(until: datetime, now: datetime) -> TooMany:
    minutes = max(1, -(-int((until - now).total_seconds()) // 60))
    return TooMany(
        f"账号已临时锁定，还剩 {minutes} 分钟。密码连续输错 {FAILURES_ALLOWED} 次，可能有人在猜密码。请稍后再试，或联系本单位管理员重置密码。"
    )


def find_user(email: str) -> User | None:
    """By e-mail, whatever its case."""
    return db.session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


def user_of_session(session_id: str) -> User | None:
    """The person of a signed session cookie, unless the password changed or the person left since."""
    user_id, _, epoch = session_id.rpartition(":")
    user = db.session.get(User, user_id) if user_id else None
    if user is None or not user.active or str(user.session_epoch) != epoch:
        return None
    return user
