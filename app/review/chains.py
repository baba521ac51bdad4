"""Who reviews in which order: a unit's chain of one to five stages, inherited from the nearest unit above that has one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.audit.services import record
from app.db import atomic, db
from app.errors import Invalid
from app.review.models import Review, ReviewChain
from app.units.access import Actor, unit_for
from app.units.models import Grant, Role, Unit, User
from app.units.roles import roles_for, roles_with

DEFAULT: tuple[dict[str, Any], ...] = (
    {"name": "初审", "role": "reviewer", "rule": "any"},
    {"name": "复审", "role": "reviewer", "rule": "any"},
    {"name": "终审", "role": "reviewer", "rule": "any"},
)
MOST_STAGES = 5
MOST_HOURS = 720
# Hours for the other stages after an emergency: usual, and most.
AFTER_HOURS, MOST_AFTER = 24, 168
_DECIDE = "review.decide"


@dataclass(frozen=True, kw_only=True)
class Chain:
    """`unit_id` is the unit whose chain it is: another one when inherited, "" for the default. After an emergency the other stages follow within
    `after_hours`."""

    unit_id: str
    stages: list[dict[str, Any]]
    after_hours: int


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Whom a unit's chain concerns: units below that use it, units below with chains of their own, runs under way that
    keep what they began with, and how many people may review here."""

    heirs: list[Unit]
    others: list[Unit]
    under_way: int
    people: int


def chain_of(unit_id: str) -> Chain:
    """The chain that holds for posts of this unit."""
    unit = db.session.get(Unit, unit_id)
    while unit is not None:
        own = db.session.get(ReviewChain, unit.id)
        if own is not None and own.stages:
            return Chain(unit_id=unit.id, stages=_whole(own.stages), after_hours=own.after_hours or AFTER_HOURS)
        unit = unit.parent
    return Chain(unit_id="", stages=_whole(DEFAULT), after_hours=AFTER_HOURS)


def reach_of(unit: Unit) -> Reach:
    below = list(
        db.session.scalars(
            select(Unit).where(Unit.path.startswith(unit.path, autoescape=True), Unit.id != unit.id).order_by(Unit.path)
        )
    )
    own = set(db.session.scalars(select(ReviewChain.unit_id).where(ReviewChain.unit_id.in_([one.id for one in below]))))
    barred = [one.path for one in below if one.id in own]
    heirs = [one for one in below if not any(one.path.startswith(path) for path in barred)]
    running = select(func.count(Review.id)).where(
        Review.status == "open", Review.unit_id.in_([unit.id, *(one.id for one in heirs)])
    )
    return Reach(
        heirs=heirs,
        others=[one for one in below if one.id in own],
        under_way=db.session.scalar(running) or 0,
        people=len(_reviewers(unit)),
    )


def _reviewers(unit: Unit) -> set[str]:
    above = [part for part in unit.path.split("/") if part]
    query = (
        select(Grant.user_id)
        .join(User)
        .where(Grant.role.in_(roles_with(_DECIDE)), Grant.unit_id.in_(above), User.active)
    )
    return set(db.session.scalars(query))


def deciding_in(unit: Unit) -> dict[str, str]:
    """key or id -> name of the roles by which somebody may decide in this unit."""
    return {role: name for role, (name, keys) in roles_for(unit).items() if _DECIDE in keys}


def uses_of(role: Role, keys: frozenset[str]) -> list[str]:
    """Hook of units: the stages that wait, or will wait, for a role which shall not decide any more."""
    if _DECIDE in keys:
        return []
    chains = [one for one in db.session.scalars(select(ReviewChain)) if _asks(one.stages, role)]
    units = [unit.name for one in chains if (unit := db.session.get(Unit, one.unit_id)) is not None]
    running = [
        one for one in db.session.scalars(select(Review).where(Review.status == "open")) if _asks(one.stages, role)
    ]
    found = [f"“{name}”的审核流程由它审" for name in units[:3]]
    return [*found, f"{len(running)} 篇在审稿件有环节由它审"] if running else found


def _asks(stages: Sequence[Mapping[str, Any]], role: Role) -> bool:
    return any(stage["role"] == role.id for stage in stages)


def set_chain(
    actor: Actor,
    unit_id: str,
    stages: Sequence[Mapping[str, Any]],
    now: datetime,
    *,
    after_hours: int | str | None = None,
) -> Chain:
    """Replace the unit's own chain; no stages at all: inherit again. Runs under way keep the chain they began with."""
    unit = unit_for(actor, "review.configure", unit_id)
    wanted, after = _checked(stages, deciding_in(unit)), _after(after_hours)
    with atomic():
        before = chain_of(unit_id)
        own = db.session.get(ReviewChain, unit_id)
        if not wanted:
            if own is not None:
                db.session.delete(own)
        elif own is None:
            db.session.add(ReviewChain(unit_id=unit_id, stages=wanted, after_hours=after, updated_at=now))
        else:
            own.stages, own.after_hours, own.updated_at = wanted, after, now
        record(
            actor,
            "review.configure",
            now=now,
            object_type="unit",
            object_id=unit_id,
            unit_id=unit_id,
            summary="设置审核流程：" + ("、".join(stage["name"] for stage in wanted) or "沿用上级"),
            before={"stages": before.stages, "after_hours": before.after_hours},
            after={"stages": wanted, "after_hours": after},
        )
    return chain_of(unit_id)


def asks_secrecy(stages: Sequence[Mapping[str, Any]], number: int) -> bool:
    """Whether the secrecy check belongs to this stage; to the last one where the chain does not say."""
    if any(stage.get("secrecy") for stage in stages):
        return bool(stages[number].get("secrecy"))
    return number == len(stages) - 1


def demands_secrecy(stages: Sequence[Mapping[str, Any]], number: int) -> bool:
    """Whether the stage is passed only by saying that the check was done. At the last stage that is for the unit to ask; a
    program that knows of no such check (there it was never promised to other systems) passes else, on record as not ticked."""
    if not asks_secrecy(stages, number):
        return False
    return number + 1 < len(stages) or bool(stages[number].get("demanded"))


def _whole(stages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """With all that a stage says, also those that were kept before it could. The last one always checks for secrets."""
    return [
        {
            "name": stage["name"],
            "role": stage["role"],
            "rule": stage["rule"],
            "hours": stage.get("hours"),
            "working": bool(stage.get("working", True)),
            "secrecy": bool(stage.get("secrecy")) or number == len(stages) - 1,
            # Asked for by the unit itself: then nobody passes without saying so, not even a program.
            "demanded": bool(stage.get("demanded")),
        }
        for number, stage in enumerate(stages)
    ]


def _checked(stages: Sequence[Mapping[str, Any]], deciding: Collection[str]) -> list[dict[str, Any]]:
    errors: dict[str, list[str]] = {}
    if len(stages) > MOST_STAGES:
        errors["stages"] = [f"审核环节最多 {MOST_STAGES} 个。请删减。"]
    names = [str(stage.get("name") or "").strip() for stage in stages]
    hours = [_hours(stage.get("hours")) for stage in stages]
    for number, (stage, name) in enumerate(zip(stages, names, strict=True)):
        if not 1 <= len(name) <= 20:
            errors.setdefault(f"stages.{number}.name", []).append("请填写环节名称，不超过 20 字。")
        elif names.count(name) > 1:
            errors.setdefault(f"stages.{number}.name", []).append("环节名称不能重复。请改名。")
        if stage.get("role") not in deciding:
            errors.setdefault(f"stages.{number}.role", []).append("该角色没有审核权限。请选择审核人。")
        if stage.get("rule") not in ("any", "all"):
            errors.setdefault(f"stages.{number}.rule", []).append("请选择“一人通过即可”或“所有人通过”。")
        if hours[number] == 0:
            errors.setdefault(f"stages.{number}.hours", []).append(
                f"时限应为 1 到 {MOST_HOURS} 的整数小时，不限时请留空。"
            )
    if errors:
        raise Invalid("审核流程没有保存。有环节填写不对。请按提示改正。", errors=errors)
    return _whole(
        [
            {**stage, "name": name, "hours": given, "demanded": stage.get("secrecy")}
            for stage, name, given in zip(stages, names, hours, strict=True)
        ]
    )


def _after(given: int | str | None) -> int | None:
    """Raises Invalid."""
    hours = _hours(given)
    if hours is not None and not 1 <= hours <= MOST_AFTER:
        words = f"应为 1 到 {MOST_AFTER} 的整数小时，留空为 {AFTER_HOURS} 小时。"
        raise Invalid(f"审核流程没有保存。紧急稿件的补审时限{words}请改正。", errors={"after_hours": [words]})
    return hours


def _hours(given: Any) -> int | None:
    """None: no limit; 0: not a number of hours that can be."""
    if given is None or given == "":
        return None
    text = str(given).strip()
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    return number if 1 <= number <= MOST_HOURS else 0
