"""What the inbox shows: lists, threads, counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import joinedload

from app.db import Page, db
from app.inbox.access import find, visible_conversations
from app.inbox.approvers import awaits_approval
from app.inbox.models import Conversation, Message
from app.inbox.ordering import decode, encode, in_order, place_of
from app.inbox.searching import speaks_of
from app.inbox.windows import Window, windows_of
from app.search.tokens import query_of
from app.units.access import Actor

UNRESOLVED = ("open", "pending", "snoozed")
CURRENT = ("open", "pending")
ME, NOBODY = "me", "none"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What to list; "" or None: all. `assignee` is a user's id, "me" or "none".

    `status` is one of the conversation's, or: unresolved (not resolved), current (neither resolved nor put off until
    later), waiting (open and unanswered), answered (open, and nothing of the citizen's waits). `waiting`: as the status.
    """

    status: str = ""
    account_id: str = ""
    assignee: str = ""
    q: str = ""
    waiting: bool = False
    # Only those with an answer that waits for approval.
    held: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One conversation with its window and the first words of its newest message."""

    conversation: Conversation
    window: Window
    snippet: str
    last_direction: str


def conversations_of(
    actor: Actor, wanted: Filter, *, cursor: str | None = None, limit: int = 50, waiting_first: bool = False
) -> Page[Conversation]:
    """Newest first by last message; with `waiting_first` those that wait for an answer come before, the longest on top.

    A cursor holds for the order that it was given in.
    """
    limit = max(1, min(limit, 200))
    query = (
        select(Conversation)
        .where(*_conditions(actor, wanted))
        .options(joinedload(Conversation.contact), joinedload(Conversation.account), joinedload(Conversation.assignee))
    )
    ordered = in_order(query, cursor, waiting_first=waiting_first).limit(limit + 1)
    rows = list(db.session.scalars(ordered))
    following = place_of(rows[limit - 1], waiting_first=waiting_first) if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=following)


def rows_of(conversations: Sequence[Conversation], now: datetime) -> list[Row]:
    """What a list shows of each."""
    windows = windows_of(conversations, now)
    newest = _newest([conversation.id for conversation in conversations])
    rows = []
    for conversation in conversations:
        message = newest.get(conversation.id)
        snippet = " ".join(message.text.split())[:60] if message else ""
        if message is not None and message.erased_at is not None:
            snippet = "[已按要求清除]"
        rows.append(
            Row(
                conversation=conversation,
                window=windows[conversation.id],
                snippet=snippet,
                last_direction=message.direction if message else "in",
            )
        )
    return rows


def get_conversation(actor: Actor, conversation_id: str) -> Conversation:
    """Raises NotFound."""
    return find(actor, conversation_id)


def thread_of(actor: Actor, conversation_id: str) -> list[Message]:
    """Everything said in it, notes included, oldest first; the newest 500."""
    conversation = find(actor, conversation_id)
    newest = db.session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation.id)
        .options(joinedload(Message.author))
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(500)
    )
    return list(reversed(list(newest)))


def messages_of(actor: Actor, conversation_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Message]:
    """What was said to and by the citizen (no notes), oldest first."""
    conversation = find(actor, conversation_id)
    limit = max(1, min(limit, 200))
    query = select(Message).where(Message.conversation_id == conversation.id, Message.direction != "note")
    if cursor:
        at, last_id = decode(cursor)
        query = query.where(or_(Message.sent_at > at, and_(Message.sent_at == at, Message.id > last_id)))
    rows = list(db.session.scalars(query.order_by(Message.sent_at, Message.id).limit(limit + 1)))
    following = encode(rows[limit - 1].sent_at, rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=rows[:limit], next_cursor=following)


def earlier_threads(actor: Actor, conversation: Conversation) -> list[Conversation]:
    """Other conversations with the same person, newest first."""
    return list(
        db.session.scalars(
            select(Conversation)
            .where(
                Conversation.contact_id == conversation.contact_id,
                Conversation.id != conversation.id,
                visible_conversations(actor),
            )
            .order_by(Conversation.last_message_at.desc())
            .limit(5)
        )
    )


def waiting(actor: Actor, *, limit: int = 50, mine: bool = False) -> list[Conversation]:
    """Conversations that wait for an answer, oldest first; `mine`: given to me or to nobody."""
    conditions = [*_conditions(actor, Filter(status="unresolved", waiting=True))]
    if mine:
        conditions.append(or_(Conversation.assignee_id == actor.user_id, Conversation.assignee_id.is_(None)))
    return list(
        db.session.scalars(
            select(Conversation)
            .where(*conditions)
            .options(joinedload(Conversation.contact), joinedload(Conversation.account))
            .order_by(Conversation.waiting_since)
            .limit(limit)
        )
    )


def count(actor: Actor, wanted: Filter, *, mine: bool = False) -> int:
    """How many a list has; `mine`: given to me or to nobody."""
    conditions = _conditions(actor, wanted)
    if mine:
        conditions.append(or_(Conversation.assignee_id == actor.user_id, Conversation.assignee_id.is_(None)))
    return db.session.scalar(select(func.count(Conversation.id)).where(*conditions)) or 0


def waiting_times(actor: Actor) -> list[datetime]:
    """Since when each unanswered conversation waits, for figures by age."""
    conditions = _conditions(actor, Filter(status="unresolved", waiting=True))
    return [at for at in db.session.scalars(select(Conversation.waiting_since).where(*conditions)) if at is not None]


def undelivered(actor: Actor, limit: int = 20) -> list[Message]:
    """Answers that failed or whose outcome is unknown, in conversations not yet closed; newest first."""
    return list(
        db.session.scalars(
            select(Message)
            .join(Conversation)
            .where(
                visible_conversations(actor, "inbox.reply"),
                Conversation.status != "resolved",
                Message.status.in_(("failed", "unknown")),
                Message.erased_at.is_(None),
                ~_answered_later(),
            )
            .order_by(Message.id.desc())
            .limit(limit)
        )
    )


def _answered_later() -> ColumnElement[bool]:
    from sqlalchemy.orm import aliased

    later = aliased(Message)
    return exists().where(
        later.conversation_id == Message.conversation_id,
        later.id > Message.id,
        later.status.in_(("queued", "sending", "sent")),
    )


def _conditions(actor: Actor, wanted: Filter) -> list[ColumnElement[bool]]:
    found = [visible_conversations(actor)]
    found += _standing(wanted.status) + (_standing("waiting") if wanted.waiting else [])
    if wanted.held:
        found.append(awaits_approval())
    if wanted.account_id:
        found.append(Conversation.account_id == wanted.account_id)
    if wanted.assignee == NOBODY:
        found.append(Conversation.assignee_id.is_(None))
    elif wanted.assignee:
        found.append(Conversation.assignee_id == (actor.user_id if wanted.assignee == ME else wanted.assignee))
    if wanted.q:
        query = query_of(wanted.q.replace("\x00", "").encode("utf-8", "replace").decode())
        found.append(speaks_of(query) if query else false())
    return found


def _standing(status: str) -> list[ColumnElement[bool]]:
    if not status:
        return []
    if status in ("waiting", "answered"):
        unanswered = Conversation.waiting_since.is_not(None)
        return [Conversation.status == "open", unanswered if status == "waiting" else ~unanswered]
    groups = {"unresolved": UNRESOLVED, "current": CURRENT}
    return [Conversation.status.in_(groups.get(status, (status,)))]


def _newest(ids: Sequence[str]) -> dict[str, Message]:
    """The newest message of each (notes aside)."""
    ranked = (
        select(
            Message.id,
            func.row_number()
            .over(partition_by=Message.conversation_id, order_by=(Message.sent_at.desc(), Message.id.desc()))
            .label("place"),
        )
        .where(Message.conversation_id.in_(ids), Message.direction != "note")
        .subquery()
    )
    rows = db.session.scalars(select(Message).join(ranked, ranked.c.id == Message.id).where(ranked.c.place == 1))
    return {message.conversation_id: message for message in rows}
