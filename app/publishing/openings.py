"""Days on which an account still has a place: what a refusal names, so that nobody has to try them out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts import quotas
from app.accounts.models import Account
from app.config import current
from app.db import db
from app.publishing import blackouts
from app.publishing.models import Publication
from connectors.values import Quota

# These gave their place back (or never took it).
RELEASED = ("cancelled", "failed", "missed")
NAMED = 3
# So far ahead a place is looked for; in months, the next three.
_DAYS = 31


def free_days(account: Account, quota: Quota, at: datetime, *, besides: str = "") -> list[date]:
    """The next days (Beijing's) after `at` with a place left at that hour and no black-out: at most NAMED.

    `besides`: a publication that takes no place, since it is the one to be moved. In a month that is full there is none:
    its successor's days are named."""
    zone = quotas.BEIJING
    clock = at.astimezone(zone).time()
    start = at.astimezone(zone).date() + timedelta(days=1)
    if quota.period == "month":
        start = quotas.bounds("month", at)[1].astimezone(zone).date()
    days = [start + timedelta(days=n) for n in range(_DAYS)]
    hours = [datetime.combine(day, clock, zone) for day in days]
    taken = _taken(
        account, quotas.bounds(quota.period, hours[0])[0], quotas.bounds(quota.period, hours[-1])[1], besides
    )
    silent = blackouts.between(hours[0], hours[-1])
    found: list[date] = []
    for day, hour in zip(days, hours, strict=True):
        begin, end = quotas.bounds(quota.period, hour)
        full = sum(begin <= one < end for one in taken) >= quota.limit
        if not full and not any(row.starts_at <= hour < row.ends_at and blackouts.hits(row, account) for row in silent):
            found.append(day)
        if len(found) == NAMED:
            break
    return found


def in_words(days: Sequence[date]) -> str:
    """7月14日、7月15日; "" for none."""
    return "、".join(f"{day.month}月{day.day}日" for day in days)


def moment_words(at: datetime) -> str:
    """7月14日 09:30, by the installation's clock."""
    local = at.astimezone(ZoneInfo(current().timezone))
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def _taken(account: Account, start: datetime, end: datetime, besides: str) -> Sequence[datetime]:
    return db.session.scalars(
        select(Publication.due_at).where(
            Publication.account_id == account.id,
            Publication.id != besides,
            Publication.due_at >= start,
            Publication.due_at < end,
            Publication.status.not_in(RELEASED),
        )
    ).all()
