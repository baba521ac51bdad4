"""What the platforms list of each account's posts, and how many there were on each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select

from app.accounts.models import Account
from app.days import days_until, in_days, local_day
from app.db import atomic, db
from app.inspection.dormancy import last_posts, taken_away
from app.inspection.models import HistoryItem
from app.publishing.models import Publication
from connectors.values import Page, PublishedItem


def record_history(account: Account, page: Page[PublishedItem], now: datetime) -> None:
    """Keep what the platform lists; what it lists no longer, where its list is complete, is gone."""
    with atomic():
        account = db.session.get_one(Account, account.id)
        known = {
            item.external_id: item
            for item in db.session.scalars(select(HistoryItem).where(HistoryItem.account_id == account.id))
        }
        for item in page.items:
            _keep(account, known.get(item.external_id), item, now)
        listed = {item.external_id for item in page.items}
        for row in known.values():
            if row.external_id not in listed and _covered(row, page):
                row.deleted_at = row.deleted_at or now
        account.history_at, account.history_note, account.history_misses = now, page.unavailable, 0
        db.session.flush()
        account.last_published_at = last_posts([account.id]).get(account.id)


def posts_by_day(account_ids: Sequence[str], today: date, days: int) -> dict[str, dict[date, int]]:
    """How many surviving posts each account had on each of `days` days, `today` the last of them."""
    return count_days(moments(account_ids, days_until(today, days)))


def moments(account_ids: Sequence[str], days: Sequence[date]) -> dict[str, list[datetime]]:
    """When each account published what survives, within consecutive days of the installation's time zone."""
    seen: dict[str, dict[str, datetime]] = {account_id: {} for account_id in account_ids}
    listed = select(HistoryItem).where(
        HistoryItem.account_id.in_(account_ids), in_days(HistoryItem.published_at, days), ~taken_away()
    )
    gone: set[tuple[str, str]] = set()
    for item in db.session.scalars(listed):
        if item.deleted_at is None:
            seen[item.account_id][item.external_id] = item.published_at
        else:
            gone.add((item.account_id, item.external_id))
    ours = select(Publication.account_id, Publication.external_id, Publication.id, Publication.published_at).where(
        Publication.account_id.in_(account_ids),
        Publication.status == "published",
        in_days(Publication.published_at, days),
    )
    for account_id, external_id, publication_id, at in db.session.execute(ours):
        if at is not None and (account_id, external_id) not in gone:
            seen[account_id].setdefault(external_id or publication_id, at)
    return {account_id: sorted(items.values()) for account_id, items in seen.items()}


def count_days(found: Mapping[str, Iterable[datetime]]) -> dict[str, dict[date, int]]:
    """{account: {day: how many}} of what `moments` found."""
    return {account_id: dict(Counter(local_day(at) for at in each)) for account_id, each in found.items()}


def _keep(account: Account, row: HistoryItem | None, item: PublishedItem, now: datetime) -> None:
    if row is None:
        row = HistoryItem(account_id=account.id, external_id=item.external_id[:120], published_at=item.published_at)
        db.session.add(row)
    row.url, row.title = item.url[:500], item.title.replace("\x00", "")[:500]
    row.published_at, row.seen_at = item.published_at, now
    row.deleted_at = (row.deleted_at or now) if item.deleted else None


def _covered(row: HistoryItem, page: Page[PublishedItem]) -> bool:
    return page.complete_since is not None and row.published_at > page.complete_since
