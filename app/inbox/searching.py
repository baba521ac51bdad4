"""Messages and contacts as the search finds them; and the word of the list's own filter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import joinedload

from app.db import db
from app.inbox.access import visible_conversations
from app.inbox.models import Contact, Conversation, Message
from app.search.keeping import Doc, Source
from app.search.lookup import Found, few, looks_like, page_of_hits
from app.search.models import SearchDoc
from app.search.places import CONTACT, MESSAGE
from app.search.tokens import Query
from app.units.access import Actor

# A list in its own order takes the index's word for so many hits; more of them are met everywhere in it anyway.
_FEW = 500


def _read_messages(connection: Connection, ids: Sequence[str]) -> Iterable[Doc]:
    query = select(Message.id, Message.sent_at, Message.text)
    for row in connection.execute(query.where(Message.id.in_(ids), Message.erased_at.is_(None))):
        yield Doc(ref_id=row.id, at=row.sent_at, texts=(row.text,))


def _read_contacts(connection: Connection, ids: Sequence[str]) -> Iterable[Doc]:
    query = select(Contact.id, Contact.created_at, Contact.name, Contact.nickname, Contact.remark)
    for row in connection.execute(query.where(Contact.id.in_(ids), Contact.erased_at.is_(None))):
        yield Doc(ref_id=row.id, at=row.created_at, texts=(row.remark, row.name, row.nickname))


MESSAGES = Source(
    kind=MESSAGE,
    key=Message.id,
    read=_read_messages,
    watched={Message: (("text", "erased_at"), lambda message: message.id)},
)
CONTACTS = Source(
    kind=CONTACT,
    key=Contact.id,
    read=_read_contacts,
    watched={Contact: (("name", "nickname", "remark", "erased_at"), lambda contact: contact.id)},
)


@dataclass(frozen=True, kw_only=True)
class FoundContact:
    """A person who wrote, and the newest conversation with them that the reader may see."""

    contact: Contact
    conversation: Conversation


def found_messages(
    actor: Actor,
    query: Query,
    *,
    account_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int,
) -> Found[Message]:
    """Messages (notes too) of conversations that the actor may read, the newest first."""

    def seen(ids: list[str]) -> dict[str, Message]:
        mine = (
            select(Message)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.id.in_(ids), Message.erased_at.is_(None), visible_conversations(actor))
            .options(
                joinedload(Message.conversation).joinedload(Conversation.contact),
                joinedload(Message.conversation).joinedload(Conversation.account),
            )
        )
        if account_id:
            mine = mine.where(Message.account_id == account_id)
        return {message.id: message for message in db.session.scalars(mine)}

    return page_of_hits(query, MESSAGE, seen, since=since, until=until, cursor=cursor, limit=limit)


def found_contacts(
    actor: Actor,
    query: Query,
    *,
    account_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int,
) -> Found[FoundContact]:
    """People who wrote in a conversation that the actor may read, the newest first."""

    def seen(ids: list[str]) -> dict[str, FoundContact]:
        mine = (
            select(Conversation)
            .join(Contact, Contact.id == Conversation.contact_id)
            .where(Contact.id.in_(ids), Contact.erased_at.is_(None), visible_conversations(actor))
            .options(joinedload(Conversation.contact), joinedload(Conversation.account))
            .order_by(Conversation.last_message_at)
        )
        if account_id:
            mine = mine.where(Contact.account_id == account_id)
        threads = db.session.scalars(mine)
        return {one.contact_id: FoundContact(contact=one.contact, conversation=one) for one in threads}

    return page_of_hits(query, CONTACT, seen, since=since, until=until, cursor=cursor, limit=limit)


def speaks_of(query: Query) -> ColumnElement[bool]:
    """An SQL condition on Conversation: a message in it, or what we call the person, holds all the words."""
    said = few(query, MESSAGE, _FEW)
    named = few(query, CONTACT, _FEW)
    return or_(
        _said(query)
        if said is None
        else Conversation.id.in_(select(Message.conversation_id).where(Message.id.in_(said))),
        _named(query) if named is None else Conversation.contact_id.in_(named),
    )


def _said(query: Query) -> ColumnElement[bool]:
    return exists().where(
        Message.conversation_id == Conversation.id,
        SearchDoc.ref_id == Message.id,
        SearchDoc.kind == MESSAGE,
        looks_like(query),
    )


def _named(query: Query) -> ColumnElement[bool]:
    return exists().where(SearchDoc.ref_id == Conversation.contact_id, SearchDoc.kind == CONTACT, looks_like(query))
