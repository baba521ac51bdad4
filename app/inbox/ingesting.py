"""What the public wrote becomes messages in conversations: each exactly once, whatever is repeated or raced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, or_, select

from app.accounts.models import Account
from app.db import atomic, db, insert_for
from app.inbox import contacts, media
from app.inbox.models import Conversation, Message
from app.inbox.settling import last_act, rehome, wait_again
from app.publishing.models import Publication
from app.search import keeping as search
from app.search.places import MESSAGE
from connectors.values import InboundMessage


def ingest(
    account: Account,
    messages: Sequence[InboundMessage],
    *,
    cursor: Mapping[str, str] | None = None,
    asked_with: Mapping[str, str] | None = None,
    begun: datetime | None = None,
    now: datetime,
) -> list[Message]:
    """Store what is new and move the account's cursor, in one transaction; returns the new messages.

    Repeats are recognised by (account, external id). The account's row is locked meanwhile, so that a callback and a
    poll of the same account wait for each other instead of deadlocking. `asked_with`: the cursor before; `begun`: since when the platform was being asked;
    of a message that we did something to since, the page says nothing.
    """
    with atomic():
        account = _locked(account.id)
        known = contacts.known_ids(account, [_clean(message.external_id) for message in messages])
        fresh = []
        for message in sorted(messages, key=lambda item: (item.sent_at, item.external_id)):
            seen = known.get(_clean(message.external_id))
            if seen is not None:
                if not _stale(seen, begun or now):
                    _look_again(account, seen, message, now, polled=cursor is not None)
                continue
            stored = _store(account, message, now)
            if stored is not None:
                known[_clean(message.external_id)] = stored
                fresh.append(stored)
        if cursor is not None:
            reopened = _reopened(cursor, asked_with or {}, account.poll_cursor)
            account.poll_cursor = {key: value for key, value in cursor.items() if key not in reopened}
        return fresh


def _reopened(cursor: Mapping[str, str], asked_with: Mapping[str, str], present: Mapping[str, object]) -> set[str]:
    """Lists that were shut when the platform was asked, and that a probe found open meanwhile: they stay open."""
    return {
        key
        for key, value in asked_with.items()
        if key.startswith("denied:") and cursor.get(key) == value and key not in present
    }


def _locked(account_id: str) -> Account:
    # FOR NO KEY UPDATE: rows that only refer to the account need not wait.
    return db.session.scalars(
        select(Account)
        .where(Account.id == account_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def _clean(text: str) -> str:
    """Without what the database cannot hold: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _target(message: InboundMessage) -> dict[str, str]:
    return {key: _clean(value) for key, value in message.target.items()}


def _store(account: Account, message: InboundMessage, now: datetime) -> Message | None:
    contact = contacts.contact_for(account, _clean(message.sender_id)[:120], _clean(message.sender_name)[:120], now)
    if message.kind == "private":
        contact.left_at = None
    conversation = _conversation(account, message, contact.id, now)
    values = {
        "conversation_id": conversation.id,
        "account_id": account.id,
        "direction": "in",
        "external_id": _clean(message.external_id),
        "text": _clean(message.text),
        "media": [asdict(item) for item in message.media],
        "target": _target(message),
        "answered": message.answered,
        "elected": message.elected,
        "in_reply_to": _parent(account, message),
        "sent_at": message.sent_at,
        "created_at": now,
    }
    statement = (
        insert_for(Message)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["account_id", "external_id"])
        .returning(Message.id)
    )
    new_id = db.session.scalar(statement)
    if new_id is None:
        return None
    search.put(MESSAGE, [new_id])
    stored = db.session.get_one(Message, new_id)
    media.expect(stored, message.media, now)
    _move_conversation(conversation, stored)
    return stored


def _conversation(account: Account, message: InboundMessage, contact_id: str, now: datetime) -> Conversation:
    thread = _clean(message.thread)[:200]
    values = {
        "account_id": account.id,
        "unit_id": account.unit_id,
        "kind": message.kind,
        "thread": thread,
        "contact_id": contact_id,
        "post_external_id": message.post_external_id[:120],
        "subject": _clean(message.post_text)[:500],
        "last_message_at": message.sent_at,
        "created_at": now,
    }
    db.session.execute(
        insert_for(Conversation).values(**values).on_conflict_do_nothing(index_elements=["account_id", "thread"])
    )
    conversation = db.session.scalars(
        select(Conversation).where(Conversation.account_id == account.id, Conversation.thread == thread)
    ).one()
    if conversation.publication_id is None and (conversation.post_external_id or message.post_external_id):
        link(conversation, conversation.post_external_id or message.post_external_id)
    return conversation


def link(conversation: Conversation, post_external_id: str) -> None:
    """Tie the conversation to the publication (and post) it is about, when it is one of ours."""
    details = Publication.receipt["details"]
    publication = db.session.scalars(
        select(Publication)
        .where(
            Publication.account_id == conversation.account_id,
            or_(
                Publication.external_id == post_external_id,
                details["msg_data_id"].as_string() == post_external_id,
                details["article_id"].as_string() == post_external_id,
            ),
        )
        .order_by(Publication.id.desc())
        .limit(1)
    ).one_or_none()
    conversation.post_external_id = post_external_id[:120]
    if publication is not None:
        conversation.publication_id, conversation.post_id = publication.id, publication.post_id
        conversation.subject = conversation.subject or publication.post.title


def _parent(account: Account, message: InboundMessage) -> str | None:
    if not message.in_reply_to:
        return None
    return db.session.scalar(
        select(Message.id).where(Message.account_id == account.id, Message.external_id == message.in_reply_to)
    )


def _move_conversation(conversation: Conversation, message: Message) -> None:
    """A new inbound message reopens, and waits for its answer unless one that came later stands already."""
    conversation.last_message_at = max(conversation.last_message_at, message.sent_at)
    if conversation.last_inbound_at is None or message.sent_at >= conversation.last_inbound_at:
        conversation.last_inbound_at, conversation.last_inbound_id = message.sent_at, message.id
        conversation.window_shut_at = None
    answered_at = db.session.scalar(
        select(func.max(Message.sent_at)).where(
            Message.conversation_id == conversation.id, Message.direction == "out", Message.status == "sent"
        )
    )
    if message.answered or (answered_at is not None and answered_at > message.sent_at):
        return
    if conversation.status == "resolved" or conversation.waiting_since is None:
        conversation.waiting_since = message.sent_at
    conversation.status, conversation.snoozed_until = "open", None


def _stale(seen: Message, begun: datetime) -> bool:
    """Whether we deleted the message, or our answer to it since `begun`; only what people wrote is looked at again."""
    if seen.direction != "in" or seen.erased_at is not None or seen.removed_at is not None:
        return True
    acted = last_act(seen)
    return acted is not None and acted >= begun


def _look_again(account: Account, seen: Message, message: InboundMessage, now: datetime, *, polled: bool) -> None:
    """What the platform says of it now goes: answered there or no more, picked out or no more, where an answer goes."""
    if message.answered and not seen.answered:
        seen.answered = True
        if seen.conversation.last_inbound_id == seen.id:
            seen.conversation.waiting_since = None
    elif seen.answered and not message.answered:
        wait_again(seen)
    if message.elected is not None:
        seen.elected = message.elected
    if not polled or (seen.conversation.kind, message.kind) == ("comment", "mention"):
        return
    # Pushed and polled, it is one message; the list knows better than the push where an answer goes.
    seen.target = _target(message)
    if (seen.conversation.kind, message.kind) == ("mention", "comment"):
        contact = contacts.contact_for(account, _clean(message.sender_id)[:120], _clean(message.sender_name)[:120], now)
        rehome(seen.conversation, _conversation(account, message, contact.id, now), now)
