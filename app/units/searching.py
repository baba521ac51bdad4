"""Colleagues as the search finds them: by name and address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import joinedload

from app.db import db
from app.search.keeping import Doc, Source
from app.search.lookup import Found, page_of_hits
from app.search.places import USER
from app.search.tokens import Query
from app.units.access import Actor, visible
from app.units.models import User


def _read(connection: Connection, ids: Sequence[str]) -> Iterable[Doc]:
    for row in connection.execute(select(User.id, User.created_at, User.name, User.email).where(User.id.in_(ids))):
        yield Doc(ref_id=row.id, at=row.created_at, texts=(row.name, row.email))


USERS = Source(
    kind=USER,
    key=User.id,
    read=_read,
    watched={User: (("name", "email"), lambda user: user.id)},
)


def found_users(actor: Actor, query: Query, *, cursor: str | None = None, limit: int) -> Found[User]:
    """The people of the units that the actor sees, the newest first."""

    def seen(ids: list[str]) -> dict[str, User]:
        mine = select(User).where(User.id.in_(ids), visible(actor, "unit.read", User.unit_id))
        return {user.id: user for user in db.session.scalars(mine.options(joinedload(User.unit)))}

    return page_of_hits(query, USER, seen, cursor=cursor, limit=limit)
