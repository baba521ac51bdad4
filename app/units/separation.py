"""三员分立 switched on: every all-powerful administrator becomes one of the three, or none; and off again, at the server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid
from app.units.access import ROLES, Actor
from app.units.granting import note
from app.units.models import Grant, SiteSettings, Unit, User
from app.units.offices import MODE, ROLE_OF, WHOLE, check_person, holds_whole, offices_of, one_by_one, separated
from app.units.roles import known_roles

# What an administrator may become; "": the role is taken back.
BECOMES = (*ROLE_OF.values(), "")


def administrators() -> list[Grant]:
    """The all-powerful ones, by unit and name; of people who are out of use, too."""
    query = select(Grant).join(Unit, Unit.id == Grant.unit_id).join(User, User.id == Grant.user_id)
    query = query.options(joinedload(Grant.user), joinedload(Grant.unit)).where(Grant.role == WHOLE)
    return list(db.session.scalars(query.order_by(Unit.path, User.name, User.id)))


def office_holders() -> dict[str, list[Grant]]:
    """role of the three -> who holds it where."""
    query = select(Grant).join(Unit, Unit.id == Grant.unit_id).join(User, User.id == Grant.user_id)
    query = query.options(joinedload(Grant.user), joinedload(Grant.unit)).order_by(Unit.path, User.name, User.id)
    found: dict[str, list[Grant]] = {role: [] for role in ROLE_OF.values()}
    for held in db.session.scalars(query.where(Grant.role.in_(found))):
        found[held.role].append(held)
    return found


def may_separate(actor: Actor) -> bool:
    """Whether this is an all-powerful administrator of every tree of units."""
    return all(holds_whole(actor, root) for root in _roots())


def _roots() -> list[Unit]:
    return list(db.session.scalars(select(Unit).where(Unit.parent_id.is_(None)).order_by(Unit.name)))


def separate(actor: Actor, becomes: Mapping[str, str], *, now: datetime) -> None:
    """From now on the three are apart. `becomes`: {id of an administrator's grant: role of BECOMES}.

    Raises Forbidden, Conflict (is so already; others became administrators meanwhile), Invalid with `errors` per grant and
    for the whole ("separation").
    """
    with atomic():
        one_by_one(now)
        if not may_separate(actor):
            raise Forbidden("没有实行三员分立。这是全系统的设置，只能由管理所有顶级单位的管理员办理。请联系管理员。")
        if separated():
            raise Conflict("没有办理。三员分立已经实行。请刷新页面。")
        old = administrators()
        if {one.id for one in old} != set(becomes):
            raise Conflict("没有实行三员分立。其间管理员名单有变化。请刷新页面，重新选择。")
        _check(old, becomes)
        for held in old:
            _turn(actor, held, becomes[held.id], now)
        _set(actor, True, now)


def _check(old: list[Grant], becomes: Mapping[str, str]) -> None:
    errors: dict[str, list[str]] = {}
    for held in old:
        if becomes[held.id] not in BECOMES:
            errors[held.id] = ["请在三员中选一项，或选收回。"]
        elif not held.user.active and becomes[held.id]:
            errors[held.id] = ["此人已停用，只能收回。"]
    if errors:
        raise Invalid("没有实行三员分立。有的选择不对。请按提示改正。", errors=errors)
    coming: dict[str, list[str]] = {}
    for held in old:
        coming.setdefault(held.user_id, []).extend([becomes[held.id]] if becomes[held.id] else [])
    for user in _people(set(coming)):
        roles = [one.role for one in user.grants if one.role != WHOLE]
        try:
            check_person(user, [*roles, *coming.get(user.id, [])], apart=True)
        except Forbidden as refusal:
            for key in [one.id for one in old if one.user_id == user.id] or ["separation"]:
                errors.setdefault(key, []).append(refusal.message)
    for root in _roots():
        words = [ROLES[role][0] for role in ROLE_OF.values() if not _somebody(root, role, old, becomes)]
        if words:
            errors.setdefault("separation", []).append(
                f"“{root.name}”还缺{'、'.join(words)}，须有在用的成员在这个单位担任。"
            )
    if errors:
        raise Invalid("没有实行三员分立。三员没有配齐，或有人兼任。请按提示改正。", errors=errors)


def _people(ids: set[str]) -> list[User]:
    """Whoever has keys of one of the three, by whatever role, or was an administrator."""
    roles = [role for role, (_name, keys) in known_roles().items() if role != WHOLE and offices_of(keys)]
    concerned = select(Grant.user_id).where(Grant.role.in_(roles))
    return list(db.session.scalars(select(User).where(User.id.in_(ids) | User.id.in_(concerned)).order_by(User.id)))


def _somebody(root: Unit, role: str, old: list[Grant], becomes: Mapping[str, str]) -> bool:
    if any(one.unit_id == root.id and becomes[one.id] == role and one.user.active for one in old):
        return True
    query = select(Grant.id).join(User, User.id == Grant.user_id)
    query = query.where(User.active, Grant.role == role, Grant.unit_id == root.id)
    return db.session.scalar(query.limit(1)) is not None


def _turn(actor: Actor, held: Grant, role: str, now: datetime) -> None:
    user, unit_id = held.user, held.unit_id
    note(actor, "user.revoke", user, now, before={"role": WHOLE, "unit_id": unit_id, "name": ROLES[WHOLE][0]})
    user.grants.remove(held)
    db.session.flush()
    if role and not any(one.role == role and one.unit_id == unit_id for one in user.grants):
        user.grants.append(Grant(role=role, unit_id=unit_id))
        note(actor, "user.grant", user, now, after={"role": role, "unit_id": unit_id, "name": ROLES[role][0]})


def unite(actor: Actor, *, now: datetime) -> None:
    """No longer apart: all-powerful administrators may be appointed again, at the server first. The three stay what they are.
    Raises Forbidden (on screen nobody may: no one of the three alone undoes it), Conflict."""
    with atomic():
        if not actor.system:
            raise Forbidden("没有结束三员分立。三员中没有谁能单独取消它。请由系统维护人员在服务器上用命令办理。")
        one_by_one(now)
        if not separated():
            raise Conflict("没有办理。三员分立没有实行。")
        _set(actor, False, now)


def _set(actor: Actor, on: bool, now: datetime) -> None:
    row = db.session.get_one(SiteSettings, MODE)
    row.value, row.updated_at = {"on": on}, now
    record(
        actor,
        "site.separation",
        now=now,
        object_type="site",
        unit_id=actor.unit_id,
        summary="实行三员分立" if on else "结束三员分立",
        before={"on": not on},
        after={"on": on},
    )
