"""The stop switch: nothing of its scope is committed while it stands."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, or_, select

from app.accounts.models import Account
from app.audit import services as audit
from app.db import Page, atomic, db, wake
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.publishing.models import Stop
from app.units.access import Actor
from app.units.models import Unit

SCOPES = {"site": "全站", "unit": "单位", "account": "账号"}


def standing(account: Account) -> Stop | None:
    """The stop that keeps this account from publishing now, if any."""
    units = [part for part in account.unit.path.split("/") if part]
    return db.session.scalars(
        select(Stop)
        .where(
            Stop.ended_at.is_(None),
            or_(
                Stop.scope == "site",
                and_(Stop.scope == "account", Stop.scope_id == account.id),
                and_(Stop.scope == "unit", Stop.scope_id.in_(units)),
            ),
        )
        .order_by(Stop.id)
        .limit(1)
    ).first()


def why_barred(account: Account) -> str:
    """Why nothing of this account may be sent now: a stop stands, or it was switched off; "" when it may."""
    stop = standing(account)
    if stop is not None:
        return f"发布已暂停（{name_of(stop)}）：{stop.reason}"
    if not account.active:
        return f"账号“{account.name}”已停用，没有发出。请管理员启用它后放行，或取消。"
    return ""


def start_stop(actor: Actor, *, scope: str, scope_id: str | None, reason: str, now: datetime) -> Stop:
    """Throw the switch. Site-wide needs the right in a unit without parent."""
    if scope not in SCOPES:
        raise Invalid("暂停范围不对。只能是全站、单位或账号。请重新选择。", errors={"scope": ["请选择暂停范围。"]})
    if not reason.strip():
        raise Invalid("没有写原因。暂停会影响他人，需要说明。请写一句原因。", errors={"reason": ["请写明原因。"]})
    with atomic():
        unit = _unit_of(actor, scope, scope_id)
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
            summary=f"暂停发布（{name_of(stop)}）：{stop.reason}",
        )
    return stop


def end_stop(actor: Actor, stop_id: str, *, now: datetime) -> Stop:
    """Switch on again. What was held meanwhile waits for a person: release or reschedule."""
    with atomic():
        stop = db.session.get(Stop, stop_id, with_for_update=True)
        if stop is None:
            raise NotFound
        unit = _unit_of(actor, stop.scope, stop.scope_id)
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
            summary=f"恢复发布（{name_of(stop)}）",
        )
        wake()
    return stop


def stops_of(actor: Actor, *, all_of_them: bool = False) -> list[Stop]:
    """Standing stops that concern this actor: the site's, and those of units and accounts that it may see."""
    query = select(Stop).order_by(Stop.id.desc())
    if not all_of_them:
        query = query.where(Stop.ended_at.is_(None))
    return [stop for stop in db.session.scalars(query.limit(200)) if _concerns(actor, stop)]


def page_of_stops(actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[Stop]:
    """One page of the standing stops that concern this actor; `cursor` is the last id seen."""
    limit = max(1, min(limit, 200))
    found = [stop for stop in stops_of(actor) if not cursor or stop.id < cursor]
    return Page(items=found[:limit], next_cursor=found[limit - 1].id if len(found) > limit else None)


def name_of(stop: Stop) -> str:
    """The scope in words: 全站, or the unit's or account's name."""
    if stop.scope == "site":
        return SCOPES["site"]
    if stop.scope == "unit":
        unit = db.session.get(Unit, stop.scope_id)
        return unit.name if unit else stop.scope_id
    account = db.session.get(Account, stop.scope_id)
    return account.name if account else stop.scope_id


def may_end(actor: Actor, stop: Stop) -> bool:
    try:
        _unit_of(actor, stop.scope, stop.scope_id)
    except (Forbidden, NotFound):
        return False
    return True


def _concerns(actor: Actor, stop: Stop) -> bool:
    if stop.scope == "site":
        return True
    unit = _unit(stop.scope, stop.scope_id)
    # A stop of a higher unit concerns everyone below it.
    return unit is not None and (
        actor.may("post.read", unit)
        or actor.may("stop.manage", unit)
        or any(path.startswith(unit.path) for path in actor.paths("post.read"))
    )


def _unit(scope: str, scope_id: str | None) -> Unit | None:
    if scope == "account":
        account = db.session.get(Account, scope_id) if scope_id else None
        return account.unit if account else None
    return db.session.get(Unit, scope_id) if scope_id else None


def _unit_of(actor: Actor, scope: str, scope_id: str | None) -> Unit | None:
    if scope == "site":
        roots = db.session.scalars(select(Unit).where(Unit.parent_id.is_(None))).all()
        if not actor.system and not any(actor.may("stop.manage", root) for root in roots):
            raise Forbidden("您不能暂停全站发布。这需要最上级单位的“暂停发布”权限。请联系最上级单位的管理员。")
        return None
    return actor.require("stop.manage", _unit(scope, scope_id), see="unit.read")
