"""Queued answers on their way to the platform: claimed with a fence, the attempt saved before the call.

An answer is sent at most once by itself: a dead sender's claim with an attempt row becomes `unknown`, without one it is
queued again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.accounts.sealed import CredentialsSealed
from app.db import Moment, atomic, db
from app.inbox.models import Message, ReplyAttempt
from app.notices.services import tell
from app.publishing.models import Stop
from app.units.models import Unit

# A claim outlives the longest call (connect + read + the wait before it).
LEASE = timedelta(seconds=120)
# The request may leave until then; later it is not sent at all.
SEND_WITHIN = timedelta(seconds=20)
MOST_TRIES = 6
# So often it is tried whether the account's credentials can be opened again.
SEALED_PAUSE = timedelta(minutes=1)
# The code of our own ledger's refusals: nothing was asked of the platform then.
OURS = "quota"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One answer to send: what the sender needs, read in the claim's transaction."""

    message_id: str
    account_id: str
    fence: int
    text: str = field(repr=False)
    target: dict[str, str] = field(repr=False)
    operator_ip: str = ""


@dataclass(frozen=True, kw_only=True)
class Try:
    """One attempt: its key for the platform, how many have asked the platform, this one counted, and when it is too late
    to send."""

    attempt_id: str
    message_id: str
    fence: int
    key: str
    tries: int
    send_before: datetime


def due(now: Moment) -> ColumnElement[bool]:
    """SQL: there is something to send, or a claim that ran out."""
    sends = and_(Message.status == "queued", Message.next_attempt_at <= now)
    ran_out = and_(Message.status == "sending", Message.claim_until < now)
    return or_(exists().where(sends), exists().where(ran_out))


def anything_due(now: datetime) -> bool:
    """Whether a round is worth a transaction. Reads only."""
    return bool(db.session.scalar(select(due(now))))


def recover_replies(now: datetime, *, kept: Collection[str] = ()) -> int:
    """Claims whose sender died: with an attempt in flight → unknown, else queued again. Returns how many. `kept`: what this
    process has in hand itself."""
    with atomic():
        dead = db.session.scalars(
            select(Message)
            .where(Message.status == "sending", Message.claim_until < now, Message.id.not_in(kept))
            .with_for_update(skip_locked=True)
        ).all()
        for message in dead:
            attempt = _open_attempt(message)
            let_go(message)
            # Raised once more: whoever still holds the old claim can record nothing over this.
            if attempt is None:
                message.status, message.next_attempt_at = "queued", now
                message.fence += 1
            else:
                message.status, message.next_attempt_at = "unknown", None
                message.error_code, message.error_cause = "lost", "发送进程中断，不知道平台是否收到。"
                message.error_remedy, message.error_who = "请到平台核对后，点“确认已发出”或“没有发出”。", "回复人"
                tell_author(message, now)
        return len(dead)


def keep(worker: str, message_ids: Collection[str], now: datetime) -> int:
    """What a living sender has in hand stays its own: leases that are half over begin again. Returns how many."""
    if not message_ids:
        return 0
    mine = (Message.id.in_(message_ids), Message.status == "sending", Message.claim_owner == worker)
    with atomic():
        running_out = (*mine, Message.claim_until < now + LEASE / 2)
        ids = db.session.scalars(
            select(Message.id).where(*running_out).order_by(Message.id).with_for_update(skip_locked=True)
        ).all()
        if ids:
            db.session.execute(
                update(Message)
                .where(Message.id.in_(ids), *mine)
                .values(claim_until=now + LEASE)
                .execution_options(synchronize_session=False)
            )
    return len(ids)


def claim_replies(worker: str, limit: int, now: datetime) -> list[Claim]:
    """Take at most `limit` queued answers, oldest first, one per conversation so that they keep their order."""
    with atomic():
        earlier = aliased(Message)
        waits = exists().where(
            earlier.conversation_id == Message.conversation_id,
            earlier.id < Message.id,
            earlier.status.in_(("queued", "sending")),
        )
        rows = db.session.scalars(
            select(Message)
            .where(Message.status == "queued", Message.next_attempt_at <= now, ~waits, ~_stopped())
            .order_by(Message.next_attempt_at, Message.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
        return [claim for message in rows if (claim := _claim(message, worker, now)) is not None]


def begin_attempt(claim: Claim, now: datetime) -> Try | None:
    """Save the attempt before the call; None when the claim was lost meanwhile, or the stop switch was thrown.

    Stopped, the answer goes back into the queue and waits there until the switch is lifted.
    """
    with atomic():
        message = _mine(claim.message_id, claim.fence)
        if message is None:
            return None
        if db.session.scalar(select(Message.id).where(Message.id == message.id, _stopped())) is not None:
            let_go(message)
            message.status, message.next_attempt_at = "queued", now
            return None
        earlier = attempts_of(message.id)
        number = len(earlier) + 1
        attempt = ReplyAttempt(
            message_id=message.id,
            number=number,
            key=uuid.uuid4().hex,
            fence=claim.fence,
            started_at=now,
            send_before=now + SEND_WITHIN,
        )
        db.session.add(attempt)
        db.session.flush()
        return Try(
            attempt_id=attempt.id,
            message_id=message.id,
            fence=claim.fence,
            key=attempt.key,
            tries=sum(one.error.get("code") != OURS for one in earlier) + 1,
            send_before=attempt.send_before,
        )


def put_back(claim: Claim, error: CredentialsSealed, now: datetime) -> None:
    """Nobody can speak for the account: queued as before, saying why; whoever wrote it is told once."""
    with atomic():
        message = _mine(claim.message_id, claim.fence)
        if message is None:
            return
        let_go(message)
        message.status, message.next_attempt_at = "queued", now + SEALED_PAUSE
        told = message.error_code == error.code
        message.error_code, message.error_cause = error.code, error.cause
        message.error_remedy, message.error_who = error.remedy, error.who
        if not told:
            tell_author(message, now)


def attempts_of(message_id: str) -> list[ReplyAttempt]:
    """The calls made for one answer, first to last."""
    return list(
        db.session.scalars(
            select(ReplyAttempt).where(ReplyAttempt.message_id == message_id).order_by(ReplyAttempt.number)
        )
    )


def _stopped() -> Any:
    """SQL: the stop switch stands for the message's account, a unit above it, or the whole site."""
    above = aliased(Unit)
    home = aliased(Unit)
    units = (
        select(above.id)
        .join(home, home.path.startswith(above.path))
        .join(Account, Account.unit_id == home.id)
        .where(Account.id == Message.account_id)
        .correlate(Message)
    )
    return exists().where(
        Stop.ended_at.is_(None),
        or_(
            Stop.scope == "site",
            and_(Stop.scope == "account", Stop.scope_id == Message.account_id),
            and_(Stop.scope == "unit", Stop.scope_id.in_(units)),
        ),
    )


def _claim(message: Message, worker: str, now: datetime) -> Claim | None:
    """By conditional UPDATE: exactly one row changes, or the claim is another's."""
    changed = db.session.execute(
        update(Message)
        .where(Message.id == message.id, Message.status == "queued", Message.fence == message.fence)
        .values(status="sending", claim_owner=worker, claim_until=now + LEASE, fence=message.fence + 1)
        .execution_options(synchronize_session=False)
        .returning(Message.fence)
    ).scalar_one_or_none()
    if changed is None:
        return None
    return Claim(
        message_id=message.id,
        account_id=message.account_id,
        fence=changed,
        text=message.text,
        target={key: str(value) for key, value in message.target.items()},
        operator_ip=message.operator_ip,
    )


def locked(message_id: str) -> Message:
    return db.session.scalars(
        select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _mine(message_id: str, fence: int) -> Message | None:
    message = locked(message_id)
    return message if message.status == "sending" and message.fence == fence else None


def _open_attempt(message: Message) -> ReplyAttempt | None:
    """The attempt of the present claim that has no answer yet."""
    attempt = db.session.scalars(
        select(ReplyAttempt).where(
            ReplyAttempt.message_id == message.id, ReplyAttempt.fence == message.fence, ReplyAttempt.outcome == ""
        )
    ).one_or_none()
    if attempt is not None:
        attempt.outcome = "unknown"
    return attempt


def let_go(message: Message) -> None:
    message.claim_owner, message.claim_until = "", None


def tell_author(message: Message, now: datetime) -> None:
    """Whoever wrote the answer (else the desk) learns that it did not simply go out."""
    words = "待核实：不知道对方是否收到" if message.status == "unknown" else "没有发出"
    tell(
        key=f"reply:{message.id}:{message.fence}",
        kind="reply",
        level="info",
        unit_id=message.conversation.unit_id,
        user_id=message.author_id,
        title=f"一条回复{words}",
        body=f"{message.error_cause}{message.error_remedy}",
        path=f"/inbox/{message.conversation_id}",
        now=now,
    )
