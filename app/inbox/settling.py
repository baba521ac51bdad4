"""Which question of a conversation waits: worked out anew when a comment or an answer is gone at the platform."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update

from app.db import db
from app.inbox.models import Conversation, ConversationMove, HeldReply, Message

_COME_SO_FAR = (
    "status",
    "unit_id",
    "assignee_id",
    "due_at",
    "labels",
    "waiting_since",
    "snoozed_until",
    "first_answer_at",
    "last_message_at",
    "last_inbound_at",
    "last_inbound_id",
)


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


def rehome(thread: Conversation, home: Conversation, now: datetime) -> None:
    """A mention that was pushed turns out to be a comment under a post of ours: its talk moves to that conversation.

    A new home takes over how far the talk had come; in an older one it waits as any further comment does. Both are locked
    first: what a colleague is just writing in the old one is waited for and comes along. The old
    address leads to the new one.
    """
    _lock(thread.id, home.id)
    db.session.execute(
        update(Message).where(Message.conversation_id == thread.id).values(conversation_id=home.id)
        .execution_options(synchronize_session="fetch")
    )  # fmt: skip
    db.session.execute(
        update(HeldReply).where(HeldReply.conversation_id == thread.id).values(conversation_id=home.id)
        .execution_options(synchronize_session="fetch")
    )  # fmt: skip
    db.session.expire(thread, ["messages"])
    if home.last_inbound_id is None:
        for name in _COME_SO_FAR:
            setattr(home, name, getattr(thread, name))
    else:
        home.last_message_at = max(home.last_message_at, thread.last_message_at)
        if thread.last_inbound_at is not None and thread.last_inbound_at >= (home.last_inbound_at or thread.created_at):
            home.last_inbound_at, home.last_inbound_id = thread.last_inbound_at, thread.last_inbound_id
        if thread.waiting_since is not None:
            home.waiting_since = min(home.waiting_since or thread.waiting_since, thread.waiting_since)
            home.status = "open" if home.status == "resolved" else home.status
        home.labels = list(dict.fromkeys([*home.labels, *thread.labels]))
    db.session.execute(
        update(ConversationMove)
        .where(ConversationMove.conversation_id == thread.id)
        .values(conversation_id=home.id)
        .execution_options(synchronize_session=False)
    )
    db.session.add(ConversationMove(old_id=thread.id, conversation_id=home.id, moved_at=now))
    db.session.delete(thread)
    db.session.flush()


def _lock(*ids: str) -> None:
    """In one order for everybody, and as they stand now."""
    query = select(Conversation).where(Conversation.id.in_(ids)).order_by(Conversation.id).with_for_update()
    db.session.scalars(query.execution_options(populate_existing=True)).all()


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
