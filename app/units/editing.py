"""Who a person is: the name, the e-mail address they sign in with, the unit they belong to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from app.db import atomic, db
from app.errors import Forbidden, Invalid
from app.units.access import Actor, unit_for
from app.units.granting import note
from app.units.managing import managed_person
from app.units.models import User
from app.units.offices import WHOLE, holds_whole
from app.units.people import details_faults
from app.units.sign_in import find_user

# Called in the transaction: (person, who changed it, words of what changed, now).
on_edited: list[Callable[[User, Actor, str, datetime], None]] = []
_TAKEN = "成员没有保存。这个邮箱已有人使用。请核对，或换一个邮箱。"


def edit_user(actor: Actor, user_id: str, *, name: str, email: str, unit_id: str, now: datetime) -> User:
    """What is said of a person, who is told; roles stay as they are. Another unit needs user.manage there too.

    Raises NotFound, Forbidden, Invalid naming the fields.
    """
    name, email = " ".join(name.split()), email.strip().lower()
    errors = details_faults(email, name)
    if errors:
        raise Invalid("成员没有保存。有内容不符合要求。请按各字段的提示改正。", errors=errors)
    with atomic():
        db.session.get(User, user_id, with_for_update=True, populate_existing=True)
        user = managed_person(actor, user_id, "user.manage")
        if any(held.role == WHOLE and not holds_whole(actor, held.unit) for held in user.grants):
            raise Forbidden(f"不能修改{user.name}。此人是全权管理员。请由本单位或上级的管理员办理。")
        before, old = _state(user), user.unit.name
        if unit_id != user.unit_id:
            user.unit = unit_for(actor, "user.manage", unit_id)
        found = find_user(email)
        if found is not None and found.id != user.id:
            raise Invalid(_TAKEN, errors={"email": ["这个邮箱已有人使用。"]})
        user.name, user.email = name, email
        try:
            db.session.flush()
        except IntegrityError:
            raise Invalid(_TAKEN, errors={"email": ["这个邮箱已有人使用。"]}) from None
        after = _state(user)
        changed = [key for key in before if before[key] != after[key]]
        if not changed:
            return user
        shown = {
            "name": f"姓名由“{before['name']}”改为“{name}”",
            "email": f"登录邮箱由 {before['email']} 改为 {email}",
            "unit_id": f"所属单位由“{old}”改为“{user.unit.name}”",
        }
        words = "；".join(shown[key] for key in changed)
        note(
            actor,
            "user.edit",
            user,
            now,
            words=f"{name}：{words}",
            before={key: before[key] for key in changed},
            after={key: after[key] for key in changed},
        )
        for hook in on_edited:
            hook(user, actor, words, now)
    return user


def _state(user: User) -> dict[str, str]:
    return {"name": user.name, "email": user.email, "unit_id": user.unit_id}
