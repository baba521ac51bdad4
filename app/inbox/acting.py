"""Acts at the platform beside answering: comments picked out or deleted, our answer taken away, comments open or closed.

Each is asked at once, while the person waits, outside any transaction. What came of it is recorded and audited either way.
All but one may be asked twice with the same result, so that after a lost answer one simply presses the button again. An
answer is deleted by the number of the comment it stands under: asked late, that would take the next answer away. So only
one person at a time asks it, and until it is known to be gone no other answer is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar, cast

from sqlalchemy import or_, update

from app.accounts import asking, connections
from app.accounts.asking import outcome_facts, outcome_words
from app.accounts.models import Account
from app.audit.services import record
from app.db import atomic, db, release
from app.errors import Conflict, NotFound
from app.inbox.access import find, find_owned, now_at, owns
from app.inbox.models import Conversation, Message
from app.inbox.settling import move_on, wait_again
from app.publishing.models import Publication
from app.units.access import Actor
from connectors.base import Connector
from connectors.desk import Act

WORDS: dict[str, str] = {"elect": "精选", "unelect": "取消精选", "delete": "删除留言", "delete_reply": "删除我方回复"}
# 正在输入 shows only to those who did something within this time.
TYPING_WITHIN = timedelta(seconds=30)
# Longer than asking can take.
_CLAIMED = timedelta(seconds=120)
T = TypeVar("T")


def acts_of(
    conversation: Conversation, messages: Sequence[Message], actor: Actor | None = None
) -> dict[str, tuple[str, ...]]:
    """{message id: what may be done to it on its account (by `actor`), in the order of the buttons}."""
    able = {str(kind): acts for kind, acts in connections.capabilities(conversation.account).acts.items()}
    offered = able.get(conversation.kind, ())
    if actor is not None and not owns(actor, conversation):
        messages = [message for message in messages if _own_reply(actor, message)]
    return {message.id: acts for message in messages if offered and (acts := _acts(message, offered))}


def _own_reply(actor: Actor, message: Message) -> bool:
    return message.direction == "out" and bool(actor.user_id) and message.author_id == actor.user_id


def acts_elsewhere(conversation: Conversation) -> tuple[str, str] | None:
    """(why others' comments cannot be deleted from here, where people see the post); None where they can."""
    if conversation.kind == "private":
        return None
    known = connections.capabilities(conversation.account)
    acts = {str(kind): found for kind, found in known.acts.items()}.get(conversation.kind, ())
    whys = {missing.key: missing.why for missing in known.missing}
    if "delete" in acts or "moderation" not in whys:
        return None
    sent = db.session.get(Publication, conversation.publication_id) if conversation.publication_id else None
    if sent is not None and sent.url:
        return whys["moderation"], connections.screen_url(sent.url, conversation.account)
    return whys["moderation"], connections.home_url(conversation.account)


def _acts(message: Message, offered: Sequence[str]) -> tuple[str, ...]:
    if message.erased_at is not None or message.removed_at is not None or not message.target:
        return ()
    if message.direction == "out":
        return tuple(act for act in ("delete_reply",) if act in offered and message.status == "sent")
    if message.direction != "in":
        return ()
    wanted = ("unelect" if message.elected else "elect", "delete")
    return tuple(act for act in wanted if act in offered)


def moderate(actor: Actor, message_id: str, act: str, *, conversation_id: str | None = None, now: datetime) -> Message:
    """`act` is one of WORDS; `conversation_id`: where the message must be. Raises Conflict with the platform's reason, or when this message does not bear this act; NotFound, Forbidden."""
    message = _message(actor, message_id, act)
    if conversation_id is not None and now_at(conversation_id) != message.conversation_id:
        raise NotFound
    if act not in acts_of(message.conversation, [message]).get(message.id, ()):
        raise Conflict("没有办成。这条消息现在不能做这项操作，可能刚刚已经处理过。请刷新页面查看。")
    target = {key: str(value) for key, value in message.target.items()}
    reply_id = message.external_id or ""
    account = message.conversation.account
    if act == "delete_reply":
        _claim(message_id, now)
    try:
        ask(
            account,
            lambda connector: connector.moderate(target, cast(Act, act), reply_id=reply_id),
            what=WORDS[act],
            again=_LOOK_FIRST if act == "delete_reply" else _AGAIN,
            now=now,
        )
    except Conflict as refusal:
        _note(actor, message_id, act, now, refused=refusal)
        raise
    return _note(actor, message_id, act, now)


def _claim(message_id: str, now: datetime) -> None:
    """The answer is this caller's to delete until _note. Raises Conflict when somebody else is at it or it is gone."""
    free = (Message.removed_at.is_(None), or_(Message.claim_until.is_(None), Message.claim_until <= now))
    with atomic():
        taken = db.session.execute(
            update(Message)
            .where(Message.id == message_id, Message.status == "sent", *free)
            .values(claim_until=now + _CLAIMED)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        ).all()
    if not taken:
        raise Conflict("没有办成。这条回复正由同事删除，或刚刚已经删除。请刷新页面查看。")


def typing(actor: Actor, conversation_id: str, *, now: datetime) -> bool:
    """Show 正在输入 to the person, where the account wants it and the platform would; never a reason to stop.

    The platform takes it within half a minute of the person's last act only: later nothing is asked at all.
    """
    conversation = find(actor, now_at(conversation_id), "inbox.reply")
    account = conversation.account
    last = conversation.last_inbound_at
    wanted = bool(account.settings.get("typing")) and "typing" in connections.capabilities(account).offers
    if not wanted or conversation.kind != "private" or last is None or now - last > TYPING_WITHIN:
        return False
    message = db.session.get(Message, conversation.last_inbound_id) if conversation.last_inbound_id else None
    if message is None or not message.target:
        return False
    target = {key: str(value) for key, value in message.target.items()}
    connector = connections.connect(account, purpose="fetch")
    release()
    return connector.typing(target)


_AGAIN = "可能已经生效。请刷新后查看，没有生效就再点一次，重复操作没有影响。"
_LOOK_FIRST = "可能已经删除。请到平台核对后再点一次“删除我方回复”，删除确认之前不能另行回复。"


def ask(account: Account, act: Callable[[Connector], T], *, what: str, again: str = _AGAIN, now: datetime) -> T:
    """asking.ask for acts that may be repeated. Raises Conflict."""
    return asking.ask(account, act, what=what, purpose="reply", again=again, now=now)


def _message(actor: Actor, message_id: str, act: str) -> Message:
    message = db.session.get(Message, message_id)
    if message is None:
        raise NotFound
    if act == "delete_reply" and _own_reply(actor, message):
        find(actor, message.conversation_id, "inbox.reply")
    else:
        find_owned(actor, message.conversation_id)
    return message


def _note(actor: Actor, message_id: str, act: str, now: datetime, refused: Conflict | None = None) -> Message:
    """What came of it: on the message and in the audit log."""
    with atomic():
        message = db.session.get_one(Message, message_id)
        # The conversation first, as whoever answers in it does.
        db.session.get_one(Conversation, message.conversation_id, with_for_update=True)
        message = db.session.get_one(Message, message_id, with_for_update=True, populate_existing=True)
        if act == "delete_reply":
            message.claim_until = None
        if refused is None:
            _apply(message, act, now)
        record(
            actor,
            f"message.{act}",
            now=now,
            object_type="conversation",
            object_id=message.conversation_id,
            unit_id=message.conversation.account.unit_id,
            summary=f"{WORDS[act]}{outcome_words(refused)}",
            after={"message_id": message.id, **outcome_facts(refused)},
        )
    return message


def _apply(message: Message, act: str, now: datetime) -> None:
    if act in ("elect", "unelect"):
        message.elected = act == "elect"
        return
    message.removed_at = now
    if act == "delete_reply":
        asked = db.session.get(Message, message.in_reply_to) if message.in_reply_to else None
        if asked is not None:
            wait_again(asked)
        return
    # Nothing can be said under a comment that is gone.
    message.target = {}
    move_on(message.conversation)
