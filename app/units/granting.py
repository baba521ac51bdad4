"""Giving roles and taking them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from app.audit.services import record
from app.db import atomic, db
from app.errors import Forbidden, Invalid, NotFound
from app.units.access import ROLES, Actor, unit_for
from app.units.managing import managed_person
from app.units.models import Grant, Unit, User
from app.units.offices import WHOLE, check_person, holds_whole, keep_last, one_by_one, separated
from app.units.roles import check_givable, name_for, role_name, roles_for


def grant(actor: Actor, *, user_id: str, role: str, unit_id: str, now: datetime) -> User:
    """Give a role (key, or id of one that people made) in a unit; once is enough. Raises Invalid, NotFound, Forbidden."""
    if not role:
        raise Invalid("没有授予。没有选角色。请先选一个角色。", errors={"role": ["请选一个角色。"]})
    with atomic():
        one_by_one(now)
        unit = unit_for(actor, "role.manage", unit_id)
        if role not in roles_for(unit):
            raise Invalid(
                f"没有授予。没有角色“{name_for(actor, role)}”，或它不能用在这个单位。请按各字段的提示改正。",
                errors={"role": [f"可选：{'、'.join(ROLES)}，以及本单位和上级单位的自定义角色。"]},
            )
        db.session.get(User, user_id, with_for_update=True)
        user = managed_person(actor, user_id, "role.manage")
        if any(held.role == role and held.unit_id == unit.id for held in user.grants):
            return user
        check_gift(actor, user, [role], unit)
        user.grants.append(Grant(role=role, unit_id=unit.id))
        after = {"role": role, "unit_id": unit.id, "name": role_name(role)}
        note(actor, "user.grant", user, now, words=_where(user, role, unit), after=after)
    return user


def check_gift(actor: Actor, user: User, roles: Iterable[str], unit: Unit) -> None:
    """Whether this actor may give these roles there, and this person may hold them with what they hold. Raises Forbidden."""
    given, known = list(roles), roles_for(unit)
    if user.id == actor.user_id and not holds_whole(actor, unit):
        raise Forbidden("不能给自己授予角色。授权须由他人办理。请由另一位安全管理员授予。")
    for role in given:
        if role == WHOLE and not holds_whole(actor, unit):
            check_person(user, [role], apart=separated())
            raise Forbidden("没有授予。管理员是全权角色，只能由本单位或上级的管理员授予。请联系管理员。")
        check_givable(actor, known[role][1], unit, "没有授予")
    check_person(user, [*(held.role for held in user.grants), *given], apart=separated())


def revoke(actor: Actor, *, user_id: str, grant_id: str, now: datetime) -> User:
    """Take a role back. The last administrator of an installation (三员分立: the last of each of the three) stays."""
    with atomic():
        one_by_one(now)
        user = managed_person(actor, user_id, "role.manage")
        found = next((held for held in user.grants if held.id == grant_id), None)
        if found is None:
            raise NotFound("没有找到这个角色。它可能已被收回。请刷新页面。")
        if found.role == WHOLE and not holds_whole(actor, found.unit):
            raise Forbidden("没有收回。管理员是全权角色，只能由本单位或上级的管理员收回。请联系管理员。")
        keep_last(user, [found])
        user.grants.remove(found)
        before = {"role": found.role, "unit_id": found.unit_id, "name": role_name(found.role)}
        note(actor, "user.revoke", user, now, words=_where(user, found.role, found.unit), before=before)
    return user


def _where(user: User, role: str, unit: Unit) -> str:
    """Whoever reads the record sees at once which role, and where."""
    return f"{user.name}：“{role_name(role)}”，在“{unit.name}”"


def note(
    actor: Actor,
    action: str,
    user: User,
    now: datetime,
    *,
    words: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """One event about a person; `words`: what the record's line says, else their name."""
    record(
        actor,
        action,
        now=now,
        object_type="user",
        object_id=user.id,
        unit_id=user.unit_id,
        summary=words or user.name,
        before=before,
        after=after,
    )
