"""变更所属单位: an account goes to another unit, when nothing under way would then point outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.accounts.answering import may_answer_for
from app.accounts.models import Account
from app.accounts.services import get_account
from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Invalid
from app.units.access import Actor, unit_for
from app.units.closing import named
from app.units.models import Unit, User

MOST_REASON = 200


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """What stands in the way, in Chinese; `posts`: (title, id) of those that a person has to settle first."""

    words: str
    posts: tuple[tuple[str, str], ...] = ()


# Asked in the transaction: (account, where it is to go) -> what stands in the way, [] when nothing does.
obstacles: list[Callable[[Account, Unit], list[Obstacle]]] = []
# Called in the transaction after it went: (account, where it was, now). What stands at the old unit goes along.
on_moved: list[Callable[[Account, Unit, datetime], None]] = []


def move(actor: Actor, account_id: str, unit_id: str, reason: str, *, now: datetime) -> Account:
    """Needs account.manage in both units. Who answered for it and may not any more does so no longer.

    Raises NotFound, Forbidden, Invalid (no reason, the same unit), Conflict naming what stands in the way, with `posts` [{"id", "title"}] in `extra`.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= MOST_REASON:
        raise Invalid(
            "所属单位没有变更。须写明事由，不超过 200 字。请补充后重新提交。", errors={"reason": ["请写明事由。"]}
        )
    with atomic():
        get_account(actor, account_id, key="account.manage")
        # Also whoever refers to it waits: nothing of it is scheduled meanwhile.
        account = db.session.get_one(Account, account_id, with_for_update=True, populate_existing=True)
        actor.require("account.manage", account.unit, see="account.read")
        there = unit_for(actor, "account.manage", unit_id)
        here = account.unit
        if there.id == here.id:
            raise Invalid(
                f"所属单位没有变更。账号已经属于“{here.name}”。请选择另一个单位。", errors={"unit_id": ["已属于它。"]}
            )
        found = [one for ask in obstacles for one in ask(account, there)]
        if found:
            words = "；".join(one.words for one in found)
            blocking = dict(post[::-1] for one in found for post in one.posts)
            raise Conflict(
                f"所属单位没有变更。{words}。请先办完或取消这些，再来变更。",
                posts=[{"id": post_id, "title": title} for post_id, title in blocking.items()],
            )
        before = {
            "unit_id": here.id,
            "responsible_id": account.responsible_id or "",
            "deputy_id": account.deputy_id or "",
        }
        account.unit = there
        account.responsible = _keeps(account.responsible, there)
        account.deputy = _keeps(account.deputy, there)
        db.session.flush()
        for hook in on_moved:
            hook(account, here, now)
        after = {
            "unit_id": there.id,
            "responsible_id": account.responsible_id or "",
            "deputy_id": account.deputy_id or "",
        }
        # Whoever audits the old unit sees it go, whoever audits the new one sees it come.
        for unit in (here, there):
            record(
                actor,
                "account.move",
                now=now,
                object_type="account",
                object_id=account.id,
                unit_id=unit.id,
                summary=f"账号“{account.name}”由“{here.name}”变更到“{there.name}”：{reason}",
                before=before,
                after=after,
            )
    return account


def holds_up_closing(unit: Unit) -> list[str]:
    """Hook of units: the accounts in use of a unit that is to be closed."""
    query = select(Account.name).where(Account.unit_id == unit.id, Account.active).order_by(Account.name)
    names = list(db.session.scalars(query))
    return [named(len(names), "个", "账号", names[:5])] if names else []


def _keeps(user: User | None, there: Unit) -> User | None:
    return user if user is not None and may_answer_for(user, there) else None
