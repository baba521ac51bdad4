"""Signing in, with a lockout against guessing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.audit.services import record
from app.db import atomic, db, release
from app.errors import Unauthenticated
from app.units.access import Actor
from app.units.models import User
from app.units.passwords import hash_password, is_right, needs_rehash
from app.words import N_

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)
_REFUSED = N_(
    "没有登录。邮箱或密码不对，或因连续输错 5 次已锁定 15 分钟。请核对后再试；忘记密码请联系本单位管理员重置。"
)


def authenticate(email: str, password: str, *, origin: str, now: datetime) -> User:
    """The person. Raises Unauthenticated, in the same words and after the same time whatever was wrong."""
    user = find_user(email)
    user_id, stored = (user.id, user.password_hash) if user is not None else ("", None)
    release()
    # Outside any transaction: Argon2 takes long on purpose.
    right = is_right(password, stored)
    fresh = hash_password(password) if right and stored is not None and needs_rehash(stored) else None
    if not user_id:
        raise Unauthenticated(_REFUSED)
    with atomic():
        user = db.session.get_one(User, user_id, with_for_update=True)
        if user.locked_until is not None and user.locked_until > now:
            # Not said in other words: that would tell strangers who works here, and whether a guess was right.
            # Looked at here, behind those who were being checked meanwhile: many guesses at once are no way around it.
            raise Unauthenticated(_REFUSED)
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
    raise Unauthenticated(_REFUSED)


def _count_failure(user: User, who: Actor, now: datetime) -> None:
    db.session.execute(update(User).where(User.id == user.id).values(failed_sign_ins=User.failed_sign_ins + 1))
    db.session.refresh(user)
    if user.failed_sign_ins >= FAILURES_ALLOWED:
        user.failed_sign_ins, user.locked_until = 0, now + LOCKED_FOR
        action = "user.locked"
    else:
        action = "user.sign_in_failed"
    record(who, action, now=now, object_type="user", object_id=user.id, unit_id=user.unit_id, summary=user.name)


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
