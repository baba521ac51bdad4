"""Something of the account went public under a number nobody here knows: what was taken for not sent is doubted.

The platform's word about the end of a publication names its own number only. Where the answer that would have told us
that number was lost, the word may be about the very call that somebody, or a check, took for not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.accounts.models import Account
from app.db import db
from app.publishing import outcomes, permalink, pushdown, states
from app.publishing.attempts import last_attempt
from app.publishing.models import Attempt, Publication
from app.publishing.values import receipt_of
from app.words import N_

# A review has no documented end; what was sent longer ago is left to the people who looked at the platform's page.
DOUBTED_FOR = timedelta(days=7)
ABSENT = "absent"
_WAITING = ("scheduled", "preparing", "ready")
# A person will decide of these anyway: she is told before.
_STOPPED = ("held", "missed")
CAUSE = N_("平台说本账号有一篇文章发布成功，编号不是本系统记下的，可能就是先前被当作没有发出的这一次。")


def doubt(account: Account, entry: Mapping[str, Any], now: datetime, *, later: bool = False) -> None:
    """failed, cancelled -> unknown, looked up at once; what a person queued again is held before it goes out a second time,
    also when the one that was taken for not sent was cancelled and the post scheduled anew.

    `later`: the word was kept with a call of the account that has no answer yet and may be about that one. What waits is
    held all the same, which can be taken back; what failed is doubted when that call has ended (verifying.apply_early).
    Inside atomic().
    """
    for publication_id in _suspects(account, now):
        permalink.lock_post_of(publication_id)
        row = db.session.get_one(Publication, publication_id, with_for_update=True, populate_existing=True)
        attempt = last_attempt(row.id)
        if attempt is None or not _taken_for_not_sent(attempt, now):
            continue
        if row.status == "failed" and later:
            continue
        if row.status == "failed":
            attempt.outcome = "unknown"
            _keep(row, entry, now)
            outcomes.become_unknown(row, now, {"cause": CAUSE})
            states.touch(row, now=now, next_attempt_at=now)
        elif row.status in (*_WAITING, *_STOPPED):
            hold(row, entry, now)
        else:
            for queued in queued_again(row):
                hold(queued, entry, now)
            if not later:
                attempt.outcome = "unknown"
                _keep(row, entry, now)
                outcomes.reappear(row, now, cause=CAUSE)
        pushdown.push([row.post_id], now)


def queued_again(cancelled: Publication) -> list[Publication]:
    """What waits for the same post on the same account; the post is locked."""
    query = (
        select(Publication)
        .where(
            Publication.post_id == cancelled.post_id,
            Publication.account_id == cancelled.account_id,
            Publication.status.in_((*_WAITING, *_STOPPED)),
        )
        .order_by(Publication.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))


def hold(row: Publication, entry: Mapping[str, Any], now: datetime, cause: str = CAUSE) -> None:
    """Before it goes out a second time. Inside atomic(), the post locked."""
    _keep(row, entry, now)
    why = f"{cause}请登录平台核对：确实没有发出的再放行，已经发出的请取消。"
    if row.status in _STOPPED:
        states.touch(row, now=now, why=why)
    else:
        outcomes.hold(row, now, why)


def _suspects(account: Account, now: datetime) -> list[str]:
    return list(
        db.session.scalars(
            select(Publication.id)
            .join(Attempt, Attempt.publication_id == Publication.id)
            .where(
                Publication.account_id == account.id,
                Publication.status.in_(("failed", "cancelled", *_WAITING, *_STOPPED)),
                Attempt.outcome == ABSENT,
                Attempt.started_at >= now - DOUBTED_FOR,
            )
            .distinct()
            .order_by(Publication.id)
        )
    )


def _taken_for_not_sent(attempt: Attempt, now: datetime) -> bool:
    """Its answer was lost: one whose number is known is told of under that number."""
    known = receipt_of(attempt.receipt)
    return (
        attempt.outcome == ABSENT
        and attempt.started_at >= now - DOUBTED_FOR
        and not (known is not None and (known.details or known.external_id))
    )


def _keep(row: Publication, entry: Mapping[str, Any], now: datetime) -> None:
    states.touch(row, now=now, readbacks=[*(row.readbacks or []), dict(entry)][-40:])
