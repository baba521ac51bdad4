"""Who wrote, as the platform keeps them: remark, tags, blacklist. Written there and read back from there.

Our own nickname stays what a person is called as long as nobody gives them a remark. Erasing a person erases this too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from app.accounts import connections
from app.accounts.asking import outcome_facts, outcome_words
from app.accounts.models import Account
from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Invalid
from app.inbox import contacts
from app.inbox.access import find, find_owned, owns
from app.inbox.acting import ask
from app.inbox.answering import clean, text_digest
from app.inbox.models import Contact, Conversation
from app.inbox.working import set_remark
from app.units.access import Actor
from connectors.base import Connector
from connectors.desk import Person
from connectors.values import PeopleRule


def offers(conversation: Conversation, key: str) -> bool:
    """Whether the platform keeps this ("people", "tags", "block") for the account, and the person is known there."""
    if conversation.contact.erased_at is not None:
        return False
    return key in connections.capabilities(conversation.account).offers


def look_up(actor: Actor, conversation_id: str, *, now: datetime) -> Contact:
    """Ask the platform what it knows of the person. Raises Conflict."""
    conversation = _conversation(actor, conversation_id, "people", "查看对方资料")
    contact_id, sender_id = conversation.contact_id, conversation.contact.external_id
    told = ask(conversation.account, lambda connector: connector.person(sender_id), what="查看对方资料", now=now)
    return _keep(contact_id, told, now)


def rename(actor: Actor, conversation_id: str, remark: str, *, now: datetime) -> Conversation:
    """Our remark first; then the platform's, where it keeps one and takes so long a word. Raises Invalid, Conflict."""
    conversation = set_remark(actor, conversation_id, remark, now)
    remark = conversation.contact.remark
    if not offers(conversation, "people") or conversation.contact.left_at is not None or not owns(actor, conversation):
        return conversation
    rule = connections.capabilities(conversation.account).people
    if rule is not None and len(remark.encode()) > rule.remark_bytes:
        raise Conflict(
            f"备注名已保存在本系统，没有写到平台。平台只收 {rule.remark_bytes} 字节以内的备注名，"
            f"约 {rule.remark_bytes // 3} 个汉字。需要两边一致时请缩短。"
        )
    contact_id, sender_id = conversation.contact_id, conversation.contact.external_id

    def write(connector: Connector) -> Person:
        connector.rename(sender_id, remark)
        return connector.person(sender_id)

    told = ask(conversation.account, write, what="把备注名写到平台", now=now)
    _keep(contact_id, told, now)
    return find(actor, conversation_id)


def set_tags(actor: Actor, conversation_id: str, names: Iterable[str], *, now: datetime) -> Contact:
    """The person's tags at the platform become exactly these; unknown ones are made. Raises Invalid, Conflict."""
    wanted = list(dict.fromkeys(name for raw in names if (name := clean(raw))))
    conversation = _conversation(actor, conversation_id, "tags", "设置标签")
    _check(wanted, connections.capabilities(conversation.account).people)
    contact_id, sender_id = conversation.contact_id, conversation.contact.external_id
    try:
        told = ask(
            conversation.account, lambda connector: _write_tags(connector, sender_id, wanted), what="设置标签", now=now
        )
    except Conflict as refused:
        # Some of the tags may be written.
        _audit(actor, conversation_id, "contact.tags", "设置标签", now, {"count": len(wanted)}, refused)
        raise
    contact = _keep(contact_id, told, now)
    _audit(actor, conversation_id, "contact.tags", "设置标签", now, {"count": len(wanted)})
    missing = set(wanted) - {tag["name"] for tag in contact.tags}
    if missing:
        raise Conflict(
            f"有标签没有设置成。平台读回的标签里没有“{'、'.join(sorted(missing))}”。请稍后刷新，仍没有时再设置一次。"
        )
    return contact


def set_blocked(actor: Actor, conversation_id: str, *, blocked: bool, now: datetime) -> Contact:
    """On the account's blacklist, or off it; after a lost answer the list is read back. Raises Conflict."""
    what = "拉黑" if blocked else "移出黑名单"
    conversation = _conversation(actor, conversation_id, "block", what)
    contact_id, sender_id = conversation.contact_id, conversation.contact.external_id
    account_id = conversation.account_id
    try:
        ask(conversation.account, lambda connector: connector.block([sender_id], blocked=blocked), what=what, now=now)
    except Conflict as refused:
        if not refused.extra.get("unknown") or not _reads_back(account_id, sender_id, blocked, now):
            # Nobody is ever kept from writing to us without a trace, known or not.
            _audit(actor, conversation_id, "contact.block", what, now, {"blocked": blocked}, refused)
            raise
    with atomic():
        contact = db.session.get_one(Contact, contact_id, with_for_update=True)
        contact.blocked_at = now if blocked else None
    _audit(actor, conversation_id, "contact.block", what, now, {"blocked": blocked})
    return contact


def _reads_back(account_id: str, sender_id: str, blocked: bool, now: datetime) -> bool:
    """Whether the blacklist stands as wanted; not known is no."""
    account = db.session.get_one(Account, account_id)
    try:
        return ask(account, lambda connector: connector.blocked(sender_id), what="核对黑名单", now=now) is blocked
    except Conflict:
        return False


def _conversation(actor: Actor, conversation_id: str, key: str, what: str) -> Conversation:
    conversation = find_owned(actor, conversation_id)
    if not offers(conversation, key):
        raise Conflict(f"“{what}”没有办成。这个账号没有相应的接口权限，或对方的资料已清除。请到平台后台操作。")
    return conversation


def _check(names: list[str], rule: PeopleRule | None) -> None:
    if rule is None:
        return
    wrong = [name for name in names if len(name) > rule.tag_length]
    if wrong or len(names) > rule.most_tags:
        raise Invalid(
            f"标签没有保存。平台规定每人最多 {rule.most_tags} 个标签，每个不超过 {rule.tag_length} 字。请减少或缩短。",
            errors={"tags": [f"最多 {rule.most_tags} 个，每个不超过 {rule.tag_length} 字。"]},
        )


def _write_tags(connector: Connector, sender_id: str, wanted: list[str]) -> Person:
    known = {tag.name: tag for tag in connector.tags()}
    chosen = [known.get(name) or connector.make_tag(name) for name in wanted]
    has = {tag.id: tag for tag in connector.person(sender_id).tags}
    gone = [tag.id for tag in has.values() if tag.id not in {each.id for each in chosen} and not tag.system]
    # Taken away first: twenty may be had at a time.
    connector.tag(sender_id, gone, add=False)
    connector.tag(sender_id, [tag.id for tag in chosen if tag.id not in has], add=True)
    return connector.person(sender_id)


def _keep(contact_id: str, told: Person, now: datetime) -> Contact:
    """What was read back; nothing of somebody erased meanwhile."""
    with atomic():
        contact = db.session.get_one(Contact, contact_id, with_for_update=True)
        if contact.erased_at is not None:
            return contact
        contact.told_at = now
        if not told.following:
            contact.left_at, contact.tags = contact.left_at or now, []
            if _wrote_privately(contact):
                # Only followers can: they left, and the event of it never came.
                contacts.erase(db.session.get_one(Account, contact.account_id), contact.external_id, at=now, now=now)
            return contact
        contact.left_at = None
        contact.tags = [{"id": tag.id, "name": tag.name} for tag in told.tags]
        if told.remark and not contact.remark:
            contact.remark = told.remark
    return contact


def _wrote_privately(contact: Contact) -> bool:
    private = select(Conversation.id).where(Conversation.contact_id == contact.id, Conversation.kind == "private")
    return db.session.scalar(private.limit(1)) is not None


def _audit(
    actor: Actor,
    conversation_id: str,
    action: str,
    words: str,
    now: datetime,
    after: dict[str, object],
    refused: Conflict | None = None,
) -> None:
    with atomic():
        conversation = find(actor, conversation_id)
        digest = text_digest(conversation.contact.external_id)
        record(
            actor,
            action,
            now=now,
            object_type="conversation",
            object_id=conversation.id,
            unit_id=conversation.account.unit_id,
            summary=f"{words}{outcome_words(refused)}",
            after={**after, **outcome_facts(refused), "person_sha256": digest},
        )
