"""The tree of units."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.audit.services import record
from app.db import Page, atomic, db, new_id, page_of
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.units.access import Actor, unit_for, visible
from app.units.models import LEVELS, Unit
from app.words import N_

# As long as the column; some fifteen levels.
_MOST_PATH = 400

LEVEL_WORDS = {
    "province": N_("省级"),
    "city": N_("市级"),
    "county": N_("县级"),
    "township": N_("乡镇级"),
    "village": N_("村级"),
}


def create_unit(actor: Actor, *, name: str, level: str, parent_id: str | None, now: datetime) -> Unit:
    """A unit under `parent_id`; without one (a new tree) only the command line may. Raises Invalid, Conflict."""
    name = " ".join(name.split())
    check_unit(name, level)
    with atomic():
        parent = unit_for(actor, "unit.manage", parent_id) if parent_id else None
        if parent is None and not actor.system:
            raise Forbidden(
                "不能新建顶级单位。顶级单位只能由系统管理员在服务器上建立。请选择上级单位，或联系系统管理员。"
            )
        if parent is not None and LEVELS.index(level) < LEVELS.index(parent.level):
            word = LEVEL_WORDS[level]
            raise Invalid(
                f"级别不合适。“{parent.name}”是{LEVEL_WORDS[parent.level]}单位，下面不能设{word}单位。请改选级别或上级。",
                errors={"level": [f"不能高于上级单位（{LEVEL_WORDS[parent.level]}）。"]},
            )
        unit_id = new_id()
        if parent is not None and len(parent.path) + len(unit_id) + 1 > _MOST_PATH:
            raise Invalid(
                "单位没有建立。层级太多，数据库记不下。请挂在更高一级的单位下面。",
                errors={"parent_id": ["这个上级已在最深一层。"]},
            )
        unit = Unit(
            id=unit_id,
            name=name,
            level=level,
            parent_id=parent.id if parent else None,
            path=f"{parent.path if parent else '/'}{unit_id}/",
            created_at=now,
        )
        siblings = select(Unit.id).where(Unit.name == name, Unit.parent_id == unit.parent_id)
        if db.session.scalar(siblings) is not None:
            raise taken_name(name)
        db.session.add(unit)
        try:
            db.session.flush()
        except IntegrityError:
            raise taken_name(name) from None
        after = {"name": name, "level": level, "parent_id": unit.parent_id or ""}
        record(
            actor,
            "unit.create",
            now=now,
            object_type="unit",
            object_id=unit.id,
            unit_id=unit.id,
            summary=name,
            after=after,
        )
    return unit


def check_unit(name: str, level: str, refused: str = "单位没有建立") -> None:
    """Raises Invalid naming the fields; `refused`: what was not done."""
    errors: dict[str, list[str]] = {}
    if not name:
        errors["name"] = ["请填写单位名称。"]
    elif len(name) > 120:
        errors["name"] = [f"单位名称有 {len(name)} 个字，最多 120 个。"]
    if level not in LEVELS:
        errors["level"] = [f"级别“{level}”不存在，可选：{'、'.join(LEVELS)}。"]
    if errors:
        raise Invalid(f"{refused}。有内容不符合要求。请按各字段的提示改正。", errors=errors)


def taken_name(name: str, refused: str = "单位没有建立") -> Conflict:
    """A sibling bears the name; `refused`: what was not done."""
    return Conflict(
        f"{refused}。同一上级下已有“{name}”。请核对是否重复，或换一个名称。",
        errors={"name": ["同一上级下已有同名单位。"]},
    )


def unit_tree(actor: Actor, *, closed: bool = False) -> list[Unit]:
    """The units this actor sees, parents before children, siblings by name; `closed`: those that were closed, too."""
    query = select(Unit).where(visible(actor, "unit.read", Unit.id))
    units = list(db.session.scalars(query if closed else query.where(Unit.closed_at.is_(None))))
    children: dict[str | None, list[Unit]] = {}
    seen = {unit.id for unit in units}
    for unit in units:
        children.setdefault(unit.parent_id if unit.parent_id in seen else None, []).append(unit)
    ordered: list[Unit] = []

    def walk(parent_id: str | None) -> None:
        for unit in sorted(children.get(parent_id, ()), key=lambda found: (LEVELS.index(found.level), found.name)):
            ordered.append(unit)
            walk(unit.id)

    walk(None)
    return ordered


def units_of(actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[Unit]:
    """One page of the units this actor sees, newest first."""
    return page_of(select(Unit).where(visible(actor, "unit.read", Unit.id)), Unit.id, cursor, limit)


def get_unit(actor: Actor, unit_id: str) -> Unit:
    """One unit; NotFound if it is not theirs to see."""
    return unit_for(actor, "unit.read", unit_id)


def find_unit(id_or_name: str) -> Unit:
    """By id, else by a name that only one unit has. Raises NotFound, Invalid."""
    found = db.session.get(Unit, id_or_name)
    if found is not None:
        return found
    named = list(db.session.scalars(select(Unit).where(Unit.name == id_or_name).limit(2)))
    if not named:
        raise NotFound(f"没有找到单位“{id_or_name}”。名称或编号可能有误。请核对后重试。")
    if len(named) > 1:
        raise Invalid(f"有多个单位名为“{id_or_name}”。无法确定是哪一个。请改用单位编号。")
    return named[0]
