"""Reading the audit log: filtered, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select

from app.audit.models import Event
from app.db import Page, db, page_of


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What to look for; empty fields do not narrow. `action` matches by prefix: "user" finds "user.create"."""

    action: str = ""
    actor: str = ""
    unit_id: str = ""
    object_type: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def events(wanted: Filter, *, visible: ColumnElement[bool], cursor: str | None = None, limit: int = 50) -> Page[Event]:
    """One page of the events that `visible` allows (units.access.visible on Event.unit_id)."""
    return page_of(_matching(wanted, visible), Event.id, cursor, limit)


def found(wanted: Filter, *, visible: ColumnElement[bool], most: int) -> list[Event]:
    """All of them in the order of the chain, `most` + 1 at the utmost."""
    return list(db.session.scalars(_matching(wanted, visible).order_by(Event.seq).limit(most + 1)))


def _matching(wanted: Filter, visible: ColumnElement[bool]) -> Select[Event]:
    query = select(Event).where(visible)
    if wanted.action:
        query = query.where(
            or_(Event.action == wanted.action, Event.action.startswith(f"{wanted.action}.", autoescape=True))
        )
    if wanted.actor:
        named = Event.actor_name.icontains(wanted.actor, autoescape=True)
        query = query.where(or_(Event.actor_id == wanted.actor, named))
    for column, value in (
        (Event.unit_id, wanted.unit_id),
        (Event.object_type, wanted.object_type),
        (Event.object_id, wanted.object_id),
    ):
        if value:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(Event.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(Event.at < wanted.until)
    return query


def kinds() -> list[str]:
    """The actions recorded so far, for the filter."""
    return sorted(db.session.scalars(select(Event.action).distinct()))


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Event)) or 0
