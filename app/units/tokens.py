"""API tokens: shown once, stored as a digest, scoped, expiring."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select

from app.audit.services import record
from app.db import atomic, db
from app.errors import Forbidden, Invalid, NotFound, Unauthenticated
from app.units.access import PERMISSIONS, Actor, actor_for
from app.units.factors import kinds_of
from app.units.models import ApiToken, User
from app.units.open_sessions import still_signed_in
from app.units.second_factor import asked_of

PREFIX = "tdm_"
MAX_DAYS = 366
_NOTE_USE_EVERY = timedelta(minutes=10)


def issue_token(actor: Actor, *, user_id: str, name: str, days: int, scopes: list[str], now: datetime) -> str:
    """A new token of one's own (the command line: anyone's); no `scopes`: all that the person may. Raises Invalid,
    NotFound, Unauthenticated when the person was signed out meanwhile."""
    errors: dict[str, list[str]] = {}
    if not 1 <= days <= MAX_DAYS:
        errors["days"] = [f"有效期应为 1 至 {MAX_DAYS} 天。"]
    unknown = [scope for scope in scopes if scope not in PERMISSIONS]
    if unknown:
        errors["scopes"] = [f"没有权限“{'、'.join(unknown)}”，可选：{'、'.join(PERMISSIONS)}。"]
    if len(name) > 80:
        errors["name"] = ["名称最多 80 个字。"]
    if errors:
        raise Invalid("令牌没有签发。有内容不符合要求。请按各字段的提示改正。", errors=errors)
    token = PREFIX + secrets.token_urlsafe(32)
    with atomic():
        still_signed_in(actor)
        user = db.session.get(User, user_id)
        if user is None or not (actor.system or actor.user_id == user.id):
            raise NotFound
        if not user.active:
            raise Invalid(f"令牌没有签发。{user.name}已停用。请先恢复此人，或换一位成员。")
        row = ApiToken(
            user_id=user.id,
            name=name.strip(),
            digest=_digest(token),
            scopes=list(dict.fromkeys(scopes)),
            created_at=now,
            expires_at=now + timedelta(days=days),
            by_command=actor.system,
        )
        db.session.add(row)
        db.session.flush()
        after = {"name": row.name, "scopes": row.scopes, "expires_at": row.expires_at.isoformat()}
        record(
            actor,
            "token.issue",
            now=now,
            object_type="token",
            object_id=row.id,
            unit_id=user.unit_id,
            summary=user.name,
            after=after,
        )
    return token


def revoke_token(actor: Actor, token_id: str, *, now: datetime) -> None:
    """End one of one's own tokens at once."""
    with atomic():
        row = db.session.get(ApiToken, token_id)
        if row is None or row.user_id != actor.user_id:
            raise NotFound
        row.revoked_at = row.revoked_at or now
        record(actor, "token.revoke", now=now, object_type="token", object_id=row.id, unit_id=row.user.unit_id)


def tokens_of(actor: Actor) -> list[ApiToken]:
    """One's own tokens that are not revoked, newest first."""
    query = select(ApiToken).where(ApiToken.user_id == actor.user_id, ApiToken.revoked_at.is_(None))
    return list(db.session.scalars(query.order_by(ApiToken.id.desc())))


def actor_by_token(token: str, *, origin: str, now: datetime) -> Actor:
    """Whoever this token speaks for. Raises Unauthenticated saying what is wrong with it, Forbidden while a second
    factor is asked of the person and there is none."""
    row = db.session.scalars(select(ApiToken).where(ApiToken.digest == _digest(token))).one_or_none()
    if row is None:
        raise Unauthenticated("访问令牌无效。它不存在，或抄写有误。请到“个人设置”重新签发。")
    if row.revoked_at is not None:
        raise Unauthenticated(f"访问令牌已于 {_iso(row.revoked_at)} 停用。请到“个人设置”重新签发。")
    if row.expires_at <= now:
        raise Unauthenticated(f"访问令牌已于 {_iso(row.expires_at)} 过期。令牌都有有效期。请到“个人设置”重新签发。")
    if not row.user.active:
        raise Unauthenticated("访问令牌的主人已停用。令牌随之失效。请联系本单位管理员。")
    actor = actor_for(row.user, scopes=frozenset(row.scopes) or None, origin=origin)
    if not row.by_command and asked_of(actor) and not kinds_of(actor.user_id):
        raise Forbidden(
            "访问令牌暂不能用。单位规定掌握审核、发布或管理权限的成员必须启用两步验证。请本人登录，在“个人设置”里启用后再用。"
        )
    if row.last_used_at is None or now - row.last_used_at > _NOTE_USE_EVERY:
        with atomic():
            db.session.get_one(ApiToken, row.id).last_used_at = now
    return actor


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _iso(value: datetime) -> str:
    return value.isoformat(timespec="seconds").replace("+00:00", "Z")
