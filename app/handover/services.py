"""离任交接: all that hangs on a person, who takes what, exactly what will happen, and doing just that in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import inspect, select
from sqlalchemy.orm import selectinload

from app.audit.services import record
from app.db import Model, atomic, db, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.handover import keeping, writing
from app.handover.kinds import BLOCK, GIVE, Gift, Item, Kind
from app.handover.models import Handover
from app.notices.services import tell
from app.units.access import Actor, visible
from app.units.managing import managed_person
from app.units.models import Grant, User
from app.units.offices import keep_last, one_by_one
from app.units.people import deactivate_user
from app.words import N_

KINDS: tuple[Kind, ...] = (*writing.KINDS, *keeping.KINDS)
MOST_REASON = 200


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing of a person's: what it is, what will happen, and why that cannot be ("" when it can)."""

    item: Item
    words: str
    path: str
    outcome: str
    refusal: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """All of one kind; `receiver` was chosen for them (None: nobody)."""

    kind: Kind
    receiver: User | None
    lines: list[Line]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`barred`: why the person cannot be deactivated at all. `digest`: of everything that the plan says."""

    user: User
    groups: list[Group]
    barred: str

    @property
    def refusals(self) -> int:
        return sum(bool(line.refusal) for group in self.groups for line in group.lines) + bool(self.barred)

    @property
    def hangs(self) -> int:
        return sum(len(group.lines) for group in self.groups if group.kind.hangs)

    @property
    def digest(self) -> str:
        said = [
            [group.kind.key, line.item.id, line.outcome, group.receiver.id if group.receiver else "", line.refusal]
            for group in self.groups
            for line in group.lines
        ]
        return sha256(json.dumps([self.user.id, self.barred, said], ensure_ascii=False).encode()).hexdigest()


def leaver(actor: Actor, user_id: str) -> User:
    """The person, for who may deactivate them. Raises NotFound, Forbidden."""
    user = managed_person(actor, user_id, "user.manage")
    if user.id == actor.user_id:
        raise Forbidden("不能为自己办理离任交接。交接后此人停用。请由另一位管理员办理。")
    return user


def receivers_for(actor: Actor, user: User) -> list[User]:
    """Active people whom this actor sees, by name."""
    query = select(User).where(visible(actor, "unit.read", User.unit_id), User.active, User.id != user.id)
    query = query.options(selectinload(User.unit), selectinload(User.grants).joinedload(Grant.unit))
    return list(db.session.scalars(query.order_by(User.name, User.id).limit(500)))


def plan(actor: Actor, user: User, chosen: Mapping[str, str], now: datetime) -> Plan:
    """What hangs on the person and what would become of it. `chosen`: {key of a kind: id of who receives}.

    Raises Invalid when somebody chosen is nobody whom the actor may choose."""
    groups = []
    for kind in KINDS:
        items = kind.find(user, now)
        receiver = _chosen(actor, user, chosen.get(kind.key, "")) if kind.asks else None
        if items:
            gift = Gift(actor=actor, leaver=user, receiver=receiver, now=now)
            groups.append(Group(kind=kind, receiver=receiver, lines=[_line(kind, item, gift) for item in items]))
    return Plan(user=user, groups=groups, barred=_barred(user))


def _chosen(actor: Actor, user: User, receiver_id: str) -> User | None:
    if not receiver_id:
        return None
    receiver = db.session.get(User, receiver_id)
    if receiver is None or not receiver.active or receiver.id == user.id or not actor.may("unit.read", receiver.unit):
        raise Invalid("没有预览。所选接收人不存在、已停用，或不归您管理。请重新选择。")
    return receiver


def _line(kind: Kind, item: Item, gift: Gift) -> Line:
    refusal = ""
    if gift.receiver is not None:
        outcome = kind.taken.format(name=gift.receiver.name)
        why = kind.why_not(item, gift) if kind.why_not is not None else ""
        refusal = f"{gift.receiver.name}{why}" if why else ""
    else:
        outcome = kind.alone
        if kind.act == GIVE:
            refusal = N_("须选择接收人")
        elif kind.act == BLOCK:
            refusal = kind.alone
    words, path = item.shown_to(gift.actor), item.path_for(gift.actor)
    return Line(item=item, words=words, path=path, outcome=outcome, refusal=refusal)


def _barred(user: User) -> str:
    try:
        keep_last(user, user.grants)
    except Forbidden as refusal:
        return refusal.message
    return ""


def hand_over(
    actor: Actor, user_id: str, chosen: Mapping[str, str], *, digest: str, reason: str, now: datetime
) -> Handover:
    """Do what the plan of this `digest` says, and deactivate the person: tokens and sessions end. All or nothing.

    Raises Conflict when something is not as it was when it was shown, or cannot be handed over; Invalid, NotFound, Forbidden.
    """
    reason = reason.strip()
    if len(reason) > MOST_REASON:
        raise Invalid("没有办理。事由太长。请缩短到 200 字以内。", errors={"reason": ["最多 200 字。"]})
    with atomic():
        one_by_one(now)
        _lock_items(leaver(actor, user_id), now)
        # Whoever gives this person something else at this moment comes before or after.
        user = db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)
        db.session.expire_all()
        found = plan(actor, user, chosen, now)
        if found.digest != digest:
            raise Conflict("没有办理。其间有了变化，与您看到的不一样。请核对下面的最新内容，再确认一次。")
        if found.refusals:
            raise Conflict(f"没有办理。有 {found.refusals} 项不能移交。请按各项的原因改选接收人，或先处理。")
        for group in found.groups:
            if group.kind.do is None:
                continue
            gift = Gift(actor=actor, leaver=user, receiver=group.receiver, now=now)
            for line in group.lines:
                group.kind.do(line.item, gift)
        db.session.flush()
        row = _keep(actor, found, reason, now)
        if user.active:
            deactivate_user(actor, user.id, now=now)
        _tell(found, now)
    return row


def _lock_items(user: User, now: datetime) -> None:
    """The things first and then the person, as whoever decides or answers does: the other way round the two would wait for
    each other. What comes between shows in the plan, which then is not the one that was confirmed."""
    ids: dict[type[Model], set[str]] = {}
    for kind in KINDS:
        if kind.row_of is not None:
            for table, row_id in map(kind.row_of, kind.find(user, now)):
                ids.setdefault(table, set()).add(row_id)
    for table in sorted(ids, key=lambda one: one.__name__):
        key = inspect(table).primary_key[0]
        db.session.execute(select(key).where(key.in_(ids[table])).order_by(key).with_for_update(key_share=True))


def _keep(actor: Actor, found: Plan, reason: str, now: datetime) -> Handover:
    groups = [
        {
            "title": group.kind.title,
            "lines": [
                {"words": line.words, "detail": line.item.detail, "outcome": line.outcome} for line in group.lines
            ],
        }
        for group in found.groups
    ]
    row = Handover(
        user_id=found.user.id,
        unit_id=found.user.unit_id,
        made_by=actor.user_id,
        made_by_name=actor.name,
        reason=reason,
        groups=groups,
        at=now,
    )
    db.session.add(row)
    db.session.flush()
    given = {group.kind.key: group.receiver.id for group in found.groups if group.receiver is not None}
    record(
        actor,
        "handover.finish",
        now=now,
        object_type="user",
        object_id=found.user.id,
        unit_id=found.user.unit_id,
        summary=found.user.name,
        after={
            "handover": row.id,
            "receivers": given,
            "items": {group.kind.key: [line.item.id for line in group.lines] for group in found.groups},
        },
    )
    return row


def _tell(found: Plan, now: datetime) -> None:
    by_receiver: dict[str, tuple[User, int]] = {}
    for group in found.groups:
        if group.receiver is not None:
            number = by_receiver.get(group.receiver.id, (group.receiver, 0))[1]
            by_receiver[group.receiver.id] = (group.receiver, number + len(group.lines))
    for receiver, number in by_receiver.values():
        tell(
            key=f"handover:{found.user.id}:{receiver.id}:{new_id()}",
            kind="handover",
            level="info",
            unit_id=receiver.unit_id,
            user_id=receiver.id,
            title=f"{found.user.name}离任，{number} 项工作移交给您",
            body="稿件、账号和会话已转到您名下，请在工作台查看。有疑问请联系办理交接的管理员。",
            path="/",
            now=now,
        )


def hanging(user: User, now: datetime) -> int:
    """How many things keep this person from being simply deactivated."""
    return sum(len(kind.find(user, now)) for kind in KINDS if kind.hangs)


def refuse_while_something_hangs(user: User, now: datetime) -> None:
    """Hook of units, before a person is deactivated. Raises Conflict."""
    number = hanging(user, now)
    if number:
        raise Conflict(
            f"没有停用。{user.name}名下还有 {number} 项工作。请先办理离任交接，选好接收人再停用。",
            url=f"/settings/people/{user.id}/handover",
        )


def handovers_of(user: User) -> list[Handover]:
    """The latest first."""
    return list(db.session.scalars(select(Handover).where(Handover.user_id == user.id).order_by(Handover.id.desc())))


def get_handover(actor: Actor, user_id: str, handover_id: str) -> Handover:
    """For who may deactivate the person, as it was kept. Raises NotFound, Forbidden."""
    user = managed_person(actor, user_id, "user.manage")
    row = db.session.get(Handover, handover_id)
    if row is None or row.user_id != user.id:
        raise NotFound
    return row
