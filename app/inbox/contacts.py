"""Contacts: who wrote, their stable nickname, and erasing them when they leave."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from sqlalchemy import delete, select

from app.accounts.models import Account
from app.db import db, insert_for
from app.inbox.models import Contact, Conversation, HeldReply, Message, MessageMedia, ReplyAttempt
from app.notices.services import settle
from app.search import keeping as search
from app.search.places import CONTACT

# No 0/O, 1/I: read out on the telephone.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
ERASED = "erased:"
_ERASED_NAME = "已清除的联系人"


def nickname(account_id: str, external_id: str) -> str:
    """The same short name for the same person every time, e.g. 市民 7K3Q; says nothing about them."""
    digest = hashlib.sha256(f"{account_id}:{external_id}".encode()).digest()
    return "市民 " + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:4])


def digest_of(account: Account, external_id: str) -> str:
    """What stands for an erased id: not reversible without the account's secret key."""
    mac = hmac.new(account.callback_key.encode(), external_id.encode(), hashlib.sha256)
    return ERASED + mac.hexdigest()[:40]


def contact_for(account: Account, external_id: str, name: str, now: datetime) -> Contact:
    """The contact of this platform id, made at the first message. In a transaction."""
    values = {
        "account_id": account.id,
        "external_id": external_id,
        "name": name,
        "nickname": "" if name else nickname(account.id, external_id),
        "created_at": now,
    }
    made = db.session.scalar(
        insert_for(Contact)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["account_id", "external_id"])
        .returning(Contact.id)
    )
    if made is not None:
        search.put(CONTACT, [made])
    contact = db.session.scalars(
        select(Contact).where(Contact.account_id == account.id, Contact.external_id == external_id)
    ).one()
    if name and contact.name != name:
        contact.name = name
    return contact


def display_name(contact: Contact) -> str:
    """What screens call the person: our remark, else the platform's name, else our nickname."""
    return contact.remark or contact.name or contact.nickname


def note_left(account: Account, external_id: str, at: datetime) -> None:
    """The person follows the account no more: private messages will not reach them."""
    contact = _known(account, external_id)
    if contact is not None:
        contact.left_at = at


def note_came_back(account: Account, external_id: str) -> None:
    """The person follows the account again."""
    contact = _known(account, external_id)
    if contact is not None:
        contact.left_at = None


def note_act(account: Account, external_id: str, kind: str, at: datetime) -> None:
    """The person did something after which the platform allows some answers. An older act changes nothing."""
    contact = _known(account, external_id)
    if contact is not None and (contact.acted_at is None or contact.acted_at < at):
        contact.act, contact.acted_at = kind, at


def erase(account: Account, external_id: str, *, at: datetime, now: datetime) -> int:
    """Erase what the person wrote and was written to until `at`; a digest takes the place of their id.

    Returns the number of messages erased. Someone who came back after `at` keeps what is newer. In a transaction.
    """
    contact = _known(account, external_id)
    if contact is None:
        return 0
    conversations = list(db.session.scalars(select(Conversation).where(Conversation.contact_id == contact.id)))
    ids = [conversation.id for conversation in conversations]
    messages = list(
        db.session.scalars(
            select(Message).where(Message.conversation_id.in_(ids), Message.erased_at.is_(None), Message.sent_at <= at)
        )
    )
    for message in messages:
        _erase_message(account, message, external_id, now)
    held = select(HeldReply).where(
        HeldReply.conversation_id.in_(ids), HeldReply.erased_at.is_(None), HeldReply.submitted_at <= at
    )
    for answer in db.session.scalars(held.with_for_update()):
        answer.text, answer.reason, answer.erased_at = "", "", now
        if answer.status in ("awaiting_approval", "returned"):
            answer.status = "withdrawn"
            settle(f"/review/replies#held-{answer.id}", now)
    newer = select(Message.id).where(Message.conversation_id.in_(ids), Message.erased_at.is_(None))
    if db.session.scalar(newer.limit(1)) is None:
        _erase_contact(account, contact, conversations, now)
    return len(messages)


def _known(account: Account, external_id: str) -> Contact | None:
    return db.session.scalars(
        select(Contact).where(
            Contact.account_id == account.id, Contact.external_id == external_id, Contact.erased_at.is_(None)
        )
    ).one_or_none()


def _erase_message(account: Account, message: Message, person: str, now: datetime) -> None:
    message.text, message.media, message.target = "", [], {}
    message.erased_at = now
    if message.external_id and person in message.external_id:
        message.external_id = digest_of(account, message.external_id)
    if message.status == "queued":
        message.status = "failed"
        message.error_code, message.error_cause = "left", "对方已取消关注，个人信息已按平台要求清除。"
        message.error_remedy, message.error_who = "无需再回复。", "回复人"
    db.session.execute(delete(MessageMedia).where(MessageMedia.message_id == message.id))
    for attempt in db.session.scalars(select(ReplyAttempt).where(ReplyAttempt.message_id == message.id)):
        attempt.exchanges = []


def _erase_contact(account: Account, contact: Contact, conversations: list[Conversation], now: datetime) -> None:
    person = contact.external_id
    contact.external_id = f"{digest_of(account, person)}:{contact.id}"
    contact.name, contact.remark, contact.nickname = "", "", _ERASED_NAME
    contact.tags, contact.told_at, contact.blocked_at = [], None, None
    contact.act, contact.acted_at = "", None
    contact.erased_at = contact.left_at = now
    for conversation in conversations:
        conversation.thread = f"{digest_of(account, conversation.thread)}:{conversation.id}"
        conversation.subject = conversation.subject if conversation.post_external_id else ""
        conversation.labels = []
        conversation.waiting_since = None
        conversation.status = "resolved"


def known_ids(account: Account, external_ids: list[str]) -> dict[str, Message]:
    """Messages already stored, by external id; also those whose id has become a digest since."""
    found: dict[str, Message] = {}
    for start in range(0, len(external_ids), 200):
        part = {digest_of(account, one): one for one in external_ids[start : start + 200]}
        wanted = [*part, *part.values()]
        rows = db.session.scalars(
            select(Message).where(Message.account_id == account.id, Message.external_id.in_(wanted))
        )
        for row in rows:
            found[part.get(row.external_id or "", row.external_id or "")] = row
    return found
