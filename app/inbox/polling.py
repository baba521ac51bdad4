"""Which accounts are asked for messages, when, and what came of it. The asking itself is the scheduler's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from app.accounts import quotas
from app.accounts.models import Account
from app.accounts.services import quota_summary
from app.config import current
from app.db import atomic, db
from app.inbox.ingesting import ingest
from app.inbox.models import Message
from app.publishing.models import Publication
from app.publishing.values import receipt_of
from connectors.errors import ConnectorError, RateLimited, Unavailable
from connectors.values import InboundMessage, Page, Receipt

LEASE = timedelta(minutes=3)
# After a refusal that a person must mend, asking often helps nobody.
_REFUSED_PAUSE = timedelta(hours=1)
_UNREACHABLE_PAUSE = timedelta(minutes=1)
_HISTORY_PAUSE = timedelta(hours=6)
# Comments are looked for under the posts of this long.
_COMMENTED_FOR = timedelta(days=30)
_MOST_POSTS = 20


@dataclass(frozen=True, kw_only=True)
class Poll:
    """One account to ask: its cursor, the posts whose comments may be asked, and whether its history is due."""

    account_id: str
    cursor: dict[str, str]
    posts: tuple[Receipt, ...]
    history_due: bool


def claim_polls(limit: int, now: datetime) -> list[Poll]:
    """Active accounts whose turn it is, each leased to one caller; a dead caller's lease runs out."""
    due = (
        Account.active,
        or_(Account.next_poll_at.is_(None), Account.next_poll_at <= now),
        or_(Account.poll_claim_until.is_(None), Account.poll_claim_until <= now),
    )
    # Asked every second: no transaction unless it is somebody's turn.
    if db.session.scalar(select(Account.id).where(*due).limit(1)) is None:
        return []
    with atomic():
        ids = db.session.scalars(
            select(Account.id)
            .where(*due)
            .order_by(Account.next_poll_at, Account.id)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        ).all()
        taken = []
        for account_id in ids:
            changed = db.session.execute(
                update(Account)
                .where(Account.id == account_id, *due)
                .values(poll_claim_until=now + LEASE)
                .returning(Account.id)
                .execution_options(synchronize_session=False)
            ).all()
            taken += [row.id for row in changed]
        return [_poll(db.session.get_one(Account, account_id), now) for account_id in taken]


def record_poll(
    account_id: str, page: Page[InboundMessage], now: datetime, *, begun: datetime | None = None
) -> list[Message]:
    """Messages, cursor, what could not be had and the next turn, in one transaction. `begun`: when the asking began."""
    with atomic():
        account = db.session.get_one(Account, account_id)
        fresh = ingest(account, page.items, cursor=page.cursor, begun=begun, now=now)
        account.poll_note = page.unavailable
        account.polled_at = now
        _next_turn(account, now + _pause(account, now))
        return fresh


def record_poll_failure(account_id: str, error: ConnectorError, now: datetime) -> None:
    """Nothing could be had: the screen says why, and the next turn comes when it may help."""
    with atomic():
        account = db.session.get_one(Account, account_id)
        account.poll_note = str(error)
        base = timedelta(seconds=current().poll_seconds)
        if isinstance(error, RateLimited) and error.until is not None:
            _next_turn(account, max(error.until, now + base))
        elif isinstance(error, RateLimited | Unavailable):
            _next_turn(account, now + max(base, _UNREACHABLE_PAUSE))
        else:
            _next_turn(account, now + max(base, _REFUSED_PAUSE))


def record_history_failure(account_id: str, error: ConnectorError, now: datetime) -> None:
    """The account's own posts could not be listed: what is known of them may be too little."""
    with atomic():
        account = db.session.get_one(Account, account_id)
        account.history_note = str(error)


def release_poll(account_id: str, note: str, now: datetime) -> None:
    """Something of ours went wrong: say so, and let the account's turn come again."""
    with atomic():
        account = db.session.get_one(Account, account_id)
        account.poll_note = note
        _next_turn(account, now + max(timedelta(seconds=current().poll_seconds), _UNREACHABLE_PAUSE))


def recent_receipts(account: Account, now: datetime) -> tuple[Receipt, ...]:
    """Receipts of the account's newest publications, newest first: comments come to new posts."""
    rows = db.session.scalars(
        select(Publication.receipt)
        .where(
            Publication.account_id == account.id,
            Publication.status == "published",
            Publication.published_at >= now - _COMMENTED_FOR,
        )
        .order_by(Publication.published_at.desc())
        .limit(_MOST_POSTS)
    )
    return tuple(receipt for row in rows if (receipt := receipt_of(row)) is not None)


def _poll(account: Account, now: datetime) -> Poll:
    return Poll(
        account_id=account.id,
        cursor={key: str(value) for key, value in account.poll_cursor.items()},
        posts=recent_receipts(account, now),
        history_due=account.history_at is None or now - account.history_at >= _history_pause(account, now),
    )


def _next_turn(account: Account, at: datetime) -> None:
    account.poll_claim_until = None
    account.next_poll_at = at


def _row(account: Account, key: str, now: datetime) -> dict[str, object] | None:
    return next((row for row in quota_summary(account, now) if row["key"] == key), None)


def _pause(account: Account, now: datetime) -> timedelta:
    """The base rhythm while the day's budget allows it; else what is left, spread over the rest of the day.

    Ahead of the clock by half of what the rest of the day is due: an afternoon's start must not spend the evening's.
    """
    base = timedelta(seconds=current().poll_seconds)
    row = _row(account, "unread", now)
    if row is None:
        return base
    limit, used = int(str(row["limit"])), int(str(row["used"]))
    start, end = quotas.bounds("day", now)
    elapsed = (now - start) / (end - start)
    if used < limit * elapsed + limit / 2 * (1 - elapsed):
        return base
    return max(base, (end - now) / max(1, limit - used))


def _history_pause(account: Account, now: datetime) -> timedelta:
    """Half of the budget for history and probes goes into looking at what was posted by other means."""
    row = _row(account, "history", now)
    if row is None:
        return _HISTORY_PAUSE
    spread = timedelta(days=1) / max(1, int(str(row["limit"])) // 2)
    return min(_HISTORY_PAUSE, max(timedelta(seconds=current().poll_seconds), spread))
