"""What stands around some hours of some accounts, read at once: the ground on which conflicts and free slots are found."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts import quotas
from app.accounts.models import Account
from app.db import db
from app.posts.models import Post, Variant
from app.publishing import blackouts, timetables
from app.publishing.models import Blackout, Publication
from app.publishing.openings import RELEASED
from app.publishing.plan_models import GAP, Plan, Timetable
from app.publishing.reserving import publish_quota
from connectors.values import Quota

# Posts of one title on one account within so long are told to be twins.
TWINS = timedelta(days=7)
# The posts for which a wish counts: without a schedule of their own.
UNSCHEDULED = ("draft", "in_review", "returned", "approved")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One post at one hour on one account; `planned`: only wished for, it takes no place of a quota."""

    account_id: str
    at: datetime
    post_id: str
    title: str
    planned: bool = False
    publication_id: str = ""


class Diary:
    """The entries of `accounts` from before `first` until after `last`, far enough for every rule; black-outs; rules.

    `besides`: posts whose own entries count as not there, since they are the ones to be placed.
    """

    def __init__(
        self, accounts: Collection[Account], first: datetime, last: datetime, *, besides: Collection[str] = ()
    ) -> None:
        self._timetables = timetables.of_accounts(account.id for account in accounts)
        self._quotas = {account.id: publish_quota(account) for account in accounts}
        start, end = first - TWINS, last + TWINS
        for quota in self._quotas.values():
            if quota is not None:
                start = min(start, quotas.bounds(quota.period, first)[0])
                end = max(end, quotas.bounds(quota.period, last)[1])
        self._silences = blackouts.between(first, last)
        self._entries: dict[str, list[Entry]] = {}
        ids = [account.id for account in accounts]
        for entry in [*_published(ids, start, end), *_planned(ids, start, end)]:
            if entry.post_id not in besides:
                self.add(entry)

    def add(self, entry: Entry) -> None:
        """Another one that is meant to stand there, such as an earlier row of the same file."""
        insort(self._entries.setdefault(entry.account_id, []), entry, key=lambda one: one.at)

    def gap(self, account: Account) -> timedelta:
        """How far apart the account's posts should lie."""
        found = self._timetables.get(account.id)
        return timedelta(minutes=found.gap_minutes if found else GAP)

    def has_slots(self, account: Account) -> bool:
        found = self._timetables.get(account.id)
        return bool(found and found.slots)

    def timetable(self, account: Account) -> Timetable | None:
        return self._timetables.get(account.id)

    def quota(self, account: Account) -> Quota | None:
        return self._quotas.get(account.id)

    def others(self, account: Account, post_id: str, start: datetime, end: datetime) -> list[Entry]:
        """What stands there from `start` until before `end` beside this post, in time."""
        kept = self._entries.get(account.id, [])
        first, last = (bisect_left(kept, edge, key=lambda one: one.at) for edge in (start, end))
        return [entry for entry in kept[first:last] if entry.post_id != post_id]

    def nearest(self, account: Account, at: datetime, post_id: str) -> Entry | None:
        """The entry closer to `at` than the account's gap, if any."""
        gap = self.gap(account)
        near = [entry for entry in self.others(account, post_id, at - gap, at + gap) if abs(entry.at - at) < gap]
        return min(near, key=lambda entry: abs(entry.at - at), default=None)

    def taken(self, account: Account, at: datetime, post_id: str, *, planned: bool = False) -> list[Entry]:
        """Those that use up the quota of the day or month around `at`, in time; [] where there is none to use up.

        `planned`: wishes count, too."""
        quota = self.quota(account)
        if quota is None:
            return []
        start, end = quotas.bounds(quota.period, at)
        return [entry for entry in self.others(account, post_id, start, end) if planned or not entry.planned]

    def full(self, account: Account, at: datetime, post_id: str, *, planned: bool = False) -> bool:
        quota = self.quota(account)
        return quota is not None and len(self.taken(account, at, post_id, planned=planned)) >= quota.limit

    def silence(self, account: Account, at: datetime, *, urgent: bool) -> Blackout | None:
        """The black-out in which nothing of the account goes out at `at`."""
        for row in self._silences:
            if row.starts_at <= at < row.ends_at and (row.urgent_too or not urgent) and blackouts.hits(row, account):
                return row
        return None

    def free(self, account: Account, at: datetime, post_id: str, *, urgent: bool = False) -> bool:
        """Whether the account could take the post at `at` without any objection of time."""
        return (
            self.nearest(account, at, post_id) is None
            and not self.full(account, at, post_id, planned=True)
            and self.silence(account, at, urgent=urgent) is None
        )


def _published(account_ids: Sequence[str], start: datetime, end: datetime) -> list[Entry]:
    """What is scheduled or has gone."""
    query = (
        select(Publication.account_id, Publication.due_at, Publication.post_id, Post.title, Publication.id)
        .join(Post, Post.id == Publication.post_id)
        .where(
            Publication.account_id.in_(account_ids),
            Publication.due_at >= start,
            Publication.due_at < end,
            Publication.status.not_in(RELEASED),
        )
    )
    return [
        Entry(account_id=account_id, at=at, post_id=post_id, title=title, publication_id=key)
        for account_id, at, post_id, title, key in db.session.execute(query)
    ]


def _planned(account_ids: Sequence[str], start: datetime, end: datetime) -> list[Entry]:
    """What is wished for by posts without a schedule, on the accounts that they have chosen."""
    query = (
        select(Variant.account_id, Plan.wished_at, Plan.post_id, Post.title)
        .join(Post, Post.id == Plan.post_id)
        .join(Variant, Variant.revision_id == Post.revision_id)
        .where(
            Variant.account_id.in_(account_ids),
            Plan.wished_at >= start,
            Plan.wished_at < end,
            Post.status.in_(UNSCHEDULED),
        )
        .order_by(Plan.wished_at, Plan.post_id)
    )
    return [
        Entry(account_id=account_id, at=at, post_id=post_id, title=title, planned=True)
        for account_id, at, post_id, title in db.session.execute(query)
    ]
