"""The meter of one account and purpose: each call is counted, committed, before it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, union_all
from sqlalchemy.exc import SQLAlchemyError

from app.accounts import sharing
from app.accounts.models import QuotaUse, SharedUse
from app.accounts.quotas import (
    ALWAYS,
    BLOCKED,
    DAILY,
    ELASTIC,
    SHARES,
    Count,
    allowance,
    block_names,
    blocked_until,
    counts,
    elapsed,
    limited,
    spent_as,
    used_up,
)
from app.db import InTransaction, atomic, db, impatient, in_atomic, insert_for, new_id, persist, release
from app.gathering import Apart, Gathering
from connectors.base import Purpose
from connectors.errors import RateLimited, Unavailable
from connectors.values import Quota

log = structlog.get_logger()

_DAY, _STEP = timedelta(days=1), timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class _Call:
    """One call about to be made: the counters it runs on, and the names under which the platform may have blocked it."""

    ledger: Ledger
    name: str
    running: Sequence[Count]
    families: Sequence[str]
    now: datetime

    @property
    def account_id(self) -> str:
        return self.ledger.account_id

    @property
    def blocks(self) -> tuple[str, ...]:
        return block_names(self.name, self.families)


class Ledger:
    """The Meter of one account and purpose. `quotas` are set by connections once the connector told them; `scope`: with whom
    the account shares an app's limits, "" with nobody."""

    def __init__(
        self,
        account_id: str,
        *,
        purpose: Purpose,
        clock: Callable[[], datetime],
        quotas: Sequence[Quota] = (),
        scope: str = "",
    ) -> None:
        self.account_id = account_id
        self.scope = scope
        self.purpose = purpose
        self.quotas = tuple(quotas)
        # The call announced last: what a RateLimited of the platform was about.
        self.last_call = ""
        # How many calls were counted by this very meter, by what they were spent as.
        self.spent: Counter[str] = Counter()
        self._clock = clock

    def spend(self, call: str) -> None:
        """Count one call, committed before it is made. Raises RateLimited (nothing is counted then)."""
        if in_atomic():
            raise InTransaction(f"{call} must not be asked inside a transaction")
        # Whatever was read before: nothing may be held while the platform is asked.
        release()
        self.last_call = call
        # A database that is busy for a moment is no reason to doubt what became of a call that was not made.
        try:
            persist(lambda: COUNTING.do(self._call(call)), seconds=10)
        except SQLAlchemyError as error:
            log.warning("call not counted, not made", call=call, exc_info=True)
            raise Unavailable("数据库忙，调用没有发出。", remedy="系统会自动重试。", who="系统") from error
        self.spent[spent_as(call, self.purpose)] += 1

    def _call(self, name: str) -> _Call:
        now = self._clock()
        families = [quota.key for quota in self.quotas if quota.family and quota.covers(name)]
        running = counts(name, self.purpose, self.quotas, now)
        return _Call(ledger=self, name=name, running=running, families=families, now=now)

    def refusal(self, spent: Sequence[Count], used: Mapping[str, int], now: datetime) -> RateLimited | None:
        """Of the counters that ran over, the one that is empty for longest; None when an elastic one may go on."""
        ends = {count: (count.limit or 0, count.end) for count in spent}
        for count in spent:
            if count.key in ELASTIC:
                whole = next(quota.limit for quota in self.quotas if quota.key == DAILY)
                by_purpose = _used_by_purpose(self.account_id, count)
                if used[count.row] <= (most := allowance(count.key, whole, by_purpose, elapsed(now))):
                    del ends[count]
                else:
                    ends[count] = most, _stretches_at(count, whole, by_purpose, now)
        if not ends:
            return None
        last = max(ends, key=lambda count: ends[count][1])
        limit, end = ends[last]
        return used_up(last, limit, end)


def _used_by_purpose(account_id: str, count: Count) -> dict[str, int]:
    """What each purpose spent in the period of `count`."""
    rows = {f"{purpose}@{count.period}": purpose for purpose in SHARES}
    found = db.session.execute(
        select(QuotaUse.key, QuotaUse.used).where(
            QuotaUse.account_id == account_id, QuotaUse.key.in_(rows), QuotaUse.period_start == count.start
        )
    )
    return {rows[key]: used for key, used in found}


def _stretches_at(count: Count, limit: int, used: Mapping[str, int], now: datetime) -> datetime:
    """When an elastic purpose may make its next call, if the others spend nothing more; else at the end of the day."""
    at = now
    while at < count.end:
        at += _STEP
        if used.get(count.key, 0) <= allowance(count.key, limit, used, min(1.0, elapsed(now) + (at - now) / _DAY)):
            return min(at, count.end)
    return count.end


def _count_one(call: _Call) -> None:
    with atomic():
        until = blocked_until(call.account_id, call.name, call.now, families=call.families)
        if until is not None:
            raise limited(BLOCKED, until)
        until = sharing.blocked_until(call.ledger.scope, call.blocks, call.now)
        if until is not None:
            raise limited(sharing.BLOCKED, until)
        used = _count([call])[call.account_id]
        spent = _over(call, used)
        if spent and (refusal := call.ledger.refusal(spent, used, call.now)) is not None:
            raise refusal


def _count_all(calls: Sequence[_Call]) -> list[Exception | None]:
    """Of several calls in one transaction; Apart when there is anything to refuse, or to think about."""
    accounts = {call.account_id for call in calls}
    # Around midnight two calls of one account may count on different days.
    starts = {
        (call.ledger.scope if c.shared else call.account_id, c.row, c.start) for call in calls for c in call.running
    }
    if len(starts) > len({(holder, row) for holder, row, _start in starts}):
        raise Apart
    with atomic():
        impatient()
        holders = {
            (who, name) for call in calls for who in (call.account_id, call.ledger.scope) for name in call.blocks
        }
        scopes = {call.ledger.scope for call in calls} - {""}
        if not holders.isdisjoint(_blocked(accounts, scopes, min(call.now for call in calls))):
            raise Apart
        used = _count(calls)
        if any(_over(call, used.get(call.account_id, {})) for call in calls):
            raise Apart
    return [None for _call in calls]


def _blocked(accounts: Iterable[str], scopes: Iterable[str], now: datetime) -> set[tuple[str, str]]:
    """{(account or scope, "block:…")} of what the platform blocks, by one question."""
    own = select(QuotaUse.account_id, QuotaUse.key).where(
        QuotaUse.account_id.in_(list(accounts)), QuotaUse.period_start == ALWAYS, QuotaUse.blocked_until > now
    )
    common = select(SharedUse.scope, SharedUse.key).where(
        SharedUse.scope.in_(list(scopes)), SharedUse.period_start == ALWAYS, SharedUse.blocked_until > now
    )
    return {(row[0], row[1]) for row in db.session.execute(union_all(own, common))}


COUNTING = Gathering(_count_all, _count_one)


def _over(call: _Call, used: Mapping[str, int]) -> list[Count]:
    """The counters that ran over their limits."""
    return [count for count in call.running if count.limit is not None and used[count.row] > count.limit]


def _count(calls: Iterable[_Call]) -> dict[str, dict[str, int]]:
    """One more on each counter of each call, in one statement; {account id: {row key: its new number}}. The rows are in
    one order for everybody, so that two callers cannot lock crosswise."""
    calls = list(calls)
    more = Counter((call.account_id, c.row, c.start) for call in calls for c in call.running if not c.shared)
    rows = [
        {"id": new_id(), "account_id": account_id, "key": key, "period_start": start, "used": number}
        for (account_id, key, start), number in sorted(more.items())
    ]
    found: dict[str, dict[str, int]] = {call.account_id: {} for call in calls}
    if rows:
        _add(rows, found)
    running = Counter((call.ledger.scope, c.row, c.start) for call in calls for c in call.running if c.shared)
    common = sharing.count(running)
    for call in calls:
        found[call.account_id] |= {c.row: common[call.ledger.scope, c.row] for c in call.running if c.shared}
    return found


def _add(rows: list[dict[str, Any]], found: dict[str, dict[str, int]]) -> None:
    insert = insert_for(QuotaUse).values(rows)
    upsert = insert.on_conflict_do_update(
        index_elements=["account_id", "key", "period_start"], set_={"used": QuotaUse.used + insert.excluded.used}
    )
    for row in db.session.execute(upsert.returning(QuotaUse.account_id, QuotaUse.key, QuotaUse.used)):
        found[row.account_id][row.key] = row.used
