"""Figures of publishing by whatever means: how much on each day, and the longest silence of each account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select, union_all

from app.accounts.models import Account
from app.days import day_number, edges, in_days
from app.db import db
from app.inspection.dormancy import Dormancy, Level, doubt, last_posts, taken_away, watched
from app.inspection.models import HistoryItem
from app.inspection.rules import VETO_AT, WARN_AT
from app.publishing.models import Publication
from app.units.access import Actor


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The longest time within some days in which an account published nothing that we know of.

    `days` are whole ones, None when nothing is known at all. `sure` False: posts may exist that we do not know of, so
    that it may have been shorter. `known_from`: what was before is not known, None when all is. `least`: it began
    before the first of the days, when exactly is not known. `running`: it had not ended by the end of the days.
    """

    account: Account
    days: int | None
    unknown_days: int
    known_from: datetime | None
    sure: bool
    least: bool
    running: bool

    @property
    def level(self) -> Level:
        """What inspectors would say of it; never "ok" when what is not known may hide more."""
        if self.days is None or (not self.sure and self.days >= WARN_AT[0]):
            return "unknown"
        if self.days >= VETO_AT:
            return "veto"
        if self.unknown_days >= WARN_AT[0]:
            return "unknown"
        return "warn" if self.days >= WARN_AT[0] else "ok"


def published_per_day(actor: Actor, days: Sequence[date], *, unit_id: str = "") -> dict[str, list[int]]:
    """{platform: surviving posts on each of the days}, of every active account that the actor may see.

    Counts what the platform lists and what we published and it does not list, as posts_by_day does.
    """
    listed = (
        select(Account.platform.label("platform"), day_number(HistoryItem.published_at, days).label("day"))
        .join(HistoryItem, HistoryItem.account_id == Account.id)
        .where(
            *watched(actor, unit_id),
            in_days(HistoryItem.published_at, days),
            HistoryItem.deleted_at.is_(None),
            ~taken_away(),
        )
    )
    known = select(HistoryItem.id).where(
        HistoryItem.account_id == Publication.account_id, HistoryItem.external_id == Publication.external_id
    )
    ours = (
        select(Account.platform, day_number(Publication.published_at, days))
        .join(Publication, Publication.account_id == Account.id)
        .where(
            *watched(actor, unit_id),
            in_days(Publication.published_at, days),
            Publication.status == "published",
            ~known.exists(),
        )
    )
    rows = union_all(listed, ours).subquery()
    query = select(rows.c.platform, rows.c.day, func.count()).group_by(rows.c.platform, rows.c.day)
    found: dict[str, list[int]] = {}
    for platform, day, number in db.session.execute(query):
        found.setdefault(platform, [0] * len(days))[day] = number
    return found


def longest_gaps(
    states: Sequence[Dormancy], moments: Mapping[str, Sequence[datetime]], days: Sequence[date], now: datetime
) -> list[Gap]:
    """One for each state, the longest first; `moments` as history.moments gives them for the same days."""
    begin, end = edges(days)[0], min(edges(days)[-1], now)
    before = last_posts([state.account.id for state in states], before=begin)
    gaps = [
        _gap(state.account, before.get(state.account.id), moments.get(state.account.id, ()), begin, end, now)
        for state in states
    ]
    return sorted(gaps, key=lambda gap: (-1 if gap.days is None else gap.days, gap.account.name), reverse=True)


def _gap(
    account: Account, before: datetime | None, seen: Sequence[datetime], begin: datetime, end: datetime, now: datetime
) -> Gap:
    sure = not doubt(account, now)
    seen = [at for at in seen if at < end]
    # Lists of platforms reach back only so far: before the first post that we know of there may have been others.
    # Where we know of none, there was none since we watch the account.
    known_from = begin if before is not None else seen[0] if seen else max(begin, account.created_at)
    if before is None and not seen and (not sure or known_from >= end):
        return Gap(account=account, days=None, unknown_days=0, known_from=None, sure=False, least=False, running=True)
    points = [before if before is not None else known_from, *seen, end]
    length, since, until = max(((b - a, a, b) for a, b in pairwise(points)), key=lambda each: each[0])
    return Gap(
        account=account,
        days=max(0, length // timedelta(days=1)),
        unknown_days=(known_from - begin) // timedelta(days=1),
        known_from=known_from if known_from > begin else None,
        sure=sure,
        least=before is None and since == begin,
        running=until == end,
    )
