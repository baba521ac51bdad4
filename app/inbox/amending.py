"""Answers that did not simply go out: sent again, or settled by a person who looked at the platform."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.connections import public_address
from app.db import atomic, db
from app.errors import Conflict
from app.inbox.access import find_message
from app.inbox.answering import check_window, clear_error, mark_answered, note_event, target_of
from app.inbox.approvers import needs_approval
from app.inbox.models import HeldReply, Message, ReplyAttempt
from app.units.access import Actor
from app.waking import wake

# After this long without an answer a request that was sent can no longer bring one.
_SETTLED_AFTER = timedelta(seconds=30)


def retry_reply(
    actor: Actor, message_id: str, *, conversation_id: str | None = None, confirmed: bool = False, now: datetime
) -> Message:
    """Send a failed answer again, with a new attempt; one of unknown outcome only when `confirmed` by the person.
    `conversation_id`: where it must be."""
    with atomic():
        message = find_message(actor, message_id, "inbox.reply", conversation_id)
        before = message.status
        if before == "unknown":
            _check_settled(message, now)
            if not confirmed:
                raise Conflict(
                    "这条回复可能已经发出。平台没有给出答复，重发可能让对方收到两条。请先到平台核对，确认没有发出再重发。",
                    confirm=True,
                )
        elif before != "failed":
            raise Conflict("这条回复现在不能重发。它正在发送，或已经发出。请刷新页面查看最新状态。")
        _check_approved(message)
        _check_retry_window(message, now)
        message.status, message.next_attempt_at = "queued", now
        message.operator_ip = public_address(actor.origin)
        wake()
        clear_error(message)
        note_event(actor, "reply.retry", message.conversation, message, now, before=before)
        return message


def settle_reply(
    actor: Actor, message_id: str, *, conversation_id: str | None = None, sent: bool, now: datetime
) -> Message:
    """A person looked at the platform and says what became of an answer of unknown outcome. `conversation_id`: where it
    must be."""
    with atomic():
        message = find_message(actor, message_id, "inbox.reply", conversation_id)
        if message.status != "unknown":
            raise Conflict("这条回复不需要核实。它的状态已经明确。请刷新页面查看。")
        _check_settled(message, now)
        if sent:
            message.status = "sent"
            clear_error(message)
            mark_answered(message.conversation, message)
        else:
            message.status = "failed"
            message.error_code = "settled"
            message.error_cause = "经人工核实，这条回复没有发出。"
            message.error_remedy, message.error_who = "可以重新发送。", "回复人"
        note_event(actor, "reply.settle", message.conversation, message, now, before="unknown")
        return message


def _check_approved(message: Message) -> None:
    """Since answers of the account need approval, only what was approved goes out again."""
    approved = select(HeldReply.id).where(HeldReply.message_id == message.id)
    if needs_approval(message.conversation.account) and db.session.scalar(approved) is None:
        raise Conflict(
            "这条回复没有重发。账号现在要求回复先经审核，而它没有审核过。请在下面重新写一条，审核通过后发出。"
        )


def _check_retry_window(message: Message, now: datetime) -> None:
    """As for a new answer; one of unknown outcome counts itself, so its place is given back first."""
    conversation = message.conversation
    target = target_of(conversation, message.in_reply_to)
    message.status = "failed"
    db.session.flush()
    check_window(conversation, target, now)


def _check_settled(message: Message, now: datetime) -> None:
    last = db.session.scalars(
        select(ReplyAttempt).where(ReplyAttempt.message_id == message.id).order_by(ReplyAttempt.number.desc()).limit(1)
    ).one_or_none()
    if last is not None and now < last.send_before + _SETTLED_AFTER:
        raise Conflict("现在还不能下结论。发送请求可能仍在途中。请半分钟后再核对。")
