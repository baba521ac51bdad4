"""Which question of a conversation waits: worked out anew when a comment or an answer is gone at the platform."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from app.db import db
from app.inbox.models import Conversation, Message


def move_on(conversation: Conversation) -> None:
    """A comment is deleted: the oldest that nobody answered waits, or the conversation is settled without an answer.

    Answers go to the newest that stands.
    """
    standing = db.session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation.id,
            Message.direction == "in",
            Message.removed_at.is_(None),
            Message.erased_at.is_(None),
        )
        .order_by(Message.sent_at, Message.id)
    ).all()
    if standing:
        conversation.last_inbound_id, conversation.last_inbound_at = standing[-1].id, standing[-1].sent_at
    if conversation.waiting_since is None:
        return
    answered_at = last_answer(conversation.id)
    asking = [
        message
        for message in standing
        if not message.answered and (answered_at is None or answered_at <= message.sent_at)
    ]
    if asking:
        conversation.waiting_since = asking[0].sent_at
        return
    conversation.waiting_since = conversation.snoozed_until = None
    conversation.status = "resolved"


def wait_again(asked: Message) -> None:
    """The answer to this comment is gone at the platform: it waits, unless another answer of ours stands."""
    asked.answered = False
    conversation = asked.conversation
    if conversation.last_inbound_id != asked.id or conversation.waiting_since is not None:
        return
    answered_at = last_answer(conversation.id)
    if answered_at is None or answered_at <= asked.sent_at:
        conversation.waiting_since = asked.sent_at
        conversation.status = "open" if conversation.status == "resolved" else conversation.status


def last_answer(conversation_id: str) -> datetime | None:
    """When our newest answer that stands, or is on its way, was given."""
    return db.session.scalar(
        select(func.max(Message.sent_at)).where(
            Message.conversation_id == conversation_id,
            Message.direction == "out",
            Message.status != "failed",
            Message.removed_at.is_(None),
        )
    )


def last_act(asked: Message) -> datetime | None:
    """When we last deleted an answer to this comment: what the platform told before is stale."""
    return db.session.scalar(
        select(func.max(Message.removed_at)).where(Message.in_reply_to == asked.id, Message.direction == "out")
    )
