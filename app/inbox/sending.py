"""Queued answers on their way to the platform: claimed with a fence, the attempt saved before the call.

An answer is sent at most once by itself: a dead sender's claim with an attempt row becomes `unknown`, without one it is
queued again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from app.accounts.models import Account
from app.db import atomic, db
from app.inbox.answering import mark_answered
from app.inbox.models import Message, ReplyAttempt
from app.publishing.models import Stop
from app.units.models import Unit
from connectors.errors import ConnectorError, ReplyWindowClosed
from connectors.values import Receipt

# A claim outlives the longest call (connect + read + the wait before it).
LEASE = timedelta(seconds=120)
# The request may leave until then; later it is not sent at all.
SEND_WITHIN = timedelta(seconds=20)
MOST_TRIES = 6


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
    """One attempt: its key for the platform, its number, and when it is too late to send."""

    attempt_id: str
    message_id: str
    fence: int
    key: str
    number: int
    send_before: datetime


def recover_replies(now: datetime) -> int:
    """Claims whose sender died: with an attempt in flight → unknown, else queued again. Returns how many."""
    with atomic():
        dead = db.session.scalars(
            select(Message)
            .where(Message.status == "sending", Message.claim_until < now)
            .with_for_update(skip_locked=True)
        ).all()
        for message in dead:
            attempt = _open_attempt(message)
            _let_go(message)
            # Raised once more: whoever still holds the old claim can record nothing over this.
            if attempt is None:
                message.status, message.next_attempt_at = "queued", now
                message.fence += 1
            else:
                message.status, message.next_attempt_at = "unknown", None
                message.error_code, message.error_cause = "lost", "发送进程中断，不知道平台是否收到。"
                message.error_remedy, message.error_who = "请到平台核对后，点“确认已发出”或“没有发出”。", "回复人"
        return len(dead)


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
    """Save the attempt before the call; None when the claim was lost meanwhile."""
    with atomic():
        message = _mine(claim.message_id, claim.fence)
        if message is None:
            return None
        number = len(attempts_of(message.id)) + 1
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
            number=number,
            send_before=attempt.send_before,
        )


def record_reply_sent(attempted: Try, receipt: Receipt, *, exchanges: Sequence[dict[str, Any]], now: datetime) -> None:
    """The platform took it. Kept even when the claim was lost: a receipt is proof."""
    with atomic():
        message = _close(attempted, "receipt", {}, exchanges, now)
        if message.fence != attempted.fence or message.status not in ("sending", "unknown"):
            return
        _let_go(message)
        message.status, message.next_attempt_at = "sent", None
        message.sent_at = receipt.published_at or now
        message.error_code = message.error_cause = message.error_remedy = message.error_who = ""
        if receipt.external_id and not _number_taken(message, receipt.external_id):
            message.external_id = receipt.external_id
        mark_answered(message.conversation, message)


def record_reply_failed(
    attempted: Try, error: ConnectorError, *, exchanges: Sequence[dict[str, Any]], now: datetime
) -> None:
    """The platform refused; nothing happened. A closed window is remembered until the next inbound message."""
    with atomic():
        message = _close(attempted, "refused", _error_json(error), exchanges, now)
        if message.fence != attempted.fence or message.status != "sending":
            return
        _let_go(message)
        message.status, message.next_attempt_at = "failed", None
        _explain(message, error)
        if isinstance(error, ReplyWindowClosed):
            message.conversation.window_shut_at = now


def record_reply_unknown(
    attempted: Try, error: ConnectorError, *, exchanges: Sequence[dict[str, Any]], now: datetime
) -> None:
    """It may have been sent: a person must look. Never sent again by itself."""
    with atomic():
        message = _close(attempted, "unknown", _error_json(error), exchanges, now)
        if message.fence != attempted.fence or message.status != "sending":
            return
        _let_go(message)
        message.status, message.next_attempt_at = "unknown", None
        _explain(message, error)


def record_reply_postponed(
    attempted: Try, error: ConnectorError, *, until: datetime, exchanges: Sequence[dict[str, Any]], now: datetime
) -> None:
    """Nothing was sent; again at `until`. The reason is shown meanwhile."""
    with atomic():
        message = _close(attempted, "not_sent", _error_json(error), exchanges, now)
        if message.fence != attempted.fence or message.status != "sending":
            return
        _let_go(message)
        message.status, message.next_attempt_at = "queued", until
        _explain(message, error)


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


def _locked(message_id: str) -> Message:
    return db.session.scalars(
        select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _mine(message_id: str, fence: int) -> Message | None:
    message = _locked(message_id)
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


def _close(
    attempted: Try, outcome: str, error: dict[str, Any], exchanges: Sequence[dict[str, Any]], now: datetime
) -> Message:
    """The answer, before anything else can throw: on the attempt's own row, whoever holds the claim now."""
    message = _locked(attempted.message_id)
    attempt = db.session.get_one(ReplyAttempt, attempted.attempt_id)
    attempt.outcome, attempt.answered_at, attempt.error = outcome, now, error
    attempt.exchanges = [] if message.erased_at is not None else list(exchanges)
    return message


def _let_go(message: Message) -> None:
    message.claim_owner, message.claim_until = "", None


def _explain(message: Message, error: ConnectorError) -> None:
    message.error_code, message.error_cause = error.code[:40], error.cause
    message.error_remedy, message.error_who = error.remedy, error.who[:80]


def _error_json(error: ConnectorError) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "code": error.code,
        "cause": error.cause,
        "remedy": error.remedy,
        "who": error.who,
        "rid": error.rid,
    }


def _number_taken(message: Message, external_id: str) -> bool:
    twin = select(Message.id).where(Message.account_id == message.account_id, Message.external_id == external_id)
    return db.session.scalar(twin.where(Message.id != message.id)) is not None
