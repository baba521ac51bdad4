"""Which conversations a person may see and answer: those of their desk, and those of their accounts after 转办."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select

from app.accounts.models import Account
from app.db import db
from app.errors import Conflict, Forbidden, NotFound
from app.inbox.models import Conversation, ConversationMove, Message
from app.units.access import Actor, visible
from app.units.models import Grant, Unit, User
from app.units.roles import roles_with
from app.words import N_


class Moved(Conflict):
    """The conversation is part of another one by now, whose id is `to`."""

    def __init__(self, to: str) -> None:
        super().__init__(
            N_("没有办成。这个会话已并入同一人在这一篇下面的评论会话，消息都移到了那里。请看过后在那里再操作一次。"),
            moved_to=to,
            url=f"/inbox/{to}",
        )
        self.to = to


def now_at(conversation_id: str) -> str:
    """The id under which this conversation is found now: its own, or that of the one it went into."""
    return (
        db.session.scalar(select(ConversationMove.conversation_id).where(ConversationMove.old_id == conversation_id))
        or conversation_id
    )


def visible_conversations(actor: Actor, key: str = "inbox.read") -> ColumnElement[bool]:
    """An SQL condition on Conversation: its desk or its account's unit lies where the actor holds `key`."""
    accounts = select(Account.id).where(visible(actor, key, Account.unit_id))
    return or_(visible(actor, key, Conversation.unit_id), Conversation.account_id.in_(accounts))


def find(actor: Actor, conversation_id: str, key: str = "inbox.read", *, lock: bool = False) -> Conversation:
    """The conversation, if the actor holds `key` at its desk or its account. Raises NotFound, Forbidden, Moved.

    `lock` keeps others from changing it until the transaction ends.
    """
    query = select(Conversation).where(Conversation.id == conversation_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    conversation = db.session.scalars(query).one_or_none()
    if conversation is None:
        there = now_at(conversation_id)
        if there == conversation_id:
            raise NotFound
        raise Moved(find(actor, there, key).id)
    units = [db.session.get(Unit, conversation.unit_id), conversation.account.unit]
    if any(unit is not None and actor.may(key, unit) for unit in units):
        return conversation
    for unit in units:
        if unit is not None and actor.may("inbox.read", unit):
            actor.require(key, unit, see="inbox.read")
    raise NotFound


def may(actor: Actor, conversation: Conversation, key: str) -> bool:
    """Whether the actor holds `key` for this conversation."""
    desk = db.session.get(Unit, conversation.unit_id)
    return any(unit is not None and actor.may(key, unit) for unit in (desk, conversation.account.unit))


def owns(actor: Actor, conversation: Conversation) -> bool:
    """Whether the actor answers for the account itself, not only for a conversation handed to their desk by 转办."""
    return actor.may("inbox.reply", conversation.account.unit)


def find_owned(actor: Actor, conversation_id: str) -> Conversation:
    """A conversation whose account the actor answers for: what is done there concerns all its readers.

    Raises NotFound, Forbidden.
    """
    conversation = find(actor, conversation_id, "inbox.reply")
    if not owns(actor, conversation):
        raise Forbidden(
            "没有办成。这个会话是转办来的，只能回复；留言、标签和黑名单由账号所属单位处置。请联系该单位的回复人。"
        )
    return conversation


def find_message(actor: Actor, message_id: str, key: str, within: str | None = None) -> Message:
    """An outbound message and its conversation, locked; `within`: the conversation where it must be. Raises NotFound,
    Forbidden."""
    message = db.session.get(Message, message_id)
    if message is None or message.direction != "out":
        raise NotFound
    if within is not None and now_at(within) != message.conversation_id:
        raise NotFound
    find(actor, message.conversation_id, key, lock=True)
    db.session.refresh(message)
    return message


def holders(conversation: Conversation, key: str) -> list[User]:
    """Active people who hold `key` at its desk or its account, by name."""
    desk = db.session.get(Unit, conversation.unit_id)
    paths = [unit.path for unit in (desk, conversation.account.unit) if unit is not None]
    above = {part for path in paths for part in path.split("/") if part}
    query = (
        select(User)
        .join(Grant, Grant.user_id == User.id)
        .where(User.active, Grant.role.in_(roles_with(key)), Grant.unit_id.in_(above))
        .distinct()
        .order_by(User.name, User.id)
    )
    return list(db.session.scalars(query))
