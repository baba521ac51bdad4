"""Figures too dear for every reader: worked out by one scheduler, twice a minute, for all web processes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import func, select

from app.accounts import quotas
from app.accounts.allotment import standing_quotas
from app.accounts.models import Account, QuotaUse
from app.db import db
from app.posts.models import Post
from app.system import facts

KEY = "measures"
EVERY = timedelta(seconds=30)
QUANTILES = (0.5, 0.9, 0.99, 1.0)
_DAY = timedelta(days=1)
# Enough for a quantile; more pairs a day are sampled by their newest.
_MOST = 20_000
_BUSIEST = 200


def measure(now: datetime) -> bool:
    """{"quota_used": {platform: ratio}, "skew": {quantile: seconds}, "pairs": n}; True when it was this scheduler's turn."""
    if not facts.claim(KEY, EVERY, now):
        return False
    skews = skews_of_the_day(now)
    facts.record(KEY, {"quota_used": quota_used(now), "skew": quantiles(skews), "pairs": len(skews)}, now)
    return True


def quota_used(now: datetime) -> dict[str, float]:
    """{platform: the fullest counter of any of its accounts, 1.0 when it is used up or blocked by the platform}."""
    platforms = db.session.scalars(select(Account.platform).where(Account.active).distinct())
    fullest = dict.fromkeys(platforms, 0.0)
    accounts = busiest(now)
    by_id = {account.id: account.platform for account in accounts}
    for account_id, rows in standing_quotas(accounts, now).items():
        used = max((ratio_of(row) for row in rows), default=0.0)
        fullest[by_id[account_id]] = max(fullest[by_id[account_id]], used)
    return fullest


def ratio_of(row: Mapping[str, Any]) -> float:
    """How much of one counter of quota_summary() is spent, 0 to 1; blocked by the platform is all of it."""
    if row["blocked_until"]:
        return 1.0
    return min(1.0, float(row["used"]) / row["limit"]) if row["limit"] else 0.0


def busiest(now: datetime) -> list[Account]:
    """The active accounts that asked most in this month, and those that the platform blocks; some hundreds at most."""
    start, _end = quotas.bounds("month", now)
    asked = (
        select(QuotaUse.account_id)
        .where(QuotaUse.period_start >= start)
        .group_by(QuotaUse.account_id)
        .order_by(func.max(QuotaUse.used).desc())
        .limit(_BUSIEST)
    )
    blocked = select(QuotaUse.account_id).where(QuotaUse.blocked_until > now).limit(_BUSIEST)
    ids = {*db.session.scalars(asked), *db.session.scalars(blocked)}
    return list(db.session.scalars(select(Account).where(Account.id.in_(ids), Account.active)))


def skews_of_the_day(now: datetime) -> list[float]:
    """Seconds between the partners of each post whose hour was in the last day, ascending."""
    query = (
        select(Post.skew_seconds)
        .where(Post.publish_at > now - _DAY, Post.publish_at <= now, Post.skew_seconds.is_not(None))
        .order_by(Post.publish_at.desc())
        .limit(_MOST)
    )
    return sorted(float(skew) for skew in db.session.scalars(query) if skew is not None)


def quantiles(ascending: list[float]) -> Mapping[str, float]:
    """The nearest-rank quantiles; empty without values."""
    if not ascending:
        return {}
    return {str(q): ascending[max(1, ceil(len(ascending) * q)) - 1] for q in QUANTILES}
