"""The stop switch: nothing of its scope is committed while it stands."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.accounts.models import Account
from app.audit import services as audit
from app.db import Page, atomic, db
from app.errors import Conflict, Invalid, NotFound
from app.publishing import scopes
from app.publishing.models import Stop
from app.units.access import Actor
from app.waking import wake


def standing(account: Account) -> Stop | None:
    """The stop that keeps this account from publishing now, if any."""
    standing_here = select(Stop).where(Stop.ended_at.is_(None), scopes.covers(Stop, account))
    return db.session.scalars(standing_here.order_by(Stop.id).limit(1)).first()


def any_standing() -> bool:
    """Whether anything is stopped anywhere."""
    return db.session.scalar(select(Stop.id).where(Stop.ended_at.is_(None)).limit(1)) is not None


def start_stop(actor: Actor, *, scope: str, scope_id: str | None, reason: str, now: datetime) -> Stop:
    """Throw the switch. Site-wide needs the right in a unit without parent."""
    if not reason.strip():
        raise Invalid("没有写原因。暂停会影响他人，需要说明。请写一句原因。", errors={"reason": ["请写明原因。"]})
    with atomic():
        unit = scopes.require(actor, scope, scope_id)
        stop = Stop(
            scope=scope,
            scope_id="" if scope == "site" else str(scope_id),
            reason=reason.strip(),
            created_by=actor.user_id,
            created_at=now,
        )
        db.session.add(stop)
        db.session.flush()
        audit.record(
            actor,
            "stop.start",
            now=now,
            object_type="stop",
            object_id=stop.id,
            unit_id=unit.id if unit else "",
            summary=f"暂停发布（{scopes.name_of(stop)}）：{stop.reason}",
        )
    return stop


def end_stop(actor: Actor, stop_id: str, *, now: datetime) -> Stop:
    """Switch on again. What was held meanwhile waits for a person: release or reschedule."""
    with atomic():
        stop = db.session.get(Stop, stop_id, with_for_update=True)
        if stop is None:
            raise NotFound
        unit = scopes.require(actor, stop.scope, stop.scope_id)
        if stop.ended_at is not None:
            raise Conflict("这次暂停已经结束。可能另一位同事先恢复了。请刷新后查看。")
        stop.ended_at, stop.ended_by = now, actor.user_id
        audit.record(
            actor,
            "stop.end",
            now=now,
            object_type="stop",
            object_id=stop.id,
            unit_id=unit.id if unit else "",
            summary=f"恢复发布（{scopes.name_of(stop)}）",
        )
        wake()
    return stop


def stops_of(actor: Actor, *, all_of_them: bool = False) -> list[Stop]:
    """Standing stops that concern this actor: the site's, and those of units and accounts that it may see."""
    query = select(Stop).order_by(Stop.id.desc())
    if not all_of_them:
        query = query.where(Stop.ended_at.is_(None))
    return [stop for stop in db.session.scalars(query.limit(200)) if scopes.concerns(actor, stop)]


def page_of_stops(actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[Stop]:
    """One page of the standing stops that concern this actor; `cursor` is the last id seen."""
    limit = max(1, min(limit, 200))
    found = [stop for stop in stops_of(actor) if not cursor or stop.id < cursor]
    return Page(items=found[:limit], next_cursor=found[limit - 1].id if len(found) > limit else None)
