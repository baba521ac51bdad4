"""How many more calls the ledger allows, asked for many accounts at once before anything is claimed for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from app.accounts import connections, quotas, sharing
from app.accounts.models import QuotaUse
from app.db import db
from connectors.errors import RateLimited
from connectors.values import Quota


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One publishing call that somebody wants to make; `quotas` are those of its account, `scope`: with whom it shares its
    app's limits."""

    account_id: str
    call: str
    quotas: tuple[Quota, ...]
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """`calls` more of that (None: no limit is known), `shared` by all accounts of the app together; `refusal`, standing until
    `until`, when there is none."""

    calls: int | None
    until: datetime
    shared: int | None = None
    refusal: RateLimited | None = None


def met(account_ids: set[str], now: datetime) -> set[str]:
    """Of these the accounts of which the ledger knows anything that bears on `now`: the others have made no call yet."""
    month, _end = quotas.bounds("month", now)
    bearing = or_(QuotaUse.period_start >= month, QuotaUse.blocked_until > now)
    own = set(db.session.scalars(select(QuotaUse.account_id).where(QuotaUse.account_id.in_(account_ids), bearing)))
    scopes = connections.scopes_of(account_ids)
    known = sharing.met(set(scopes.values()), month, now)
    return own | {account_id for account_id, scope in scopes.items() if scope in known}


def left(wishes: Iterable[Wish], now: datetime) -> dict[Wish, Allowed]:
    """What each of them may still do, in one query for all."""
    wanted = set(wishes)
    running = {wish: quotas.counts(wish.call, "publish", wish.quotas, now) for wish in wanted}
    ids = {wish.account_id for wish in wanted}
    starts = {count.start for counters in running.values() for count in counters}
    rows = db.session.execute(
        select(QuotaUse.account_id, QuotaUse.key, QuotaUse.period_start, QuotaUse.used, QuotaUse.blocked_until).where(
            QuotaUse.account_id.in_(ids), or_(QuotaUse.period_start.in_(starts), QuotaUse.blocked_until > now)
        )
    ).all()
    used = {(row.account_id, row.key, row.period_start): row.used for row in rows}
    blocks = {(row.account_id, row.key): row.blocked_until for row in rows if row.blocked_until is not None}
    if scopes := {wish.scope for wish in wanted} - {""}:
        used |= sharing.used(scopes, starts)
        blocks |= sharing.blocks(scopes, now)
    return {wish: _allowed(wish, running[wish], used, blocks, now) for wish in wanted}


def _allowed(
    wish: Wish,
    counters: list[quotas.Count],
    used: dict[tuple[str, str, datetime], int],
    blocks: dict[tuple[str, str], datetime],
    now: datetime,
) -> Allowed:
    names = ("", wish.call, *(quota.key for quota in wish.quotas if quota.family and quota.covers(wish.call)))
    for who, words in ((wish.account_id, quotas.BLOCKED), (wish.scope, sharing.BLOCKED)):
        until = max((blocks[who, f"block:{name}"] for name in names if (who, f"block:{name}") in blocks), default=now)
        if until > now:
            return Allowed(calls=0, until=until, refusal=quotas.limited(words, until))
    rest = {
        count: count.limit - used.get((wish.scope if count.shared else wish.account_id, count.row, count.start), 0)
        for count in counters
        if count.limit is not None
    }
    spent = [count for count in rest if rest[count] <= 0]
    if spent:
        last = max(spent, key=lambda count: count.end)
        return Allowed(calls=0, until=last.end, refusal=quotas.used_up(last, last.limit or 0, last.end))
    own, shared = ([left for count, left in rest.items() if count.shared == kind] for kind in (False, True))
    return Allowed(calls=min(own, default=None), shared=min(shared, default=None), until=now)
