"""What accounts share at their platform: one app, asked from one address. A limit of these binds all of them.

Weibo counts the calls of an app by the server's address, whichever account they are made for (10022; 商业接口: 50 000 an hour).
`scope` names app and address; it is a digest, since the app's key is a credential.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select

from app.accounts.models import ALWAYS, SharedUse
from app.db import atomic, db, insert_for, new_id

# The platform's own word, as it concerns those who did not hear it themselves.
BLOCKED = "平台要求暂缓调用：本服务器地址的调用次数已用完，使用同一应用的账号都在等。"

# (scope, row key, start of its period)
Row = tuple[str, str, datetime]


def scope_of(platform: str, environment: str, app: str, address: str) -> str:
    """`app`: the credential that names it; `address`: from which this process asks, "" where that is not configured."""
    return hashlib.sha256(f"{platform} {environment}|{app}|{address}".encode()).hexdigest()[:32]


def count(more: Counter[Row]) -> dict[tuple[str, str], int]:
    """So many more on each; {(scope, row key): its new number}. Inside atomic(). In one order for everybody, so that two
    callers cannot lock crosswise."""
    if not more:
        return {}
    insert = insert_for(SharedUse).values(
        [
            {"id": new_id(), "scope": scope, "key": key, "period_start": start, "used": number}
            for (scope, key, start), number in sorted(more.items())
        ]
    )
    upsert = insert.on_conflict_do_update(
        index_elements=["scope", "key", "period_start"], set_={"used": SharedUse.used + insert.excluded.used}
    )
    rows = db.session.execute(upsert.returning(SharedUse.scope, SharedUse.key, SharedUse.used))
    return {(row.scope, row.key): row.used for row in rows}


def block(scope: str, key: str, until: datetime) -> None:
    """Remember the platform's own word about app and address: no `key` ("": nothing at all) before `until` (aware UTC)."""
    values = {"scope": scope, "key": f"block:{key}", "period_start": ALWAYS, "used": 0, "blocked_until": until}
    with atomic():
        db.session.execute(
            insert_for(SharedUse)
            .values(id=new_id(), **values)
            .on_conflict_do_update(index_elements=["scope", "key", "period_start"], set_={"blocked_until": until})
        )


def blocks(scopes: Iterable[str], now: datetime) -> dict[tuple[str, str], datetime]:
    """{(scope, "block:…"): until when}, of what the platform blocks now."""
    rows = db.session.execute(
        select(SharedUse.scope, SharedUse.key, SharedUse.blocked_until).where(
            SharedUse.scope.in_(list(scopes)), SharedUse.blocked_until > now
        )
    )
    return {(row.scope, row.key): row.blocked_until for row in rows if row.blocked_until is not None}


def blocked_until(scope: str, names: Iterable[str], now: datetime) -> datetime | None:
    """Until when any of `names` ("block:…") is blocked for app and address; None: not."""
    found = blocks([scope], now) if scope else {}
    return max((found[scope, name] for name in names if (scope, name) in found), default=None)


def used(scopes: Iterable[str], starts: Iterable[datetime]) -> dict[Row, int]:
    """How often the counters of these periods ran."""
    rows = db.session.execute(
        select(SharedUse.scope, SharedUse.key, SharedUse.period_start, SharedUse.used).where(
            SharedUse.scope.in_(list(scopes)), SharedUse.period_start.in_(list(starts))
        )
    )
    return {(row.scope, row.key, row.period_start): row.used for row in rows}


def met(scopes: Iterable[str], since: datetime, now: datetime) -> set[str]:
    """Of these, those of which anything is known that bears on `now`."""
    bearing = or_(SharedUse.period_start >= since, SharedUse.blocked_until > now)
    return set(db.session.scalars(select(SharedUse.scope).where(SharedUse.scope.in_(list(scopes)), bearing)))
