"""What may be sent by the ledger of calls: whose quota is used up, or blocked by the platform, waits unclaimed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.accounts import allowance, connections, quotas
from app.accounts.allowance import Allowed, Wish
from app.db import db
from app.publishing import barrier, outcomes, states
from app.publishing.models import Publication, Schedule
from connectors.base import Connector
from connectors.errors import RateLimited

log = structlog.get_logger()

# Calls that are being made may use up what is left: looked at again so soon.
_SOON = timedelta(seconds=1)


def afford(going: Sequence[tuple[Schedule, Publication]], now: datetime) -> list[tuple[Schedule, Publication]]:
    """Those whose call is within its account's quotas, in their order; the others are put off, saying why and until when.
    Where partners go together or not at all, those of one that is put off wait as long.

    Inside atomic(). The ledger itself counts (and may refuse) when the call is made: this keeps what it would refuse from
    being claimed in vain.
    """
    rows = [row for _schedule, row in going]
    limited = allowance.met({row.account_id for row in rows}, now)
    if not limited:
        return list(going)
    wishes = _wishes([row for row in rows if row.account_id in limited and not row.hand_over])
    left = allowance.left(wishes.values(), now)
    in_flight = _in_flight(limited, {wish.scope for wish, allowed in left.items() if allowed.shared is not None})
    found: list[tuple[Schedule, Publication]] = []
    for schedule, group in groupby(going, key=lambda each: each[0]):
        sides = [row for _schedule, row in group]
        if schedule.on_partner_failure == "proceed":
            found += [(schedule, row) for row in sides if _afforded([row], wishes, left, in_flight, now)]
        elif _afforded(sides, wishes, left, in_flight, now):
            found += [(schedule, row) for row in sides]
    return found


def _afforded(
    sides: Sequence[Publication],
    wishes: Mapping[str, Wish],
    left: Mapping[Wish, Allowed],
    in_flight: Counter[str],
    now: datetime,
) -> bool:
    """Whether all of them may be sent now, counted as being sent then; else none of them is, and each waits or is held.
    `in_flight`: by account, and by what accounts share."""
    wanted = Counter(who for row in sides if row.id in wishes for who in (row.account_id, wishes[row.id].scope))
    ends: dict[str, datetime] = {}
    for row in sides:
        allowed = left[wishes[row.id]] if row.id in wishes else None
        if allowed is None:
            continue
        rests = ((row.account_id, allowed.calls), (wishes[row.id].scope, allowed.shared))
        if allowed.refusal is not None:
            ends[row.id] = put_off(row, allowed.refusal, allowed.until, now)
        elif any(rest is not None and rest < in_flight[who] + wanted[who] for who, rest in rests):
            ends[row.id] = now + _SOON
            states.touch(row, now=now, next_attempt_at=ends[row.id])
    if not ends:
        in_flight.update(wanted)
        return True
    until = max(ends.values())
    for row in sides:
        # One whose partner is held is judged again at once: the barrier holds it, too.
        if row.id not in ends and until > now:
            states.touch(row, now=now, why=barrier.FOR_PARTNER, next_attempt_at=until)
    return False


def put_off(row: Publication, refusal: RateLimited, until: datetime, now: datetime) -> datetime:
    """A ready one waits until then, or is held when that is beyond its lateness limit; when to look at its partners again."""
    if until > outcomes.late_at(row):
        outcomes.hold(row, now, f"尚未发出：{refusal.cause}到能再发时已超过最晚时限，请放行、改期或取消。")
        return now
    states.touch(row, now=now, why=f"尚未发出：{refusal.cause}{refusal.remedy}", next_attempt_at=until)
    return until


def _wishes(rows: Sequence[Publication]) -> dict[str, Wish]:
    """{publication: the call it needs}, without those that need none."""
    found: dict[str, Wish] = {}
    speaking: dict[str, Connector] = {}
    for row in rows:
        try:
            connector = speaking.get(row.account_id) or connections.connect(row.account)
            call = connector.sends(row.payload)
            known = quotas.overridden(connector.capabilities().quotas, row.account.settings)
        except SQLAlchemyError:
            # The database is away: nothing more can be asked in this transaction.
            raise
        except Exception:
            # What nobody understands keeps no other one back: it is claimed, and told of by whoever tries to send it.
            log.exception("call not known", publication=row.id)
            continue
        speaking[row.account_id] = connector
        if call:
            scope = connections.scopes_of([row.account_id])[row.account_id]
            found[row.id] = Wish(account_id=row.account_id, call=call, quotas=known, scope=scope)
    return found


def _in_flight(account_ids: set[str], scopes: set[str]) -> Counter[str]:
    """How many of each account, and of all that share an app's limits, are being sent: their calls may not be counted yet."""
    query = select(Publication.account_id).where(Publication.status == "committing")
    if not scopes:
        query = query.where(Publication.account_id.in_(account_ids))
    found = Counter(db.session.scalars(query))
    for account_id, scope in connections.scopes_of(found).items():
        if scope in scopes:
            found[scope] += found[account_id]
    return found
