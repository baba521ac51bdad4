"""Who reviews in which order: a unit's chain of one to five stages, inherited from the nearest unit above that has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit.services import record
from app.db import atomic, db
from app.errors import Invalid
from app.review.models import ReviewChain
from app.units.access import ROLES, Actor, unit_for
from app.units.models import Unit

DEFAULT: tuple[dict[str, Any], ...] = (
    {"name": "初审", "role": "reviewer", "rule": "any"},
    {"name": "复审", "role": "reviewer", "rule": "any"},
    {"name": "终审", "role": "reviewer", "rule": "any"},
)
_MAX_STAGES = 5
# Roles that may decide at all.
DECIDING = tuple(key for key, (_name, keys) in ROLES.items() if "review.decide" in keys)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """`unit_id` is the unit whose chain it is: another one when inherited, "" for the default."""

    unit_id: str
    stages: list[dict[str, Any]]


def chain_of(unit_id: str) -> Chain:
    """The chain that holds for posts of this unit."""
    unit = db.session.get(Unit, unit_id)
    while unit is not None:
        own = db.session.get(ReviewChain, unit.id)
        if own is not None and own.stages:
            return Chain(unit_id=unit.id, stages=[dict(stage) for stage in own.stages])
        unit = unit.parent
    return Chain(unit_id="", stages=[dict(stage) for stage in DEFAULT])


def set_chain(actor: Actor, unit_id: str, stages: Sequence[Mapping[str, Any]], now: datetime) -> Chain:
    """Replace the unit's own chain; no stages at all: inherit again. Runs under way keep the chain they began with."""
    unit_for(actor, "review.configure", unit_id)
    wanted = _checked(stages)
    before = chain_of(unit_id)
    with atomic():
        own = db.session.get(ReviewChain, unit_id)
        if not wanted:
            if own is not None:
                db.session.delete(own)
        elif own is None:
            db.session.add(ReviewChain(unit_id=unit_id, stages=wanted, updated_at=now))
        else:
            own.stages, own.updated_at = wanted, now
        record(
            actor,
            "review.configure",
            now=now,
            object_type="unit",
            object_id=unit_id,
            unit_id=unit_id,
            summary="设置审核流程：" + ("、".join(stage["name"] for stage in wanted) or "沿用上级"),
            before={"stages": before.stages},
            after={"stages": wanted},
        )
    return chain_of(unit_id)


def _checked(stages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    errors: dict[str, list[str]] = {}
    if len(stages) > _MAX_STAGES:
        errors["stages"] = [f"审核环节最多 {_MAX_STAGES} 个。请删减。"]
    names = [str(stage.get("name") or "").strip() for stage in stages]
    for number, (stage, name) in enumerate(zip(stages, names, strict=True)):
        if not 1 <= len(name) <= 20:
            errors.setdefault(f"stages.{number}.name", []).append("请填写环节名称，不超过 20 字。")
        elif names.count(name) > 1:
            errors.setdefault(f"stages.{number}.name", []).append("环节名称不能重复。请改名。")
        if stage.get("role") not in DECIDING:
            errors.setdefault(f"stages.{number}.role", []).append("该角色没有审核权限。请选择审核人。")
        if stage.get("rule") not in ("any", "all"):
            errors.setdefault(f"stages.{number}.rule", []).append("请选择“一人通过即可”或“所有人通过”。")
    if errors:
        raise Invalid("审核流程没有保存。有环节填写不对。请按提示改正。", errors=errors)
    return [
        {"name": name, "role": stage["role"], "rule": stage["rule"]} for stage, name in zip(stages, names, strict=True)
    ]
