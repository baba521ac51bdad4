"""People and the roles they hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from app.db import Page, atomic, db, page_of, release
from app.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from app.units.access import Actor, unit_for, visible
from app.units.factors import PASSWORD, forget_codes_of_nothing
from app.units.granting import check_gift
from app.units.granting import note as _record
from app.units.managing import managed_person, signable_person
from app.units.models import ApiToken, Grant, Passkey, User
from app.units.offices import WHOLE, holds_whole, keep_last, one_by_one
from app.units.open_sessions import end_all
from app.units.passwords import hash_password, password_faults
from app.units.roles import roles_for
from app.units.sign_in import Recognised, find_user, prove_by_password, unlock

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_REFUSED = "有内容不符合要求。请按各字段的提示改正。"


def create_user(
    actor: Actor,
    *,
    email: str,
    name: str,
    unit_id: str,
    roles: list[str],
    password: str,
    now: datetime,
    initial: bool = False,
) -> User:
    """A person of `unit_id` who holds `roles` there; who may not give roles names none. `initial`: the password is only to
    come in by, they choose their own first. Raises Invalid naming the fields."""
    email, name = email.strip().lower(), " ".join(name.split())
    home = unit_for(actor, "user.manage", unit_id)
    gives = actor.may("role.manage", home)
    _check(email, name, roles, password, {*roles_for(home)} if gives else set())
    release()
    hashed = hash_password(password)
    with atomic():
        one_by_one(now)
        unit = unit_for(actor, "user.manage", unit_id)
        if find_user(email) is not None:
            raise _taken()
        user = User(email=email, name=name, unit_id=unit.id, password_hash=hashed, created_at=now)
        user.password_is_initial = initial
        if roles:
            unit_for(actor, "role.manage", unit_id)
            # One may have been retired while the password was hashed.
            _check(email, name, roles, password, {*roles_for(unit)})
            check_gift(actor, user, roles, unit)
        user.grants = [Grant(role=role, unit_id=unit.id) for role in dict.fromkeys(roles)]
        db.session.add(user)
        try:
            db.session.flush()
        except IntegrityError:
            raise _taken() from None
        _record(actor, "user.create", user, now, after={"email": email, "roles": roles, "unit_id": unit.id})
    return user


def details_faults(email: str, name: str) -> dict[str, list[str]]:
    """What is wrong with them, by field."""
    errors: dict[str, list[str]] = {}
    if not _EMAIL.fullmatch(email) or len(email) > 200:
        errors["email"] = ["邮箱格式不对，应像 wangmin@example.gov.cn。"]
    if not name or len(name) > 80:
        errors["name"] = ["请填写姓名，最多 80 个字。"]
    return errors


def _check(email: str, name: str, roles: list[str], password: str, may_hold: set[str]) -> None:
    errors = details_faults(email, name)
    if "email" not in errors and find_user(email) is not None:
        errors["email"] = ["这个邮箱已有人使用。"]
    unknown = [role for role in roles if role not in may_hold]
    if unknown and may_hold:
        errors["roles"] = [f"没有角色“{'、'.join(unknown)}”，可选：{'、'.join(may_hold)}。"]
    elif unknown:
        errors["roles"] = ["您不能授予角色。请先建立成员，再请安全管理员授予。"]
    elif not roles and may_hold:
        errors["roles"] = ["请至少选一个角色。"]
    faults = password_faults(password, email=email, name=name)
    if faults:
        errors["password"] = faults
    if errors:
        raise Invalid(f"成员没有建立。{_REFUSED}", errors=errors)


def _taken() -> Invalid:
    return Invalid(
        "成员没有建立。这个邮箱已有人使用。请核对，或换一个邮箱。", errors={"email": ["这个邮箱已有人使用。"]}
    )


def grants_shown(actor: Actor, user: User) -> tuple[list[Grant], bool]:
    """(the roles that this person holds in units which the actor sees, whether they hold others): elsewhere is not theirs to
    read. One's own are all shown."""
    seen = [held for held in user.grants if actor.user_id == user.id or actor.may("unit.read", held.unit)]
    return seen, len(seen) < len(user.grants)


def people_of(actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[User]:
    """The people of the units this actor sees, newest first."""
    query = (
        select(User)
        .where(visible(actor, "unit.read", User.unit_id))
        .options(selectinload(User.grants).joinedload(Grant.unit))
    )
    return page_of(query, User.id, cursor, limit)


# Called in the transaction before a person is deactivated; raise Conflict to refuse: what hangs on them is handed over first.
before_leaving: list[Callable[[User, datetime], None]] = []


def deactivate_user(actor: Actor, user_id: str, *, now: datetime) -> User:
    """They can no longer sign in; sessions and tokens end at once."""
    with atomic():
        one_by_one(now)
        user = managed_person(actor, user_id, "user.manage")
        if user.id == actor.user_id:
            raise Forbidden("不能停用自己。停用后您将无法登录。请由另一位管理员操作。")
        _keep_whole(actor, user)
        keep_last(user, user.grants)
        for hook in before_leaving:
            hook(user, now)
        user.active = False
        end_all(user)
        revoke_tokens(user, now)
        _record(actor, "user.deactivate", user, now)
    return user


def _keep_whole(actor: Actor, user: User) -> None:
    """Nobody less takes an all-powerful administrator out of use, or brings one back."""
    for held in user.grants:
        if held.role == WHOLE and not holds_whole(actor, held.unit):
            raise Forbidden(f"不能停用或恢复{user.name}。此人是全权管理员。请由本单位或上级的管理员办理。")


def reactivate_user(actor: Actor, user_id: str, *, now: datetime) -> User:
    """They may sign in again; tokens stay revoked."""
    with atomic():
        user = managed_person(actor, user_id, "user.manage")
        _keep_whole(actor, user)
        if user.unit.closed_at is not None:
            raise Conflict(f"没有恢复。{user.name}的单位“{user.unit.name}”已关闭。请先重新启用它，或给此人改一个单位。")
        user.active = True
        unlock(user)
        _record(actor, "user.reactivate", user, now)
    return user


def reset_password(
    actor: Actor, *, user_id: str, password: str, now: datetime, remove_passkeys: bool = False, initial: bool = False
) -> User:
    """A new password by another administrator; ends a lockout, all sessions and tokens. Passkeys sign in as before, unless
    they are removed with it: somebody else may have registered one. `initial`: as in create_user."""
    if user_id == actor.user_id:
        # Whoever sits down at an open screen must not be able to take the account over.
        raise Forbidden("不能重置自己的密码。修改自己的密码须先输入当前密码。请到“个人设置”修改。")
    user = signable_person(actor, user_id)
    _accept_password(password, user)
    release()
    hashed = hash_password(password)
    with atomic():
        user = signable_person(actor, user_id)
        _set_password(user, hashed, initial=initial)
        unlock(user)
        revoke_tokens(user, now)
        removed = _remove_passkeys(user) if remove_passkeys else []
        _record(actor, "user.reset_password", user, now, after={"passkeys_removed": removed} if removed else None)
    return user


def change_password(
    actor: Actor, *, user_id: str, old: str, new: str, now: datetime, session_id: str = "", end_tokens: bool = False
) -> Recognised:
    """One's own password; all sessions end, and the tokens if so wished. `session_id`: the browser's, where wrong ones are
    counted."""
    user = db.session.get(User, user_id)
    if user is None or actor.user_id != user.id:
        raise NotFound
    stored = user.password_hash
    try:
        prove_by_password(actor, old, session_id=session_id, now=now)
    except Unauthenticated:
        # Counted like a wrong sign-in: an open screen is no place to guess at leisure.
        raise Invalid(
            "密码没有修改。当前密码不对。请核对后重试，忘记时请管理员重置；连续输错 5 次会退出登录。",
            errors={"old": ["当前密码不对。"]},
        ) from None
    if new == old:
        raise Invalid("密码没有修改。新密码与当前密码相同。请换一个。", errors={"new": ["与当前密码相同。"]})
    _accept_password(new, user, field="new")
    release()
    hashed = hash_password(new)
    with atomic():
        user = db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)
        if user.password_hash != stored:
            raise Invalid("密码没有修改。它刚刚已在别处改过。请重新登录后再改。")
        _set_password(user, hashed)
        if end_tokens:
            revoke_tokens(user, now)
        _record(actor, "user.change_password", user, now, after={"tokens_ended": end_tokens})
        return Recognised(user=user, how=PASSWORD, epoch=user.session_epoch)


def set_locale(actor: Actor, locale: str) -> None:
    """The language of one's own screens; not worth an event."""
    with atomic():
        db.session.execute(update(User).where(User.id == actor.user_id).values(locale=locale))


def _accept_password(password: str, user: User, *, field: str = "password") -> None:
    faults = password_faults(password, email=user.email, name=user.name)
    if faults:
        raise Invalid(f"密码没有修改。{_REFUSED}", errors={field: faults})


def _set_password(user: User, hashed: str, *, initial: bool = False) -> None:
    user.password_hash, user.password_is_initial = hashed, initial
    end_all(user)


def _remove_passkeys(user: User) -> list[str]:
    """Their names. Inside atomic()."""
    keys = list(db.session.scalars(select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id)))
    names = [key.name for key in keys]
    for key in keys:
        db.session.delete(key)
    db.session.flush()
    forget_codes_of_nothing(user.id)
    return names


def revoke_tokens(user: User, now: datetime) -> None:
    """All of this person's, at once. Inside atomic()."""
    db.session.execute(
        update(ApiToken).where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )
