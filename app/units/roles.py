"""Roles that people made (自定义角色) beside the built-in ones: found, created, changed, copied, retired."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.units.access import PERMISSIONS, ROLES, Actor, keys_of, unit_for, visible
from app.units.models import Grant, Role, Unit, User
from app.units.offices import WHOLE, check_keys, check_one_office, holds_role, holds_whole, one_by_one, separated

MOST_NAME, MOST_ABOUT = 40, 200
# Whose office it is to give what they do not hold themselves.
_GIVERS = (WHOLE, "security_administrator")
# What a key is no use without: the pages on which it is used.
_SEEN = ("unit.read", "account.read", "media.read", "post.read")
NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("unit.manage", "user.manage", "role.manage", "security.manage", "event.read", "review.configure"),
        ("unit.read",),
    ),
    **dict.fromkeys(("account.read", "media.read", "finding.read"), ("unit.read",)),
    "post.read": ("unit.read", "account.read", "media.read"),
    "account.manage": ("unit.read", "account.read"),
    "media.write": ("unit.read", "media.read"),
    **dict.fromkeys(
        (
            "post.write",
            "post.schedule",
            "pack.manage",
            "template.manage",
            "review.decide",
            "reply.approve",
            "publication.manage",
            "stop.manage",
        ),
        _SEEN,
    ),
    "inbox.read": ("unit.read", "account.read", "media.read", "post.read"),
    **dict.fromkeys(("inbox.reply", "inbox.assign"), (*_SEEN, "inbox.read")),
}

# Asked in the transaction: (role, the keys it is to have, none when it is retired) -> Chinese words of what would lose its
# footing, [] when nothing would.
role_uses: list[Callable[[Role, frozenset[str]], list[str]]] = []


def known_roles() -> dict[str, tuple[str, frozenset[str]]]:
    """key or id -> (name, keys) of all roles, the built-in ones first; retired ones without keys."""
    made = {role.id: (role.name, keys_of(role.id)) for role in db.session.scalars(select(Role).order_by(Role.name))}
    return {**ROLES, **made}


def role_name(role: str) -> str:
    if role in ROLES:
        return ROLES[role][0]
    made = db.session.get(Role, role)
    return made.name if made is not None else role


def name_for(actor: Actor, role: str) -> str:
    """As role_name, but of a role that this person does not see its id alone, as of one that does not exist."""
    return role_name(role) if role in ROLES or any(one.id == role for one in roles_of(actor, retired=True)) else role


def roles_with(key: str) -> list[str]:
    """Keys and ids of the roles that permit `key`."""
    return [role for role, (_name, keys) in known_roles().items() if key in keys]


def roles_for(unit: Unit) -> dict[str, tuple[str, frozenset[str]]]:
    """key or id -> (name, keys) of what may be held in this unit: built-in ones, and those of the unit and above it."""
    above = [part for part in unit.path.split("/") if part]
    made = select(Role).where(Role.unit_id.in_(above), Role.retired_at.is_(None)).order_by(Role.name)
    return {**ROLES, **{role.id: (role.name, keys_of(role.id)) for role in db.session.scalars(made)}}


def not_givable(actor: Actor, keys: Iterable[str], unit: Unit) -> list[str]:
    """Of these keys those that this person may not give in the unit: nobody gives what they do not hold, but for those whose
    office it is."""
    if actor.system or holds_role(actor, _GIVERS, unit):
        return []
    return [key for key in keys if not actor.may(key, unit)]


def check_givable(actor: Actor, keys: Iterable[str], unit: Unit, refused: str) -> None:
    missing = not_givable(actor, keys, unit)
    if missing:
        words = "、".join(PERMISSIONS[key] for key in PERMISSIONS if key in missing)
        raise Forbidden(
            f"{refused}。其中的“{words}”您在“{unit.name}”自己也没有，不能给别人。请去掉它，或请安全管理员办理。"
        )


def whole_of(keys: Iterable[str]) -> frozenset[str]:
    """With what each of them is no use without."""
    found = set(keys)
    return frozenset(found.union(*(NEEDS.get(key, ()) for key in found)))


def roles_of(actor: Actor, *, retired: bool = False) -> list[Role]:
    """The roles that people made in units which the actor sees, and in those above that are valid there; by unit and name."""
    paths = actor.paths("unit.read")
    above = {part for path in paths for part in path.split("/") if part}
    query = select(Role).join(Unit, Unit.id == Role.unit_id).options(joinedload(Role.unit))
    query = query.where(visible(actor, "unit.read", Role.unit_id) | Role.unit_id.in_(above))
    query = query if retired else query.where(Role.retired_at.is_(None))
    return list(db.session.scalars(query.order_by(Unit.path, Role.retired_at.is_not(None), Role.name)))


def get_role(actor: Actor, role_id: str) -> Role:
    """Raises NotFound."""
    found = next((role for role in roles_of(actor, retired=True) if role.id == role_id), None)
    if found is None:
        raise NotFound
    return found


def holders_of(role: str) -> list[Grant]:
    """Who holds it where, by unit and name."""
    query = select(Grant).join(Unit, Unit.id == Grant.unit_id).join(User, User.id == Grant.user_id)
    query = query.options(joinedload(Grant.user), joinedload(Grant.unit))
    return list(db.session.scalars(query.where(Grant.role == role).order_by(Unit.path, User.name, User.id)))


def count_holders() -> dict[str, int]:
    """role -> how many grants of it there are."""
    rows = db.session.execute(select(Grant.role, func.count().label("number")).group_by(Grant.role))
    return {row.role: row.number for row in rows}


def create_role(
    actor: Actor,
    *,
    unit_id: str,
    name: str,
    about: str,
    permissions: Sequence[str],
    now: datetime,
    copied_from: str = "",
) -> Role:
    """A role of the unit, to be given there and below; `copied_from`: key or id of a role this actor sees, "" for none. Raises
    Invalid naming the fields, Forbidden, Conflict (the name)."""
    if copied_from and copied_from not in ROLES and all(copied_from != one.id for one in roles_of(actor, retired=True)):
        raise Invalid("角色没有建立。找不到要复制的角色。它不存在，或不在您能看到的单位。请核对各项权限后重新提交。")
    with atomic():
        one_by_one(now)
        unit = unit_for(actor, "role.manage", unit_id)
        name, about, keys = _checked(actor, unit, name, about, permissions)
        _check_name(unit, name)
        role = Role(
            unit_id=unit.id,
            name=name,
            about=about,
            permissions=sorted(keys),
            created_by=actor.user_id,
            created_at=now,
            updated_at=now,
        )
        db.session.add(role)
        db.session.flush()
        source = {"copied_from": copied_from} if copied_from else {}
        _record(actor, "role.create", role, now, after={**_state(role), **source})
    return role


def edit_role(
    actor: Actor,
    role_id: str,
    *,
    name: str,
    about: str,
    permissions: Sequence[str],
    version: int,
    now: datetime,
) -> Role:
    """What it is called and permits, for all who hold it, at once. Raises as create_role, and Conflict when `version` is not
    the newest or when something rests on what it would lose."""
    with atomic():
        one_by_one(now)
        role = _to_change(actor, role_id)
        if role.version != version:
            raise Conflict("角色没有保存。其间已有人改过这个角色。请刷新看最新内容，再作修改。")
        name, about, keys = _checked(actor, role.unit, name, about, permissions)
        if name != role.name:
            _check_name(role.unit, name)
        before = _state(role)
        added = keys - frozenset(role.permissions)
        if added:
            _check_holders(actor, role, keys)
        _check_uses(role, keys, "没有保存")
        role.name, role.about, role.permissions = name, about, sorted(keys)
        after = _state(role)
        if after != before:
            role.version, role.updated_at = role.version + 1, now
            _record(actor, "role.edit", role, now, before=before, after=after)
    return role


def retire_role(actor: Actor, role_id: str, *, now: datetime) -> Role:
    """It is given to nobody any more; its row stays. Raises Conflict naming who still holds it or what rests on it."""
    with atomic():
        one_by_one(now)
        role = _to_change(actor, role_id)
        held = holders_of(role.id)
        if held:
            names = "、".join(dict.fromkeys(one.user.name for one in held[:5]))
            more = f"等 {len(held)} 处" if len(held) > 5 else ""
            raise Conflict(f"没有停用。还有人担任“{role.name}”：{names}{more}。请先逐一收回，或改授其他角色。")
        _check_uses(role, frozenset(), "没有停用")
        role.retired_at, role.version, role.updated_at = now, role.version + 1, now
        _record(actor, "role.retire", role, now, before=_state(role))
    return role


def _to_change(actor: Actor, role_id: str) -> Role:
    role = db.session.get(Role, role_id, with_for_update=True, populate_existing=True)
    if role is None:
        raise NotFound
    actor.require("role.manage", role.unit, see="unit.read")
    if role.retired_at is not None:
        raise Conflict(f"没有办理。角色“{role.name}”已停用，只能查看或复制。请刷新页面。")
    if not holds_whole(actor, role.unit) and any(held.role == role.id for held in actor.held):
        raise Forbidden(f"没有办理。您自己担任“{role.name}”，不能修改自己的权限。请由另一位安全管理员办理。")
    return role


def _checked(
    actor: Actor, unit: Unit, name: str, about: str, permissions: Sequence[str]
) -> tuple[str, str, frozenset[str]]:
    name, about = " ".join(name.split()), about.strip()
    errors: dict[str, list[str]] = {}
    if not 1 <= len(name) <= MOST_NAME:
        errors["name"] = [f"请填写角色名称，不超过 {MOST_NAME} 字。"]
    elif name in {words for words, _keys in ROLES.values()}:
        errors["name"] = ["这是内置角色的名称。请换一个。"]
    if len(about) > MOST_ABOUT:
        errors["about"] = [f"说明最多 {MOST_ABOUT} 字。"]
    unknown = [key for key in permissions if key not in PERMISSIONS]
    if unknown or not permissions:
        errors["permissions"] = [f"没有权限“{'、'.join(unknown)}”。" if unknown else "请至少选一项权限。"]
    if errors:
        raise Invalid("角色没有保存。有内容不符合要求。请按各字段的提示改正。", errors=errors)
    keys = whole_of(permissions)
    check_one_office(keys)
    check_givable(actor, keys, unit, "角色没有保存")
    return name, about, keys


def _check_name(unit: Unit, name: str) -> None:
    taken = select(Role.id).where(Role.unit_id == unit.id, Role.name == name, Role.retired_at.is_(None))
    if db.session.scalar(taken.limit(1)) is not None:
        raise Conflict(
            f"角色没有保存。“{unit.name}”已有“{name}”。请换一个名称，或修改原来的角色。",
            errors={"name": ["本单位已有同名角色。"]},
        )


def _check_holders(actor: Actor, role: Role, keys: frozenset[str]) -> None:
    """Whoever holds it gets the new keys: nobody comes to unite two offices thereby."""
    apart = separated()
    for held in holders_of(role.id):
        others = [keys_of(one.role) for one in held.user.grants if one.role not in (role.id, WHOLE)]
        check_keys(held.user, [*others, keys], apart=apart)
        # They hold it in their own unit, where the one who changes it may hold less.
        check_givable(actor, keys, held.unit, "角色没有保存")


def _check_uses(role: Role, keys: frozenset[str], refused: str) -> None:
    found = [words for ask in role_uses for words in ask(role, keys)]
    if found:
        raise Conflict(f"{refused}。“{role.name}”还在用：{'；'.join(found)}。请先改用其他角色。")


def _state(role: Role) -> dict[str, object]:
    return {"name": role.name, "about": role.about, "permissions": list(role.permissions)}


def _record(
    actor: Actor,
    action: str,
    role: Role,
    now: datetime,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="role",
        object_id=role.id,
        unit_id=role.unit_id,
        summary=role.name,
        before=before,
        after=after,
    )
