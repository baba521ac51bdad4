"""What may be sent by the ledger of calls: whose quota is used up, or blocked by the platform, waits unclaimed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from app.accounts import allowance, connections, quotas
from app.accounts.allowance import Wish
from app.db import db
from app.publishing import outcomes, states
from app.publishing.models import Publication
from connectors.base import Connector

log = structlog.get_logger()

# Calls that are being made may use up what is left: looked at again so soon.
_SOON = timedelta(seconds=1)


def afford(going: Sequence[Publication], now: datetime) -> list[Publication]:
    """Those whose call is within its account's quotas, in their order; the others are put off, saying why and until when.

    Inside atomic(). The ledger itself counts (and may refuse) when the call is made: this keeps what it would refuse from
    being claimed in vain.
    """
    limited = allowance.met({row.account_id for row in going}, now)
    if not limited:
        return list(going)
    in_flight = _in_flight(limited)
    wishes = _wishes([row for row in going if row.account_id in limited and not row.hand_over])
    left = allowance.left(wishes.values(), now)
    found = []
    for row in going:
        wish = wishes.get(row.id)
        allowed = left[wish] if wish is not None else None
        if wish is None or allowed is None or allowed.calls is None:
            found.append(row)
        elif allowed.refusal is not None:
            put_off(row, f"尚未发出：{allowed.refusal.cause}{allowed.refusal.remedy}", allowed.until, now)
        elif allowed.calls <= in_flight[row.account_id]:
            states.touch(row, now=now, next_attempt_at=now + _SOON)
        else:
            in_flight[row.account_id] += 1
            found.append(row)
    return found


def put_off(row: Publication, why: str, until: datetime, now: datetime) -> None:
    """A ready one waits until then, or is held when that is beyond its lateness limit."""
    if until > outcomes.late_at(row):
        outcomes.hold(row, now, f"{why}到能再发时已超过最晚时限，请放行、改期或取消。")
    else:
        states.touch(row, now=now, why=why, next_attempt_at=until)


def _wishes(rows: Sequence[Publication]) -> dict[str, Wish]:
    """{publication: the call it needs}, without those that need none."""
    found: dict[str, Wish] = {}
    speaking: dict[str, Connector] = {}
    for row in rows:
        try:
            connector = speaking.get(row.account_id) or connections.connect(row.account)
            call = connector.sends(row.payload)
            known = quotas.overridden(connector.capabilities().quotas, row.account.settings)
        except Exception:
            # What nobody understands keeps no other one back: it is claimed, and told of by whoever tries to send it.
            log.exception("call not known", publication=row.id)
            continue
        speaking[row.account_id] = connector
        if call:
            found[row.id] = Wish(account_id=row.account_id, call=call, quotas=known)
    return found


def _in_flight(account_ids: set[str]) -> Counter[str]:
    """How many of each account are being sent: their calls may not be counted yet."""
    rows = db.session.scalars(
        select(Publication.account_id).where(
            Publication.status == "committing", Publication.account_id.in_(account_ids)
        )
    )
    return Counter(rows)
