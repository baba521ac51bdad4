"""Whether an account's answers need approval, who may give it, and telling them that something waits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, exists

from app.accounts.models import Account
from app.inbox.access import holders
from app.inbox.models import Conversation, HeldReply
from app.notices.services import tell
from app.units.models import User


def needs_approval(account: Account) -> bool:
    """Whether answers of people wait for somebody else's word (回复须经审核)."""
    return bool(account.settings.get("reply_approval"))


def awaits_approval() -> ColumnElement[bool]:
    """SQL on Conversation: an answer in it waits for approval."""
    return exists().where(HeldReply.conversation_id == Conversation.id, HeldReply.status == "awaiting_approval")


def approvers_of(conversation: Conversation) -> list[User]:
    """Active people who may approve answers at its desk or its account, by name; an answer's author never does."""
    return holders(conversation, "reply.approve")


def place_of(held: HeldReply) -> str:
    """Where it is decided on; what was told of it leads there."""
    return f"/review/replies#held-{held.id}"


def tell_approvers(held: HeldReply, now: datetime) -> None:
    """In the transaction in which it began to wait. The citizen's and the author's words stay where they are."""
    conversation = held.conversation
    author = held.author.name if held.author else "同事"
    for person in approvers_of(conversation):
        if person.id == held.author_id:
            continue
        tell(
            key=f"held:{held.id}:{int(held.submitted_at.timestamp())}:{held.sha256[:8]}:{person.id}",
            kind="review",
            level="info",
            unit_id=conversation.unit_id,
            user_id=person.id,
            title=f"待您审核的回复：{conversation.account.name}"[:200],
            body=f"{author}写了一条回复，审核通过后才发出。请尽快审核，平台的回复时限照常计算。",
            path=place_of(held),
            now=now,
        )
