"""Which accounts are asked for messages, when, and what came of it. The asking itself is the scheduler's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select, update

from app.accounts import quotas
from app.accounts.changing import LOOK_AGAIN
from app.accounts.models import Account
from app.accounts.services import quota_summary
from app.config import current
from app.db import Moment, atomic, db
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
_MOST_DOUBLED = 10
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


def _turn(now: Moment) -> tuple[ColumnElement[bool], ...]:
    return (
        Account.active.is_(True),
        or_(Account.next_poll_at.is_(None), Account.next_poll_at <= now),
        or_(Account.poll_claim_until.is_(None), Account.poll_claim_until <= now),
    )


def due(now: Moment) -> ColumnElement[bool]:
    """SQL: it is some account's turn."""
    return exists().where(*_turn(now))


def claim_polls(limit: int, now: datetime) -> list[Poll]:
    """Active accounts whose turn it is, each leased to one caller; a dead caller's lease runs out."""
    due = _turn(now)
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
    account_id: str,
    page: Page[InboundMessage],
    now: datetime,
    *,
    asked_with: Mapping[str, str] | None = None,
    begun: datetime | None = None,
    cost: int = 1,
) -> list[Message]:
    """Messages, cursor, what could not be had and the next turn, in one transaction. `asked_with`: the cursor that was
    asked with, `begun`: when the asking began, `cost`: the calls for lists it took."""
    with atomic():
        account = db.session.get_one(Account, account_id)
        fresh = ingest(account, page.items, cursor=page.cursor, asked_with=asked_with, begun=begun, now=now)
        account.poll_note = page.unavailable
        account.polled_at = now
        _next_turn(account, now + _pause(account, now, cost))
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
    """The account's own posts could not be listed: what is known of them may be too little.

    A refusal waits as long as a look that was answered, and so does what waits for a person at the platform; an outage of
    minutes must not leave dormancy unknown for hours.
    """
    with atomic():
        account = db.session.get_one(Account, account_id)
        account.history_note, account.history_tried_at = str(error), now
        unanswered = isinstance(error, Unavailable) and not error.whole
        account.history_misses = account.history_misses + 1 if unanswered else 0


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
        history_due=history_due(account, now),
    )


def _next_turn(account: Account, at: datetime) -> None:
    account.poll_claim_until = None
    account.next_poll_at = at


def _pause(account: Account, now: datetime, cost: int) -> timedelta:
    """The base rhythm while the day's budgets allow it; else what is left of the scarcer one, spread over the rest of the
    day: a poll spends one of the counters' calls, and `cost` of the lists'."""
    base = timedelta(seconds=current().poll_seconds)
    rows = {str(row["key"]): row for row in quota_summary(account, now)}
    needed = {"unread": 1, "fetch": max(1, cost)}
    return max(
        [
            base,
            *(
                _spread(int(rows[key]["limit"]), int(rows[key]["used"]), n, now)
                for key, n in needed.items()
                if key in rows
            ),
        ]
    )


def _spread(limit: int, used: int, needed: int, now: datetime) -> timedelta:
    """Nothing as long as the day's budget is ahead of the clock by half of what the rest of the day is due: an afternoon's
    start must not spend the evening's. `needed` calls are made a time."""
    _, end = quotas.bounds("day", now)
    over = quotas.elapsed(now)
    if used + needed <= limit * over + limit / 2 * (1 - over):
        return timedelta(0)
    return (end - now) / (max(0, limit - used) // needed + 1)


def _missed_pause(account: Account, now: datetime) -> timedelta:
    """Until a look that nobody answered is made again: a minute after the first, twice as long after each further one, and
    longer where too much of the day's budget is gone."""
    row = next((row for row in quota_summary(account, now) if row["key"] == "history"), None)
    spread = _spread(int(row["limit"]), int(row["used"]), 1, now) if row else timedelta(0)
    growing = _UNREACHABLE_PAUSE * (1 << min(account.history_misses - 1, _MOST_DOUBLED))
    return max(timedelta(seconds=current().poll_seconds), growing, spread)


def history_due(account: Account, now: datetime) -> bool:
    """Whether it is time to look. A look that was refused waits as long as one that was answered: its calls are those of the tests, too."""
    if account.history_note == LOOK_AGAIN:
        return True
    looks = [at for at in (account.history_at, account.history_tried_at) if at is not None]
    if not looks:
        return True
    pause = _history_pause(account, now)
    if account.history_misses:
        pause = min(pause, _missed_pause(account, now))
    return now - max(looks) >= pause


def _history_pause(account: Account, now: datetime) -> timedelta:
    """A third of the budget for history and probes goes into looking at what was posted by other means: the rest is a
    probe a day and the figures of what was published."""
    row = next((row for row in quota_summary(account, now) if row["key"] == "history"), None)
    if row is None:
        return _HISTORY_PAUSE
    return max(timedelta(seconds=current().poll_seconds), timedelta(days=1) / max(1, int(row["limit"]) // 3))
