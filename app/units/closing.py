"""A unit gets another name, is closed, and opened again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, NotFound
from app.units.access import Actor
from app.units.models import Unit, User
from app.units.tree import check_unit, taken_name

# Asked in the transaction before a unit is closed -> Chinese words of what is still in it, [] when nothing is.
unit_uses: list[Callable[[Unit], list[str]]] = []
_SHOWN = 5


def rename_unit(actor: Actor, unit_id: str, name: str, *, now: datetime) -> Unit:
    """Raises NotFound, Forbidden, Invalid, Conflict (a sibling bears the name, or the unit is closed)."""
    name = " ".join(name.split())
    with atomic():
        unit = _managed(actor, unit_id)
        check_unit(name, unit.level, "单位没有保存")
        if unit.closed_at is not None:
            raise Conflict("单位没有保存。它已关闭，名称随记录保留。需要修改请先重新启用。")
        twin = select(Unit.id).where(Unit.name == name, Unit.parent_id == unit.parent_id, Unit.id != unit.id)
        if db.session.scalar(twin) is not None:
            raise taken_name(name, "单位没有保存")
        before = unit.name
        if name != before:
            unit.name = name
            try:
                db.session.flush()
            except IntegrityError:
                raise taken_name(name, "单位没有保存") from None
            words = f"“{before}”改名为“{name}”"
            _record(actor, "unit.rename", unit, words, now, before={"name": before}, after={"name": name})
    return unit


def close_unit(actor: Actor, unit_id: str, *, now: datetime) -> Unit:
    """It is chosen nowhere any more, and nothing new is made in it; what was stays. Raises Conflict while it has members,
    accounts, posts under way or units below it."""
    with atomic():
        unit = _managed(actor, unit_id)
        if unit.closed_at is not None:
            raise Conflict(f"没有关闭。“{unit.name}”已经关闭。请刷新页面查看。")
        if unit.parent_id is None:
            raise Conflict(f"没有关闭。“{unit.name}”是最上级单位。最上级单位不能关闭。")
        found = [*_people(unit), *_below(unit), *(words for ask in unit_uses for words in ask(unit))]
        if found:
            raise Conflict(f"没有关闭。“{unit.name}”还有{'；'.join(found)}。请先转走、停用或办完这些，再来关闭。")
        unit.closed_at = now
        _record(actor, "unit.close", unit, unit.name, now)
    return unit


def reopen_unit(actor: Actor, unit_id: str, *, now: datetime) -> Unit:
    """Raises Conflict when it is open, or a unit above it is closed."""
    with atomic():
        unit = _managed(actor, unit_id)
        if unit.closed_at is None:
            raise Conflict(f"没有重新启用。“{unit.name}”没有关闭。请刷新页面查看。")
        if unit.parent is not None and unit.parent.closed_at is not None:
            raise Conflict(f"没有重新启用。上级单位“{unit.parent.name}”已关闭。请先重新启用上级单位。")
        unit.closed_at = None
        _record(actor, "unit.reopen", unit, unit.name, now)
    return unit


def named(number: int, measure: str, what: str, names: list[str]) -> str:
    """3 名成员（张三、李四等）: how many, and the first of them."""
    more = "等" if number > len(names) else ""
    return f" {number} {measure}{what}（{'、'.join(names)}{more}）"


def _people(unit: Unit) -> list[str]:
    query = select(User.name).where(User.unit_id == unit.id, User.active).order_by(User.name)
    names = list(db.session.scalars(query))
    return [named(len(names), "名", "成员", names[:_SHOWN])] if names else []


def _below(unit: Unit) -> list[str]:
    query = select(Unit.name).where(Unit.parent_id == unit.id, Unit.closed_at.is_(None)).order_by(Unit.name)
    names = list(db.session.scalars(query))
    return [named(len(names), "个", "下级单位", names[:_SHOWN])] if names else []


def _managed(actor: Actor, unit_id: str) -> Unit:
    unit = db.session.get(Unit, unit_id, with_for_update=True, populate_existing=True)
    if unit is None:
        raise NotFound
    return actor.require("unit.manage", unit, see="unit.read")


def _record(
    actor: Actor,
    action: str,
    unit: Unit,
    words: str,
    now: datetime,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="unit",
        object_id=unit.id,
        unit_id=unit.id,
        summary=words,
        before=before,
        after=after,
    )
