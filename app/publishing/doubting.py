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
from app.publishing import appearing, outcomes, permalink, pushdown, states
from app.publishing.attempts import last_attempt
from app.publishing.models import Attempt, Publication
from app.publishing.values import receipt_of
from app.words import N_

# A review has no documented end; what was sent longer ago is left to the people who looked at the platform's page.
DOUBTED_FOR = timedelta(days=7)
ABSENT = "absent"
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
        elif row.status in appearing.WAITING:
            appearing.hold(row, entry, now, CAUSE)
        elif later:
            for queued in appearing.queued_again(row):
                appearing.hold(queued, entry, now, CAUSE)
        else:
            attempt.outcome = "unknown"
            _keep(row, entry, now)
            appearing.reappear(row, entry, now, cause=CAUSE)
        pushdown.push([row.post_id], now)


def _suspects(account: Account, now: datetime) -> list[str]:
    return list(
        db.session.scalars(
            select(Publication.id)
            .join(Attempt, Attempt.publication_id == Publication.id)
            .where(
                Publication.account_id == account.id,
                Publication.status.in_(("failed", "cancelled", *appearing.WAITING)),
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
