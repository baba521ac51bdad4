"""Which people one may see, and which one may change."""

from __future__ import annotations

from app.db import db
from app.errors import Forbidden, NotFound
from app.units.access import Actor
from app.units.models import User
from app.units.offices import WHOLE


def get_user(actor: Actor, user_id: str) -> User:
    """A person of the units this actor sees, or oneself."""
    user = db.session.get(User, user_id)
    if user is None or not (actor.user_id == user.id or actor.may("unit.read", user.unit)):
        raise NotFound
    return user


def managed_person(actor: Actor, user_id: str, key: str) -> User:
    """A person over whom the actor holds `key` everywhere they hold a role: else somebody lower could become them, or strip
    them of what is not theirs to take. Raises NotFound, Forbidden."""
    user = get_user(actor, user_id)
    actor.require(key, user.unit, see="unit.read")
    for held in user.grants:
        if not actor.may(key, held.unit):
            where = f"“{held.unit.name}”" if actor.may("unit.read", held.unit) else "其他单位"
            raise Forbidden(f"不能修改{user.name}。此人在{where}另有角色，不归您管理。请联系上级单位的管理员办理。")
    return user


def signable_person(actor: Actor, user_id: str) -> User:
    """Of managed_person() for what lets somebody in: whoever can do that could become them. The all-powerful administrator's
    is for another one of them. Raises NotFound, Forbidden."""
    user = managed_person(actor, user_id, "security.manage")
    whole = any(held.role == WHOLE for held in user.grants)
    if whole and not actor.system and not any(held.role == WHOLE for held in actor.held):
        raise Forbidden(f"不能修改{user.name}的登录。此人是全权管理员。请由另一位管理员办理，或在服务器上用命令重置。")
    return user
