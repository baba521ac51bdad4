"""Reads, likes, comments and reposts of what was published: which are asked for, when, and what came of it.

Asked sparsely: an hour, a day and a week after it went out. Where calls are rationed all that is due of an account is
asked at once, and only so often that the budget for history has room for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts import connections
from app.accounts.models import Account
from app.accounts.services import quota_summary
from app.db import atomic, db
from app.publishing.models import Publication, PublicationFigures
from app.publishing.values import receipt_of
from connectors.errors import ConnectorError, RateLimited, Unavailable
from connectors.values import Figures, Receipt

AFTER = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))
LEASE = timedelta(minutes=10)
# The platforms' own most in one call (statuses/count).
AT_ONCE = 100
# Not counted yet (WeChat: until eight o'clock next morning): asked again after this, as long as it is so new.
_NOT_YET, _NEW = timedelta(hours=8), timedelta(days=2)
_LATER = timedelta(hours=1)
NAMES = ("reads", "likes", "comments", "reposts")


@dataclass(frozen=True, kw_only=True)
class Due:
    """What to ask of one account: {publication id: receipt}."""

    account_id: str
    receipts: dict[str, Receipt]


def claim(now: datetime, limit: int) -> list[Due]:
    """Accounts with something due, each publication given to one caller only; a dead caller's comes again."""
    _plan(now)
    due = PublicationFigures.next_at <= now
    oldest = func.min(PublicationFigures.next_at)
    ids = db.session.scalars(
        select(PublicationFigures.account_id)
        .where(due)
        .group_by(PublicationFigures.account_id)
        .order_by(oldest, PublicationFigures.account_id)
        .limit(limit)
    ).all()
    taken = []
    for account_id in ids:
        with atomic():
            at = _not_before(account_id, now)
            mine = _take(account_id, now, now + LEASE if at <= now else at)
            receipts = _receipts(mine)
            if at <= now and receipts:
                taken.append(Due(account_id=account_id, receipts=receipts))
    return taken


def _plan(now: datetime) -> None:
    """A row for everything that is out and has none."""
    known = exists().where(PublicationFigures.publication_id == Publication.id)
    new = (
        select(Publication.id, Publication.account_id, Publication.published_at)
        .where(Publication.status == "published", Publication.published_at > now - AFTER[-1], ~known)
        .limit(500)
    )
    # Asked every minute: no transaction unless there is something.
    if not db.session.execute(new.limit(1)).all():
        return
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    with atomic():
        rows = [
            {"publication_id": row.id, "account_id": row.account_id, "next_at": row.published_at + AFTER[0], "note": ""}
            for row in db.session.execute(new)
        ]
        if rows:
            db.session.execute(insert(PublicationFigures).values(rows).on_conflict_do_nothing())


def _not_before(account_id: str, now: datetime) -> datetime:
    """When the account may be asked again: a fifth of the calls for history and probes are for this."""
    account = db.session.get_one(Account, account_id)
    if not account.active or "figures" not in connections.capabilities(account).offers:
        return now + AFTER[1]
    row = next((row for row in quota_summary(account, now) if row["key"] == "history"), None)
    last = db.session.scalar(
        select(func.max(PublicationFigures.read_at)).where(PublicationFigures.account_id == account_id)
    )
    if row is None or last is None:
        return now
    return last + timedelta(days=1) / max(1, int(row["limit"]) // 5)


def _take(account_id: str, now: datetime, until: datetime) -> list[str]:
    mine = (
        select(PublicationFigures.publication_id)
        .where(PublicationFigures.account_id == account_id, PublicationFigures.next_at <= now)
        .order_by(PublicationFigures.next_at, PublicationFigures.publication_id)
        .limit(AT_ONCE)
    )
    rows = db.session.execute(
        update(PublicationFigures)
        .where(PublicationFigures.publication_id.in_(mine), PublicationFigures.next_at <= now)
        .values(next_at=until)
        .returning(PublicationFigures.publication_id)
        .execution_options(synchronize_session=False)
    ).all()
    return [row.publication_id for row in rows]


def _receipts(ids: Sequence[str]) -> dict[str, Receipt]:
    """What still stands and can be asked for; the rest is asked for no more."""
    rows = db.session.scalars(
        select(Publication).where(Publication.id.in_(ids), Publication.status == "published")
    ).all()
    found = {row.id: receipt for row in rows if (receipt := receipt_of(row.receipt)) and receipt.external_id}
    gone = set(ids) - set(found)
    if gone:
        db.session.execute(
            update(PublicationFigures)
            .where(PublicationFigures.publication_id.in_(gone))
            .values(next_at=None)
            .execution_options(synchronize_session=False)
        )
    return found


def record(due: Due, told: Sequence[Figures], now: datetime) -> None:
    """Keep what the platform counts now. What it does not tell leaves what was known."""
    by_id = {figures.external_id: figures for figures in told}
    with atomic():
        for publication_id, receipt in due.receipts.items():
            row = db.session.get_one(PublicationFigures, publication_id, populate_existing=True)
            out_at = db.session.get_one(Publication, publication_id).published_at or now
            figures = by_id.get(receipt.external_id)
            numbers = {name: getattr(figures, name) for name in NAMES} if figures else {}
            told_any = any(number is not None for number in numbers.values())
            for name, number in numbers.items():
                if number is not None:
                    setattr(row, name, number)
            if told_any:
                row.read_at, row.note = now, ""
            row.next_at = _next(out_at, now) if told_any or now - out_at >= _NEW else now + _NOT_YET


def record_failure(due: Due, error: ConnectorError, now: datetime) -> None:
    """Nothing could be had: the page says why, and it is asked again when that may help."""
    if isinstance(error, RateLimited | Unavailable):
        again = max(getattr(error, "until", None) or now, now + _LATER)
    else:
        again = now + AFTER[1]
    with atomic():
        for publication_id in due.receipts:
            row = db.session.get_one(PublicationFigures, publication_id, populate_existing=True)
            out_at = db.session.get_one(Publication, publication_id).published_at or now
            row.note = str(error)
            row.next_at = again if again <= out_at + AFTER[-1] + AFTER[1] else None


def _next(out_at: datetime, now: datetime) -> datetime | None:
    return next((out_at + pause for pause in AFTER if out_at + pause > now), None)


def figures_json(row: PublicationFigures | None) -> dict[str, object] | None:
    """{reads, likes, comments, reposts, read_at}, None when nothing was counted yet."""
    if row is None or row.read_at is None:
        return None
    return {**{name: getattr(row, name) for name in NAMES}, "read_at": row.read_at}
