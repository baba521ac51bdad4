"""What people send beside words: fetched at once, since the platforms forget it within days, and kept until erased.

The bytes stand in the database: erasing a person then takes them along in the same transaction, on any number of
machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, or_, select, update

from app.accounts.models import Account
from app.db import Moment, atomic, db
from app.errors import NotFound
from app.inbox.access import find
from app.inbox.filekinds import content_type_of
from app.inbox.models import Message, MessageMedia
from app.units.access import Actor
from app.words import N_
from connectors.errors import ConnectorError, CredentialsRefused, NotEntitled, RateLimited, Refused
from connectors.values import InboundMedia, MediaFile

LEASE = timedelta(seconds=120)
MOST_TRIES = 6
_NEVER_ENDED = N_("取这个文件时系统几次中断，没有收下。请登录平台查看。")
MOST_BYTES = 10 * 1024 * 1024
# WeChat keeps what people send for three days; Weibo does not say.
KEPT_BY_PLATFORM = timedelta(days=3)
_PAUSES = (10, 60, 300, 1800, 7200)
# A lost right or a dead authorisation takes a person: ask rarely until the platform has forgotten.
_RIGHT_PAUSE = timedelta(hours=1)
# After the one that asks whether the account may again.
_FOLLOW = timedelta(minutes=2)
EXPIRED = "已过期，未取到。"


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """One file to be fetched, as claimed."""

    id: str
    account_id: str
    reference: InboundMedia
    tries: int


def expect(message: Message, media: Sequence[InboundMedia], now: datetime) -> None:
    """Rows for what came with a message, due at once. In the message's transaction."""
    for position, item in enumerate(media):
        if not (item.media_id or item.url):
            continue
        db.session.add(
            MessageMedia(
                message_id=message.id,
                account_id=message.account_id,
                position=position,
                kind=item.kind[:20],
                media_id=item.media_id,
                url=item.url,
                status="waiting",
                next_try_at=now,
                created_at=now,
            )
        )


def due(now: Moment) -> ColumnElement[bool]:
    """SQL: some file is due, or was never brought to an end."""
    return or_(exists().where(*_due(now)), exists().where(*_given_up(now)))


def _due(now: Moment) -> tuple[ColumnElement[bool], ...]:
    free = or_(MessageMedia.claim_until.is_(None), MessageMedia.claim_until <= now)
    # Nobody asks for an account that is switched off.
    active = MessageMedia.account_id.in_(select(Account.id).where(Account.active))
    return MessageMedia.status == "waiting", MessageMedia.next_try_at <= now, free, active


def claim(limit: int, now: datetime) -> list[Fetch]:
    """Files that are due, oldest first, each given to one caller; a dead claimer's comes back after LEASE."""
    _give_up(now)
    due = _due(now)
    if db.session.scalar(select(MessageMedia.id).where(*due).limit(1)) is None:
        return []
    with atomic():
        ids = db.session.scalars(
            select(MessageMedia.id)
            .where(*due)
            .order_by(MessageMedia.next_try_at, MessageMedia.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        rows = db.session.scalars(
            update(MessageMedia)
            .where(MessageMedia.id.in_(ids), *due)
            .values(claim_until=now + LEASE, tries=MessageMedia.tries + 1)
            .returning(MessageMedia)
            .execution_options(synchronize_session=False, populate_existing=True)
        ).all()
        return [
            Fetch(
                id=row.id,
                account_id=row.account_id,
                reference=InboundMedia(kind=row.kind, url=row.url, media_id=row.media_id),
                tries=row.tries,
            )
            for row in rows
        ]


def _given_up(now: Moment) -> tuple[ColumnElement[bool], ...]:
    return MessageMedia.status == "waiting", MessageMedia.tries >= MOST_TRIES, MessageMedia.claim_until <= now


def _give_up(now: datetime) -> None:
    """What was claimed often and never came to an end may be what ended the claimers."""
    dead = _given_up(now)
    if db.session.scalar(select(MessageMedia.id).where(*dead).limit(1)) is None:
        return
    with atomic():
        db.session.execute(
            update(MessageMedia)
            .where(*dead)
            .values(status="lost", why=_NEVER_ENDED, claim_until=None)
            .execution_options(synchronize_session=False)
        )


def record_file(fetch: Fetch, file: MediaFile, now: datetime) -> None:
    """Keep the bytes under the kind that they really are; nothing when the message was erased meanwhile."""
    if not file.content or len(file.content) > MOST_BYTES:
        why = "平台给出的文件是空的。" if not file.content else "文件超过 10 MB，没有收下，请登录平台查看。"
        _settle(fetch, status="lost", why=why)
        return
    _settle(
        fetch,
        status="kept",
        why="",
        content=file.content,
        content_type=content_type_of(file.content),
        name=file.name[:200],
        size=len(file.content),
        fetched_at=now,
    )


def record_failure(fetch: Fetch, error: ConnectorError, now: datetime) -> None:
    """Ask again later while that may help and the platform still has it; else it is lost, and the thread says why."""
    row = db.session.get(MessageMedia, fetch.id)
    if row is None:
        return
    again = _again(fetch, error, now)
    if again is None:
        _settle(fetch, status="lost", why=str(error))
        return
    if isinstance(error, CredentialsRefused | NotEntitled | RateLimited):
        # It is about the account: one file asks again, the others follow when that helps. None has used up a try.
        _put_off(row.account_id, again)
    if again >= row.created_at + KEPT_BY_PLATFORM:
        _settle(fetch, status="lost", why=f"{EXPIRED}{error.cause}")
    else:
        counts = not isinstance(error, CredentialsRefused | NotEntitled | RateLimited)
        _settle(fetch, why=str(error), next_try_at=again, tries=fetch.tries if counts else fetch.tries - 1)


def _put_off(account_id: str, until: datetime) -> None:
    later = until + _FOLLOW
    with atomic():
        db.session.execute(
            update(MessageMedia)
            .where(
                MessageMedia.account_id == account_id,
                MessageMedia.status == "waiting",
                MessageMedia.claim_until.is_(None),
                MessageMedia.next_try_at < later,
            )
            .values(next_try_at=later)
            .execution_options(synchronize_session=False)
        )


def _again(fetch: Fetch, error: ConnectorError, now: datetime) -> datetime | None:
    if isinstance(error, CredentialsRefused | NotEntitled):
        return now + _RIGHT_PAUSE
    if isinstance(error, Refused):
        return None
    if isinstance(error, RateLimited):
        return max(error.until or now, now + timedelta(seconds=_PAUSES[0]))
    if fetch.tries >= MOST_TRIES:
        return None
    return now + timedelta(seconds=_PAUSES[min(fetch.tries, len(_PAUSES)) - 1])


def _settle(fetch: Fetch, **values: object) -> None:
    with atomic():
        db.session.execute(
            update(MessageMedia)
            .where(MessageMedia.id == fetch.id, MessageMedia.status == "waiting")
            .values(claim_until=None, **values)
            .execution_options(synchronize_session=False)
        )


def open_media(actor: Actor, media_id: str) -> MessageMedia:
    """A kept file, for those who may read its conversation. Raises NotFound, Forbidden."""
    row = db.session.get(MessageMedia, media_id)
    if row is None or row.status != "kept":
        raise NotFound("没有这个文件。它还没有取到，或已按要求清除。请刷新会话查看。")
    find(actor, row.message.conversation_id)
    return row


def media_of(message_ids: Sequence[str]) -> dict[str, list[MessageMedia]]:
    """The files of each message, in their order, without their bytes."""
    found: dict[str, list[MessageMedia]] = {}
    rows = db.session.scalars(
        select(MessageMedia)
        .where(MessageMedia.message_id.in_(message_ids))
        .order_by(MessageMedia.message_id, MessageMedia.position)
    )
    for row in rows:
        found.setdefault(row.message_id, []).append(row)
    return found
