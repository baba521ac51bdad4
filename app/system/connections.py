"""The accounts' ties to their platforms: what of their quotas is spent, until when they are blocked, when pushes came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.accounts import connections, tallies
from app.accounts.allotment import standing_quotas
from app.accounts.models import Account
from app.db import db
from app.publishing import reserving
from app.publishing.reserving import Places
from app.system import measuring
from app.units.access import Actor, visible

# So many on the page; the others are told by number.
MOST = 100
# From here on a counter is worth a line of its own.
NEARLY = 0.8
_SILENT = 300


@dataclass(frozen=True, kw_only=True)
class Tie:
    """One account's. `quotas` as of quota_summary(), the fullest first; `places`: publications that it may still be given
    today or this month; `pushes`: whether its platform is to push messages to us."""

    account: Account
    quotas: Sequence[Mapping[str, Any]]
    places: Places | None
    pushes: bool
    forged: int = 0
    forged_at: datetime | None = None
    unreadable: int = 0

    @property
    def told(self) -> Sequence[Mapping[str, Any]]:
        """The counters worth a line: what is blocked or nearly spent, else the fullest that was touched at all."""
        tight = [row for row in self.quotas if measuring.ratio_of(row) >= NEARLY]
        return tight or [row for row in self.quotas[:1] if row["used"]]

    @property
    def rest(self) -> Sequence[Mapping[str, Any]]:
        return [row for row in self.quotas if row not in self.told]

    @property
    def spent(self) -> bool:
        return any(measuring.ratio_of(row) >= 1 for row in self.quotas)

    @property
    def silent(self) -> bool:
        """Its platform should push to us and never did."""
        return self.pushes and self.account.last_callback_at is None


def ties(actor: Actor, now: datetime) -> tuple[list[Tie], int]:
    """Of at most MOST active accounts that this person sees, by name; and how many there are."""
    seen = (visible(actor, "account.read", Account.unit_id), Account.active)
    total = db.session.scalar(select(func.count()).select_from(Account).where(*seen)) or 0
    accounts = list(db.session.scalars(select(Account).where(*seen).order_by(Account.name, Account.id).limit(MOST)))
    return _ties(accounts, now), total


def count_spent(now: datetime) -> int:
    """Of all accounts, those with a quota that is used up or blocked by the platform."""
    spent = standing_quotas(measuring.busiest(now), now)
    return sum(any(measuring.ratio_of(row) >= 1 for row in rows) for rows in spent.values())


def count_silent() -> int:
    """Of all accounts, those whose platform should push to us and never did; of the first some hundreds."""
    silent = select(Account).where(Account.active, Account.last_callback_at.is_(None)).limit(_SILENT)
    return sum(bool(connections.capabilities(account).pushes) for account in db.session.scalars(silent))


def count_forged() -> int:
    return sum(
        n for (_platform, verdict), n in tallies.by_platform(tallies.CALLBACK).items() if verdict == tallies.FORGED
    )


def _ties(accounts: Sequence[Account], now: datetime) -> list[Tie]:
    spent = standing_quotas(accounts, now)
    places = {one.account.id: one for one in reserving.places(accounts, [now]).get(now, [])}
    counted = tallies.of_accounts([account.id for account in accounts], tallies.CALLBACK)
    found = []
    for account in accounts:
        forged, broken = (counted.get((account.id, verdict)) for verdict in (tallies.FORGED, tallies.UNREADABLE))
        found.append(
            Tie(
                account=account,
                quotas=sorted(spent[account.id], key=measuring.ratio_of, reverse=True),
                places=places.get(account.id),
                pushes=bool(connections.capabilities(account).pushes),
                forged=forged.total if forged else 0,
                forged_at=forged.last_at if forged else None,
                unreadable=broken.total if broken else 0,
            )
        )
    return found
