"""What the security administrator does for other people's sign-in: end a lockout, sessions and tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.db import atomic, db
from app.errors import Conflict, Forbidden, NotFound
from app.units.access import Actor
from app.units.granting import note
from app.units.managing import signable_person
from app.units.models import ApiToken, BrowserSession, User
from app.units.open_sessions import end_all
from app.units.sign_in import unlock


def is_locked(user: User, now: datetime) -> bool:
    return any(until is not None and until > now for until in (user.locked_until, user.codes_locked_until))


def unlock_person(actor: Actor, user_id: str, *, now: datetime) -> User:
    """They may try again at once. Raises NotFound, Forbidden, Conflict (not locked)."""
    with atomic():
        user = _other(actor, user_id)
        if not is_locked(user, now):
            raise Conflict(f"没有解除。{user.name}没有被锁定。请刷新页面。")
        unlock(user)
        note(actor, "user.unlock", user, now)
    return user


def end_sessions_of(actor: Actor, user_id: str, *, now: datetime) -> User:
    """Every browser of theirs is signed out at once; tokens stay."""
    with atomic():
        user = _other(actor, user_id)
        note(actor, "user.sessions_end", user, now, before={"ended": end_all(user)})
    return user


def tokens_of_person(user: User, now: datetime) -> list[ApiToken]:
    """Those that still open something, newest first."""
    query = select(ApiToken).where(
        ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now
    )
    return list(db.session.scalars(query.order_by(ApiToken.id.desc())))


def open_sessions_of(user: User) -> int:
    return len(list(db.session.scalars(select(BrowserSession.id).where(BrowserSession.user_id == user.id))))


def revoke_token_of(actor: Actor, user_id: str, token_id: str, *, now: datetime) -> User:
    """End one of another person's tokens at once. Raises NotFound, Forbidden."""
    with atomic():
        user = _other(actor, user_id)
        row = db.session.get(ApiToken, token_id)
        if row is None or row.user_id != user.id:
            raise NotFound
        row.revoked_at = row.revoked_at or now
        note(actor, "token.revoke", user, now, before={"token": row.id, "name": row.name})
    return user


def _other(actor: Actor, user_id: str) -> User:
    user = signable_person(actor, user_id)
    if user.id == actor.user_id:
        raise Forbidden("没有办理。这里管的是别人的登录。自己的请到“个人设置”办理。")
    return user
