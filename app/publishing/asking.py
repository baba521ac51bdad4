"""What a page says beside the buttons: who may do what this person may not, and which stops stand in the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func, select

from app.accounts.models import Account
from app.db import db
from app.publishing import scopes, stops
from app.publishing.models import Publication, Stop
from app.publishing.resolving import MANAGE, PLAN
from app.units.access import Actor
from app.units.models import Grant, Unit, User
from app.units.roles import known_roles, roles_with
from app.words import N_

# By status: orders with the right that each needs. 放行 and 取消 take either right.
_ORDERS: dict[str, tuple[tuple[str, str], ...]] = {
    "failed": ((N_("重试"), MANAGE), (N_("改期"), PLAN)),
    "unknown": ((N_("认定结果"), MANAGE),),
    "held": ((N_("改期"), PLAN),),
    "missed": ((N_("改期"), PLAN),),
    "published": ((N_("撤回"), MANAGE),),
}
# A line names so many, the nearest unit's first.
_MOST = 3


@dataclass(frozen=True, kw_only=True)
class Ask:
    """`order` (重试) is for `role` (发布人): these people, the nearest first; `more` when there are others."""

    order: str
    role: str
    people: tuple[str, ...]
    more: bool


@dataclass(frozen=True, kw_only=True)
class Barred:
    """A stop that now stands over some of the accounts: what it covers, who threw it."""

    stop: Stop
    name: str
    by: str
    accounts: tuple[Account, ...]


def whom_to_ask(actor: Actor, row: Publication) -> list[Ask]:
    """The orders that this publication waits for and this person may not give."""
    missing = [(order, key) for order, key in _ORDERS.get(row.status, ()) if not actor.may(key, row.post.unit)]
    return [_ask(order, key, row.post.unit) for order, key in missing]


def _ask(order: str, key: str, unit: Unit) -> Ask:
    roles = roles_with(key)
    above = [part for part in unit.path.split("/") if part]
    found = db.session.execute(
        select(User.name, func.max(func.length(Unit.path)).label("near"))
        .join(Grant, Grant.user_id == User.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(Grant.role.in_(roles), Grant.unit_id.in_(above), User.active)
        .group_by(User.id, User.name)
        .order_by(func.max(func.length(Unit.path)).desc(), User.name)
        .limit(_MOST + 1)
    ).all()
    people = tuple(str(name) for name, _near in found)
    return Ask(order=order, role=known_roles()[roles[0]][0], people=people[:_MOST], more=len(people) > _MOST)


def barred_by(accounts: Iterable[Account]) -> list[Barred]:
    """The stops under which nothing of these accounts goes out now."""
    found: dict[str, tuple[Stop, list[Account]]] = {}
    for account in accounts:
        stop = stops.standing(account)
        if stop is not None:
            found.setdefault(stop.id, (stop, []))[1].append(account)
    throwers = db.session.scalars(select(User).where(User.id.in_([stop.created_by for stop, _ in found.values()])))
    names = {user.id: user.name for user in throwers}
    return [
        Barred(stop=stop, name=scopes.name_of(stop), by=names.get(stop.created_by, ""), accounts=tuple(covered))
        for stop, covered in found.values()
    ]
