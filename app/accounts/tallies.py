"""Counting what happened per account: calls by class of answer, attempts by outcome, callbacks by verdict. Totals for ever.

Calls and attempts are counted in memory and added to the table at the scheduler's next beat (in the web at the end of the
request), so that no call waits for a counter; a process that is killed loses at most one beat's counts.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import func, select

from app.accounts.models import Account, Tally
from app.db import atomic, db, insert_for, new_id

CALL, ATTEMPT, CALLBACK = "call", "attempt", "callback"
# Verdicts on callbacks.
TAKEN, FORGED, UNREADABLE = "taken", "forged", "unreadable"

# Rows of one statement.
_AT_ONCE = 500

Key = tuple[str, str, str]
_pending: Counter[Key] = Counter()
_lock = threading.Lock()


def note(account_id: str, kind: str, label: str) -> None:
    """One more, in memory until flush()."""
    with _lock:
        _pending[account_id, kind, label] += 1


def flush(now: datetime) -> None:
    """Add what this process counted to the table; what cannot be written is kept for the next time."""
    with _lock:
        taken = Counter(_pending)
        _pending.clear()
    if not taken:
        return
    try:
        with atomic():
            _add(taken, now)
    except BaseException:
        with _lock:
            _pending.update(taken)
        raise


def add(account_id: str, kind: str, label: str, now: datetime) -> None:
    """One more, at once. Inside atomic()."""
    _add({(account_id, kind, label): 1}, now)


def _add(counted: Mapping[Key, int], now: datetime) -> None:
    accounts = {account_id for account_id, _kind, _label in counted}
    known = set(db.session.scalars(select(Account.id).where(Account.id.in_(accounts))))
    # In one order for everybody, so that two processes do not lock crosswise.
    rows = [
        {"id": new_id(), "account_id": account_id, "kind": kind, "label": label, "total": n, "last_at": now}
        for (account_id, kind, label), n in sorted(counted.items())
        if account_id in known
    ]
    for at in range(0, len(rows), _AT_ONCE):
        fresh = insert_for(Tally).values(rows[at : at + _AT_ONCE])
        more = {"total": Tally.total + fresh.excluded.total, "last_at": now}
        db.session.execute(fresh.on_conflict_do_update(index_elements=["account_id", "kind", "label"], set_=more))


def by_platform(kind: str) -> dict[tuple[str, str], int]:
    """{(platform, label): total}."""
    query = (
        select(Account.platform, Tally.label, func.sum(Tally.total))
        .join(Account, Account.id == Tally.account_id)
        .where(Tally.kind == kind)
        .group_by(Account.platform, Tally.label)
    )
    return {(row[0], row[1]): int(row[2]) for row in db.session.execute(query)}


def of_accounts(account_ids: Iterable[str], kind: str) -> dict[tuple[str, str], Tally]:
    """{(account id, label): its row}."""
    query = select(Tally).where(Tally.account_id.in_(list(account_ids)), Tally.kind == kind)
    return {(row.account_id, row.label): row for row in db.session.scalars(query)}
