"""Who holds a permission nearest to a unit: whom something that waits there is told."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.db import db
from app.units.access import actor_for
from app.units.models import Grant, Unit, User


def nearest_holders(key: str, unit: Unit) -> list[User]:
    """The active people who hold `key` for `unit` by a role in the lowest unit of its line where anybody does: the county's
    own people, and those of the city only where the county has none. By id."""
    above = [part for part in unit.path.split("/") if part]
    for place in reversed(above):
        query = (
            select(User)
            .where(User.active, User.id.in_(select(Grant.user_id).where(Grant.unit_id == place)))
            .options(selectinload(User.grants).joinedload(Grant.unit))
            .order_by(User.id)
        )
        here = unit.path[: unit.path.index(f"/{place}/")] + f"/{place}/"
        found = [user for user in db.session.scalars(query) if here in actor_for(user).paths(key)]
        if found:
            return found
    return []
