"""What other systems are told of publications: every transition, after it was saved, by the outbox of notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import joinedload

from app.accounts import verdicts
from app.accounts.advice import rights_by
from app.accounts.models import Account
from app.db import atomic, db
from app.notices import services as notices
from app.notices.models import AlertChannel
from app.posts.models import Post
from app.publishing.models import Publication, StateChange

TOPIC = "publication"
BATCH = 200


def untold() -> ColumnElement[bool]:
    """SQL: something has not been told yet."""
    return exists().where(~StateChange.told)


def tell_others(now: datetime) -> int:
    """Put what has not been told yet into the outbox, oldest first; how many transitions were looked at.

    A mark on each row instead of a place in their order: a transaction that ends late is told late, not never.
    """
    # Asked every two seconds: no transaction unless there is something to tell.
    if db.session.scalar(select(StateChange.id).where(~StateChange.told).limit(1)) is None:
        return 0
    query = (
        select(StateChange)
        .where(~StateChange.told)
        .order_by(StateChange.id)
        .limit(BATCH)
        .options(
            joinedload(StateChange.publication).options(
                joinedload(Publication.post).joinedload(Post.unit),
                joinedload(Publication.account).defer(Account.credentials),
            )
        )
        .with_for_update(of=StateChange, skip_locked=True)
    )
    with atomic():
        changes = list(db.session.scalars(query))
        told = [change.id for change in changes]
        listeners = notices.listeners(TOPIC)
        for change in changes if listeners else ():
            _tell(change, listeners, now)
        for change in changes:
            _prove(change)
        db.session.execute(update(StateChange).where(StateChange.id.in_(told)).values(told=True))
    return len(told)


def _prove(change: StateChange) -> None:
    """What went out by itself shows that its account may do that, by the way it went."""
    row = change.publication
    if change.after == "published" and not change.actor and row.attempts:
        for key in rights_by(str(row.payload["delivery"]["mode"])):
            verdicts.note_use(row.account, key)


def _tell(change: StateChange, listeners: Sequence[AlertChannel], now: datetime) -> None:
    row = change.publication
    notices.emit(
        listeners,
        kind=f"publication.{change.after}",
        unit=row.post.unit,
        title=row.post.title[:200],
        path=f"/publications/{row.id}",
        facts=facts_of(row, change),
        at=change.at,
        now=now,
    )


def facts_of(row: Publication, change: StateChange) -> dict[str, object]:
    """As in docs/webhooks.md: the transition, and where the publication stands by now."""
    return {
        "publication_id": row.id,
        "post_id": row.post_id,
        "account_id": row.account_id,
        "platform": row.account.platform,
        "environment": row.account.environment,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "due_at": row.due_at.isoformat(),
        "published_at": row.published_at.isoformat() if row.published_at else None,
        "external_id": row.external_id or None,
        "url": row.url or None,
    }
