"""Who answers for an account: one responsible person and one deputy, of its unit or of one above."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.accounts.models import Account
from app.db import db
from app.errors import Invalid
from app.units.access import actor_for
from app.units.models import Grant, Unit, User

_ACTS = ("account.manage", "post.write", "post.schedule", "publication.manage", "inbox.reply")
_WRONG = "账号没有保存。有内容不符合要求。请按各字段的提示改正后重新提交。"
_NOBODY = "本单位没有这个成员，或已停用。请在列表中选择。"
_SAME = "与责任人是同一人。副责任人在责任人不在时接手，请另选一人或留空。"


def may_answer_for(user: User, unit: Unit) -> bool:
    """A member of the account's unit, or of one above it who may see the account."""
    return user.active and (user.unit_id == unit.id or actor_for(user).may("account.read", unit))


def _acts_for(user: User, unit: Unit) -> bool:
    """Whoever only looks on (督查员, 审计管理员) is no help when an authorisation runs out."""
    actor = actor_for(user)
    return actor.may("account.read", unit) and any(actor.may(key, unit) for key in _ACTS)


def people_for(account: Account) -> list[tuple[User, bool]]:
    """Who is offered to answer for the account: active members of its unit and of those above who see it and can do
    something for it, those of its own unit first, and whoever does now; and of each whether they still may."""
    above = [part for part in account.unit.path.split("/") if part]
    query = select(User).join(Unit, Unit.id == User.unit_id).where(User.unit_id.in_(above), User.active)
    query = query.options(selectinload(User.grants).joinedload(Grant.unit))
    found = db.session.scalars(query.order_by(Unit.path.desc(), User.name, User.id))
    people = [(user, True) for user in found if _acts_for(user, account.unit)][:200]
    for now in (account.responsible, account.deputy):
        if now is not None and all(user.id != now.id for user, _may in people):
            # Of a unit above, say: the form must not take them away unasked.
            people.append((now, may_answer_for(now, account.unit)))
    return people


def answerable(account: Account) -> list[str]:
    """Ids of those whom what happens to the account waits for, the responsible person first."""
    return [user_id for user_id in (account.responsible_id, account.deputy_id) if user_id]


def choose(account: Account, unit: Unit, changes: Mapping[str, str | None]) -> None:
    """Set `responsible_id` and `deputy_id`, those of them that `changes` names. Whoever is it now may stay until somebody
    chooses another. Raises Invalid for whoever may not be, and for one person in both places."""
    for name in ("responsible_id", "deputy_id"):
        if name in changes:
            setattr(account, name, _chosen(name, changes[name], unit, getattr(account, name)))
    named = any(name in changes for name in ("responsible_id", "deputy_id"))
    if named and account.deputy_id is not None and account.deputy_id == account.responsible_id:
        raise Invalid(_WRONG, errors={"deputy_id": [_SAME]})


def _chosen(name: str, user_id: str | None, unit: Unit, present: str | None) -> str | None:
    if not user_id:
        return None
    user = db.session.get(User, user_id)
    if user is None or (user.id != present and not may_answer_for(user, unit)):
        raise Invalid(_WRONG, errors={name: [_NOBODY]})
    return user.id
