"""The identity platform of the whole installation: how it is set up, and who may. Nobody signs in here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import func, or_, select

from app.audit.services import record
from app.config import current
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.sealing import closed
from app.units.access import ROLES, Actor
from app.units.models import Grant, Identity, IdentityProvider, Passkey, Unit, User
from app.units.offices import guarded_roles, one_by_one
from app.units.open_sessions import end_vouched
from app.units.passwords import NO_PASSWORD
from app.units.sites import plain_host
from app.words import N_
from connectors.openid.asking import is_safe
from connectors.openid.values import Registration

RETURN = "/sign-in/provider/return"
MOST_ALLOWED = 200
_MANAGE = "security.manage"
# Two who set it up at once do not make two of it.
_ONLY = "provider"
_PARTING = re.compile(r"[\s,，;；、]+")
_CLAIM = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,99}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_ADDRESS = re.compile(r"[^@\s]{1,100}@([^@\s]+)")
_REFUSED = N_("设置没有保存。有内容不符合要求。请按各项的提示改正。")
_UNTESTED = N_("没有测试。有内容不符合要求。请按各字段的提示改正后再测试。")
_SECRET_CLOSED = N_("没有办理。客户端密钥用现有的加密密钥解不开。请系统管理员重新填写客户端密钥。")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """As they were typed. `secret` "": the one that is stored stays."""

    name: str
    issuer: str
    client_id: str
    secret: str
    no_secret: bool
    scopes: str
    claim: str
    allowed: str
    trusts_mfa: bool
    active: bool


def provider() -> IdentityProvider | None:
    return db.session.scalars(select(IdentityProvider).order_by(IdentityProvider.id).limit(1)).first()


def working() -> IdentityProvider | None:
    """The platform, while one may sign in through it."""
    found = provider()
    return found if found is not None and found.active else None


def may_manage(actor: Actor) -> bool:
    """Whoever sets it up decides who anybody is: that takes the right to manage how people sign in in every unit without parent."""
    roots = db.session.scalars(select(Unit).where(Unit.parent_id.is_(None))).all()
    return actor.system or (bool(roots) and all(actor.may(_MANAGE, root) for root in roots))


def require_manager(actor: Actor) -> None:
    """Raises Forbidden."""
    if not may_manage(actor):
        raise Forbidden(
            N_(
                "您不能设置统一身份登录。它决定全站的人怎样登录，需要在所有最上级单位都有“管理登录安全”的权限。"
                "请联系最上级单位的管理员。"
            )
        )


def redirect_uri() -> str:
    """Where the platform sends browsers back to; to be registered there."""
    return f"{current().public_url}{RETURN}"


def registration(row: IdentityProvider) -> Registration:
    """Raises Conflict when its secret cannot be opened."""
    if closed(row.secrets):
        raise Conflict(_SECRET_CLOSED)
    return Registration(
        issuer=row.issuer,
        client_id=row.client_id,
        client_secret=row.secrets.get("client_secret", ""),
        scopes=row.scopes,
        redirect_uri=redirect_uri(),
    )


def registration_of(given: Settings) -> Registration:
    """What was typed, as it would be saved. Raises Invalid naming the fields."""
    errors = _errors(given)
    if errors:
        raise Invalid(_UNTESTED, errors=errors)
    row = provider()
    secret = _secret(row, given, _UNTESTED)
    stored = row.secrets.get("client_secret", "") if row is not None and secret is None else ""
    return Registration(
        issuer=given.issuer.strip(),
        client_id=given.client_id.strip(),
        client_secret=stored if secret is None else secret,
        scopes=" ".join(given.scopes.split()),
        redirect_uri=redirect_uri(),
    )


def allows(row: IdentityProvider, email: str) -> bool:
    """Whether the allow-list covers a verified address, in full or by its domain."""
    return email in row.allowed or f"@{email.partition('@')[2]}" in row.allowed


def save_provider(actor: Actor, given: Settings, *, now: datetime) -> IdentityProvider:
    """Set it up, or change it. Raises Forbidden, Invalid naming the fields."""
    require_manager(actor)
    allowed, errors = _allowed(given.allowed)
    errors |= _errors(given)
    if errors:
        raise Invalid(_REFUSED, errors=errors)
    with atomic():
        one_by_one(now)
        row = db.session.scalars(select(IdentityProvider).with_for_update().limit(1)).first()
        if row is not None and row.active and (not given.active or row.issuer != given.issuer.strip()):
            _check_way_in()
        secret = _secret(row, given)
        before = _told(row) if row is not None else {}
        if row is not None and row.claim != given.claim.strip():
            _require_nobody_listed(row)
        if row is None:
            row = IdentityProvider(id=_ONLY, created_at=now)
            db.session.add(row)
        row.name, row.issuer, row.client_id = _tidy(given.name), given.issuer.strip(), given.client_id.strip()
        row.scopes, row.claim, row.allowed = " ".join(given.scopes.split()), given.claim.strip(), allowed
        row.trusts_mfa, row.active, row.updated_at = given.trusts_mfa, given.active, now
        _end_distrusted(before, row, actor)
        if secret is not None:
            row.secrets = {"client_secret": secret}
        db.session.flush()
        after = {**_told(row), "secret_changed": secret is not None}
        _record(actor, "provider.save", row, now, before=before, after=after)
    return row


def _check_way_in() -> None:
    """Without the platform an administrator (三员分立: one of each of the three) can still sign in. Raises Invalid."""
    for role in sorted(guarded_roles()):
        held = select(User).join(Grant, Grant.user_id == User.id).where(User.active, Grant.role == role)
        holders = db.session.scalars(held.order_by(User.name)).unique().all()
        able = User.password_hash != NO_PASSWORD, select(Passkey.id).where(Passkey.user_id == User.id).exists()
        if holders and db.session.scalar(held.where(or_(*able)).with_only_columns(User.id).limit(1)) is None:
            word, names = ROLES[role][0], "、".join(one.name for one in holders[:5])
            raise Invalid(
                f"设置没有保存。{word}（{names}）都没有密码和通行密钥，停用或更换后没有一位能登录。"
                f"请先为其中一位{word}重置密码，或请其注册通行密钥。",
                errors={"active": [f"没有一位{word}能用别的方式登录。"]},
            )


def remove_provider(actor: Actor, *, now: datetime) -> None:
    """Nobody signs in through it any more, and who was who there is forgotten. Raises Forbidden, NotFound, Conflict while
    somebody has no password."""
    require_manager(actor)
    with atomic():
        row = db.session.scalars(select(IdentityProvider).with_for_update().limit(1)).first()
        if row is None:
            raise NotFound
        names = without_password()
        if names:
            raise Conflict(f"没有删除。{'、'.join(names[:5])}没有密码，只能通过它登录。请先为他们重置密码。")
        gone = 0
        for identity in db.session.scalars(select(Identity)):
            db.session.delete(identity)
            gone += 1
        end_vouched(only_mfa=False, keep=actor.session_id)
        _record(actor, "provider.remove", row, now, before={**_told(row), "identities": gone}, after={})
        db.session.delete(row)


def _require_nobody_listed(row: IdentityProvider) -> None:
    """What was written down for people is a value of this claim: of another one, which they may set themselves, it would be
    anybody's. Raises Invalid while somebody is listed who never came."""
    waiting = select(User.name).join(Identity, Identity.user_id == User.id).where(Identity.subject.is_(None))
    names = db.session.scalars(waiting.order_by(User.name)).all()
    if names:
        words = f"{'、'.join(names[:5])}{f'等 {len(names)} 人' if len(names) > 5 else ''}是按“{row.claim}”登记的，还没有首次登录。请先在成员页面撤销登记，改好后按新的字段重新登记。"
        raise Invalid(_REFUSED, errors={"claim": [words]})


def _end_distrusted(before: Mapping[str, object], row: IdentityProvider, actor: Actor) -> None:
    """Whoever is signed in on a word that is not taken any more signs in again, but whoever sits at this page."""
    moved = bool(before.get("active")) and (not row.active or before["issuer"] != row.issuer)
    if moved or (before.get("trusts_mfa") and not row.trusts_mfa):
        end_vouched(only_mfa=not moved, keep=actor.session_id)


def _secret(row: IdentityProvider | None, given: Settings, refused: str = _REFUSED) -> str | None:
    """What to store; None: what is stored stays. Another platform never gets to see the secret of the last one."""
    if given.no_secret:
        return ""
    if given.secret:
        return given.secret
    moved = row is None or row.issuer != given.issuer.strip() or row.client_id != given.client_id.strip()
    if moved or (row is not None and closed(row.secrets)):
        words = "请填写客户端密钥；换了 Issuer 或客户端编号也须重新填写。没有密钥的公共客户端请勾选“没有密钥”。"
        raise Invalid(refused, errors={"secret": [words]})
    return None


def _errors(given: Settings) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not _tidy(given.name) or len(_tidy(given.name)) > 40:
        errors["name"] = ["请填写按钮上的名称，例如“省统一身份认证”，最多 40 个字。"]
    issuer = given.issuer.strip()
    if not is_safe(issuer, local=True) or len(issuer) > 300 or urlsplit(issuer).query:
        errors["issuer"] = ["应是以 https:// 开头的完整网址（只有本机 127.0.0.1 可用 http），不带 ? 和 #。"]
    client = given.client_id.strip()
    if not client or len(client) > 200 or not client.isascii() or not client.isprintable() or ":" in client:
        errors["client_id"] = ["请填写身份平台发给本系统的客户端编号（英文和数字）。"]
    if len(given.secret) > 500 or not given.secret.isascii() or not given.secret.isprintable():
        errors["secret"] = ["密钥应是英文、数字和符号，最多 500 个字符。请核对是否多复制了内容。"]
    scopes = given.scopes.split()
    if "openid" not in scopes or len(" ".join(scopes)) > 200 or not all(_SCOPE.fullmatch(one) for one in scopes):
        errors["scopes"] = ["须含 openid，各项用空格分开，例如：openid profile email。"]
    if not _CLAIM.fullmatch(given.claim.strip()):
        errors["claim"] = ["应是身份令牌里一个字段的名称，例如 sub、email、employee_number。"]
    return errors


def _allowed(text: str) -> tuple[list[str], dict[str, list[str]]]:
    """(addresses and "@domain"s in lower case, errors)."""
    found, wrong = [], []
    for part in [part for part in _PARTING.split(text.strip().lower()) if part]:
        entry = part if "@" in part else f"@{part}"
        address = _ADDRESS.fullmatch(entry)
        host = address[1] if address else entry.removeprefix("@")
        if "." in host and plain_host(host) == host:
            found.append(entry)
        else:
            wrong.append(part[:80])
    found = list(dict.fromkeys(found))
    if wrong:
        return [], {
            "allowed": [f"不是邮箱或邮箱域名：{'、'.join(wrong[:5])}。应像 wangmin@qinglan.gov.cn 或 @qinglan.gov.cn。"]
        }
    if len(found) > MOST_ALLOWED:
        return [], {
            "allowed": [f"最多 {MOST_ALLOWED} 行，现有 {len(found)} 行。请改用邮箱域名，或在成员页面逐个登记。"]
        }
    return found, {}


def bound_count(row: IdentityProvider) -> int:
    """How many people have signed in through it."""
    query = select(func.count(Identity.id)).where(Identity.issuer == row.issuer, Identity.subject.is_not(None))
    return db.session.scalar(query) or 0


def without_password() -> list[str]:
    """The names of active people who sign in through it or by passkey alone."""
    query = select(User.name).where(User.active, User.password_hash == NO_PASSWORD).order_by(User.name)
    return list(db.session.scalars(query))


def _tidy(name: str) -> str:
    return " ".join(name.split())


def _told(row: IdentityProvider) -> dict[str, object]:
    """For the log: everything but the secret."""
    names = ("name", "issuer", "client_id", "scopes", "claim", "allowed", "trusts_mfa", "active")
    return {name: getattr(row, name) for name in names}


def _record(
    actor: Actor,
    action: str,
    row: IdentityProvider,
    now: datetime,
    *,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="provider",
        object_id=row.id,
        summary=row.name,
        before=before,
        after=after,
    )
