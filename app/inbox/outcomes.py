"""How sending an answer ended: recorded on its attempt first, then on the message if the claim still stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.db import atomic, db
from app.inbox.answering import clear_error, mark_answered
from app.inbox.models import Message, ReplyAttempt
from app.inbox.sending import Try, let_go, locked, tell_author
from connectors.errors import ConnectorError, ReplyWindowClosed
from connectors.values import Receipt


def record_reply_sent(attempted: Try, receipt: Receipt, *, exchanges: Sequence[dict[str, Any]], now: datetime) -> None:
    """The platform took it. Kept even when the claim was lost: a receipt is proof."""
    with atomic():
        message = _close(attempted, "receipt", {}, exchanges, now)
        # Failed or queued again: a person took it for not sent, and nobody has begun to send it once more.
        if message.fence != attempted.fence or message.status not in ("sending", "unknown", "failed", "queued"):
            return
        let_go(message)
        message.status, message.next_attempt_at = "sent", None
        message.sent_at = receipt.published_at or now
        clear_error(message)
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
        let_go(message)
        message.status, message.next_attempt_at = "failed", None
        _explain(message, error)
        tell_author(message, now)
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
        let_go(message)
        message.status, message.next_attempt_at = "unknown", None
        _explain(message, error)
        tell_author(message, now)


def record_reply_postponed(
    attempted: Try, error: ConnectorError, *, until: datetime, exchanges: Sequence[dict[str, Any]], now: datetime
) -> None:
    """Nothing was sent; again at `until`. The reason is shown meanwhile."""
    with atomic():
        message = _close(attempted, "not_sent", _error_json(error), exchanges, now)
        if message.fence != attempted.fence or message.status != "sending":
            return
        let_go(message)
        message.status, message.next_attempt_at = "queued", until
        _explain(message, error)


def doubt_queued(now: datetime, *, cause: str) -> list[Message]:
    """After a restore: answers not yet sent when the backup was taken may be out by now; a person looks at each."""
    with atomic():
        waiting = list(
            db.session.scalars(
                select(Message).where(Message.status.in_(("queued", "sending"))).order_by(Message.id).with_for_update()
            )
        )
        for message in waiting:
            let_go(message)
            message.fence += 1
            message.status, message.next_attempt_at = "unknown", None
            message.error_code, message.error_cause = "restored", cause
            message.error_remedy, message.error_who = "请到平台核对后，点“确认已发出”或“没有发出”。", "回复人"
            tell_author(message, now)
        return waiting


def _close(
    attempted: Try, outcome: str, error: dict[str, Any], exchanges: Sequence[dict[str, Any]], now: datetime
) -> Message:
    """The answer, before anything else can throw: on the attempt's own row, whoever holds the claim now."""
    message = locked(attempted.message_id)
    attempt = db.session.get_one(ReplyAttempt, attempted.attempt_id)
    attempt.outcome, attempt.answered_at, attempt.error = outcome, now, error
    attempt.exchanges = [] if message.erased_at is not None else list(exchanges)
    return message


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
