"""三员: the offices of system, security and audit administration, which nobody may unite; and whether this installation keeps
them apart (三员分立). See docs/decisions/0016."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from app.db import db, in_atomic, insert_for
from app.errors import Forbidden
from app.units.access import PERMISSIONS, ROLES, Actor, keys_of
from app.units.models import Grant, SiteSettings, Unit, User
from app.words import N_

# office -> its word, and the keys that no other office may hold.
OFFICES: dict[str, tuple[str, frozenset[str]]] = {
    "system": (N_("系统管理"), frozenset({"unit.manage", "user.manage"})),
    "security": (N_("安全管理"), frozenset({"role.manage", "security.manage"})),
    "audit": (N_("安全审计"), frozenset({"event.read"})),
}
# The built-in role of each.
ROLE_OF = {"system": "system_administrator", "security": "security_administrator", "audit": "auditor"}
WHOLE = "administrator"
MODE = "separation"
READS = frozenset(key for key in PERMISSIONS if key.endswith(".read"))


def separated() -> bool:
    """Whether 三员分立 is on: nobody is the all-powerful administrator then."""
    row = db.session.get(SiteSettings, MODE)
    return bool(row and row.value.get("on"))


def one_by_one(now: datetime) -> None:
    """Whoever changes who holds what, what a role permits, or how the installation signs in waits here for whoever does so
    already, and then finds it done: two changes, each lawful by itself, may not be lawful together. First in atomic(), before
    any other row is locked and before what is checked is read."""
    if not in_atomic():
        raise RuntimeError("outside atomic()")
    made = insert_for(SiteSettings).values(key=MODE, value={"on": False}, updated_at=now)
    db.session.execute(made.on_conflict_do_nothing(index_elements=["key"]))
    db.session.get_one(SiteSettings, MODE, with_for_update=True, populate_existing=True)


def offices_of(keys: Iterable[str]) -> list[str]:
    """The offices to which some of these keys belong, in order."""
    held = set(keys)
    return [office for office, (_word, own) in OFFICES.items() if own & held]


def words_of(offices: Iterable[str]) -> str:
    return "、".join(OFFICES[office][0] for office in offices)


def check_one_office(keys: Iterable[str]) -> None:
    """One role has keys of one office at most. Raises Forbidden."""
    found = offices_of(keys)
    if len(found) > 1:
        raise Forbidden(
            f"没有保存。所选权限分属{words_of(found)}。三员权限须由不同的人担任，不能合在一个角色里。请分成几个角色。"
        )


def check_person(user: User, roles: Iterable[str], *, apart: bool) -> None:
    """A person with all these roles (keys or ids; what they hold already among them). Raises Forbidden in words.

    `apart`: as under 三员分立. Without it the all-powerful administrator, who is all three, is left out.
    """
    held = list(roles)
    if apart and WHOLE in held:
        raise Forbidden(
            f"不能让{user.name}担任管理员。本系统已实行三员分立，不设全权管理员。请改授系统管理员、安全管理员或审计管理员之一。"
        )
    check_keys(user, [keys_of(role) for role in held if role != WHOLE], apart=apart)


def check_keys(user: User, held: Iterable[frozenset[str]], *, apart: bool) -> None:
    """The same of the keys of the roles."""
    keys: set[str] = set().union(*held)
    found = offices_of(keys)
    if len(found) > 1:
        raise Forbidden(
            f"不能让{user.name}兼任。这样一来，{words_of(found)}就在一人手里；三员须由不同的人担任。"
            "请另选一位，或先收回此人原来的角色。"
        )
    if apart and found == ["audit"] and keys - READS:
        raise Forbidden(
            f"不能让{user.name}兼任。审计管理员只查看、导出和核验操作记录，不做别的事。请另选一位，或先收回此人的其他角色。"
        )


def guarded_roles() -> set[str]:
    """Of each of which somebody stays: the administrator, under 三员分立 the three."""
    return set(ROLE_OF.values()) if separated() else {WHOLE}


def keep_last(user: User, losing: Iterable[Grant]) -> None:
    """Of the administrator (三员分立: of each of the three) somebody in use stays who reaches as far. Whoever takes a role away
    is one_by_one(). Raises Forbidden."""
    lost = list(losing)
    for role in sorted({held.role for held in lost} & guarded_roles()):
        others = set(db.session.scalars(select(Grant.id).where(Grant.role == role))) - {one.id for one in lost}
        for mine in (one for one in lost if one.role == role):
            if not _somebody(others, mine):
                name = ROLES[role][0]
                raise Forbidden(
                    f"不能停用{user.name}或收回其{name}角色。能管到“{mine.unit.name}”的只剩这一位{name}。"
                    f"请先在这个单位或其上级授予另一位成员{name}角色。"
                )


def _somebody(among: set[str], instead_of: Grant) -> bool:
    """Whether one of these grants is somebody's in use, and reaches as far as the one that is lost."""
    query = select(Unit.path).join(Grant, Grant.unit_id == Unit.id).join(User, User.id == Grant.user_id)
    paths = db.session.scalars(query.where(User.active, Grant.id.in_(among))).all()
    return any(instead_of.unit.path.startswith(path) for path in paths)


def holds_whole(actor: Actor, unit: Unit) -> bool:
    """Whether this is the command line, or an all-powerful administrator of the unit."""
    return actor.system or holds_role(actor, (WHOLE,), unit)


def holds_role(actor: Actor, roles: Iterable[str], unit: Unit) -> bool:
    wanted = set(roles)
    return any(held.role in wanted and unit.path.startswith(held.path) for held in actor.held)


def auditors() -> set[str]:
    """Ids of the people who hold a key of audit (and are not all-powerful): whose acts the security administrator sees."""
    rows = db.session.execute(select(Grant.user_id, Grant.role)).all()
    by_role = {role: "event.read" in keys_of(role) for role in {role for _user, role in rows} - {WHOLE}}
    return {user_id for user_id, role in rows if by_role.get(role)}
