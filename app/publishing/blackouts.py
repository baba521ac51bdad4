"""Black-outs (静默期): hours announced beforehand in which nothing ordinary goes out, for the site, a unit or an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from app.accounts.models import Account
from app.audit import services as audit
from app.config import current
from app.db import Page, atomic, db
from app.errors import Conflict, Invalid, NotFound
from app.posts.models import Post
from app.publishing import scopes, states
from app.publishing.models import Blackout, Publication
from app.units.access import Actor

# Longer than this nobody falls silent on purpose: an account would count as dormant at 14 days.
LONGEST = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class Announced:
    """A black-out just made; `falling` is what is planned inside it and will be held at its hour."""

    blackout: Blackout
    falling: Sequence[Publication]


def standing(account: Account, at: datetime, *, urgent: bool) -> Blackout | None:
    """The black-out in which an ordinary (or `urgent`) publication of this account may not go out at `at`."""
    return db.session.scalars(
        select(Blackout).where(*_during(at, urgent), scopes.covers(Blackout, account)).order_by(Blackout.id).limit(1)
    ).first()


def any_standing(at: datetime) -> bool:
    """Whether any black-out is under way anywhere."""
    return db.session.scalar(select(Blackout.id).where(*_during(at, False)).limit(1)) is not None


def _during(at: datetime, urgent: bool) -> list[ColumnElement[bool]]:
    kept_back = [Blackout.urgent_too.is_(True)] if urgent else []
    return [Blackout.ended_at.is_(None), Blackout.starts_at <= at, Blackout.ends_at > at, *kept_back]


def words(blackout: Blackout, *, ahead: bool = False) -> str:
    """Which one, until when, why: one sentence for whoever meets it now, or (`ahead`) at the planned hour."""
    when = "到点时正值" if ahead else "正值"
    return f"{when}静默期（{scopes.name_of(blackout)}，至 {_shown(blackout.ends_at)}）：{blackout.reason}"


def refuse(account: Account, at: datetime, *, urgent: bool) -> None:
    """Raise Conflict when `at` is inside a black-out of the account."""
    found = standing(account, at, urgent=urgent)
    if found is None:
        return
    exempt = "紧急稿件不受此限；" if not found.urgent_too else ""
    raise Conflict(
        f"没有排期。“{account.name}”在 {_shown(found.starts_at)} 至 {_shown(found.ends_at)} 是静默期"
        f"（{scopes.name_of(found)}）：{found.reason.rstrip('。')}。请改到这段时间以外；{exempt}要提前结束静默期请联系管理员。",
        errors={"publish_at": [f"在静默期内，{_shown(found.ends_at)} 结束。"]},
    )


def announce(
    actor: Actor,
    *,
    scope: str,
    scope_id: str | None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    urgent_too: bool = False,
    now: datetime,
) -> Announced:
    """From `starts_at` until before `ends_at` nothing of the scope goes out; urgent posts do, unless `urgent_too`.

    Raises Invalid (hours, reason), Forbidden, NotFound.
    """
    _check(starts_at, ends_at, reason, now)
    with atomic():
        unit = scopes.require(actor, scope, scope_id)
        row = Blackout(
            scope=scope,
            scope_id="" if scope == "site" else str(scope_id),
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason.strip(),
            urgent_too=urgent_too,
            created_by=actor.user_id,
            created_at=now,
        )
        db.session.add(row)
        db.session.flush()
        until = f"{_shown(starts_at)} 至 {_shown(ends_at)}"
        _audit(actor, row, "blackout.start", unit.id if unit else "", f"设静默期（{scopes.name_of(row)}）{until}", now)
        falling = _falling(row)
    return Announced(blackout=row, falling=falling)


def end(actor: Actor, blackout_id: str, *, now: datetime) -> Blackout:
    """Over now, or called off. What was held meanwhile waits for a person: release or reschedule."""
    with atomic():
        row = db.session.get(Blackout, blackout_id, with_for_update=True)
        if row is None or not scopes.concerns(actor, row):
            raise NotFound
        unit = scopes.require(actor, row.scope, row.scope_id)
        if row.ended_at is not None or row.ends_at <= now:
            raise Conflict("这段静默期已经结束。可能另一位同事先结束了，或时间已到。请刷新后查看。")
        row.ended_at, row.ended_by = now, actor.user_id
        _audit(actor, row, "blackout.end", unit.id if unit else "", f"结束静默期（{scopes.name_of(row)}）", now)
    return row


def coming(actor: Actor, now: datetime) -> list[Blackout]:
    """Those that stand or are to come and concern this actor, the earliest first; at most 200."""
    query = (
        select(Blackout)
        .where(Blackout.ended_at.is_(None), Blackout.ends_at > now)
        .order_by(Blackout.starts_at, Blackout.id)
        .limit(200)
    )
    return [row for row in db.session.scalars(query) if scopes.concerns(actor, row)]


def under_way(actor: Actor, now: datetime) -> list[Blackout]:
    """Those that stand now and concern this actor, for the frame."""
    return [row for row in coming(actor, now) if row.starts_at <= now]


def page_of_coming(actor: Actor, now: datetime, *, cursor: str | None = None, limit: int = 50) -> Page[Blackout]:
    """As coming(), newest first, by pages; `cursor` is the last id seen."""
    limit = max(1, min(limit, 200))
    rows = sorted(coming(actor, now), key=lambda row: row.id, reverse=True)
    found = [row for row in rows if not cursor or row.id < cursor]
    return Page(items=found[:limit], next_cursor=found[limit - 1].id if len(found) > limit else None)


def between(start: datetime, end: datetime) -> list[Blackout]:
    """All that touch this time, whomever they concern, the earliest first."""
    query = select(Blackout).where(Blackout.ended_at.is_(None), Blackout.starts_at <= end, Blackout.ends_at > start)
    return list(db.session.scalars(query.order_by(Blackout.starts_at, Blackout.id)))


def by_day(actor: Actor, first: date, days: int) -> dict[date, list[Blackout]]:
    """{day: the black-outs that touch it}, for the calendar's heads; past ones included."""
    zone = ZoneInfo(current().timezone)
    starts = [datetime.combine(first + timedelta(days=n), time(), zone) for n in range(days + 1)]
    query = select(Blackout).where(
        Blackout.ended_at.is_(None), Blackout.starts_at < starts[-1], Blackout.ends_at > starts[0]
    )
    rows = [row for row in db.session.scalars(query.order_by(Blackout.starts_at)) if scopes.concerns(actor, row)]
    touched = {
        start.date(): [row for row in rows if row.starts_at < after and row.ends_at > start]
        for start, after in pairwise(starts)
    }
    return {day: found for day, found in touched.items() if found}


def _falling(row: Blackout) -> list[Publication]:
    """What is planned inside it already: held at its hour, unless moved before."""
    query = (
        select(Publication)
        .join(Post, Post.id == Publication.post_id)
        .where(
            Publication.status.in_(states.OPEN),
            Publication.due_at >= row.starts_at,
            Publication.due_at < row.ends_at,
        )
        .order_by(Publication.due_at)
        .limit(1000)
    )
    if not row.urgent_too:
        query = query.where(Post.urgent.is_(False))
    return [one for one in db.session.scalars(query) if hits(row, one.account)]


def hits(row: Blackout, account: Account) -> bool:
    """Whether the account is in its scope, as scopes.covers() asks the database."""
    return (
        row.scope == "site"
        or (row.scope == "account" and row.scope_id == account.id)
        or (row.scope == "unit" and f"/{row.scope_id}/" in account.unit.path)
    )


def _check(starts_at: datetime, ends_at: datetime, reason: str, now: datetime) -> None:
    if not reason.strip():
        raise Invalid("没有写原因。静默期会影响他人，需要说明。请写一句原因。", errors={"reason": ["请写明原因。"]})
    if ends_at <= starts_at or ends_at <= now:
        raise Invalid(
            "静默期的时间不对。结束时间要晚于开始时间，也要晚于现在。请改正后重试。",
            errors={"ends_at": ["要晚于开始时间和现在。"]},
        )
    if ends_at - starts_at > LONGEST:
        raise Invalid(
            f"静默期太长，最多 {LONGEST.days} 天。账号 14 天不更新就会被检查通报。请缩短或分段设置。",
            errors={"ends_at": [f"最多 {LONGEST.days} 天。"]},
        )


def _shown(at: datetime) -> str:
    local = at.astimezone(ZoneInfo(current().timezone))
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def _audit(actor: Actor, row: Blackout, action: str, unit_id: str, summary: str, now: datetime) -> None:
    audit.record(
        actor,
        action,
        now=now,
        object_type="blackout",
        object_id=row.id,
        unit_id=unit_id,
        summary=f"{summary}：{row.reason}",
        after={"starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()},
    )
