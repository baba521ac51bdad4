"""How a conversation may still be answered: the platform's window and allowance, from capabilities and our own count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import and_, func, select

from app.accounts.connections import capabilities
from app.accounts.models import Account
from app.db import db
from app.inbox.models import Contact, Conversation, Message
from connectors.values import ReplyRule

_OURS = "您可以把该会话办结，或请对方再发一条消息。"
ONCE_PRIVATELY = "这条提及已经用私信回复过。平台规定被提及后只能回复一次私信。请到平台上的原评论下继续回复。"
_UNSUPPORTED = "这类消息在该账号上没有回复接口。"
# Where capabilities say why a kind cannot be had.
_MISSING_KEYS = {"comment": "comments", "article_comment": "comments", "mention": "mentions", "private": "messages"}


@dataclass(frozen=True, kw_only=True)
class Window:
    """Until when and how often it may be answered; None: no limit. `why` says in Chinese why not, "" when it may."""

    closes_at: datetime | None = None
    remaining: int | None = None
    max_length: int = 140
    why: str = ""

    @property
    def open(self) -> bool:
        return not self.why


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What counts for one conversation: answers since the newest inbound message, and whether that has one."""

    since: int = 0
    to_newest: int = 0
    answered: bool = False
    reachable: bool = True
    target: Mapping[str, object] = field(default_factory=dict)
    # Answers since the person's newest act that is no message.
    since_act: int = 0


def rules_of(account: Account) -> dict[str, ReplyRule]:
    """How each kind of message may be answered on this account; every kind is there, with the reason when it may not."""
    known = capabilities(account)
    whys = {missing.key: missing.why for missing in known.missing}
    rules = {kind: ReplyRule(unavailable=whys.get(key, _UNSUPPORTED)) for kind, key in _MISSING_KEYS.items()}
    return {**rules, **{str(kind): rule for kind, rule in known.replies.items()}}


def rule_for(account: Account, kind: str, target: Mapping[str, object]) -> ReplyRule:
    """The rule for answering one message: whom only a private message reaches is answered by the rule for those."""
    privately = capabilities(account).privately
    return privately if privately is not None and goes_privately(kind, target) else rules_of(account)[kind]


def goes_privately(kind: str, target: Mapping[str, object]) -> bool:
    """Whether a message that did not come privately can only be answered so."""
    return kind != "private" and target.get("kind") == "private"


def window_of(conversation: Conversation, now: datetime) -> Window:
    """The window for answering the newest inbound message."""
    return windows_of([conversation], now)[conversation.id]


def windows_of(conversations: Sequence[Conversation], now: datetime) -> dict[str, Window]:
    """The same for many, in a fixed number of queries."""
    facts = _facts([conversation.id for conversation in conversations])
    rule_of = lru_cache(maxsize=None)(_rule_of)
    found = {}
    for conversation in conversations:
        known = facts.get(conversation.id, _Facts())
        rule = rule_of(conversation.account_id, conversation.kind, str(known.target.get("kind") or ""))
        found[conversation.id] = _judge(conversation, rule, known, now)
    return found


def _rule_of(account_id: str, kind: str, target_kind: str) -> ReplyRule:
    return rule_for(db.session.get_one(Account, account_id), kind, {"kind": target_kind})


def _facts(ids: Sequence[str]) -> dict[str, _Facts]:
    newest = db.session.execute(
        select(Conversation.id, Message.id, Message.answered, Message.target)
        .join(Message, Message.id == Conversation.last_inbound_id)
        .where(Conversation.id.in_(ids))
    ).all()
    out = and_(
        Message.conversation_id == Conversation.id,
        Message.direction == "out",
        Message.status != "failed",
        Message.removed_at.is_(None),
    )
    since = _counted(ids, and_(out, Message.id > Conversation.last_inbound_id))
    acted = Message.conversation.has(Conversation.contact.has(Contact.acted_at <= Message.sent_at))
    since_act = _counted(ids, and_(out, acted))
    to_newest = _counted(ids, and_(out, Message.in_reply_to == Conversation.last_inbound_id))
    return {
        row[0]: _Facts(
            since=since.get(row[0], 0),
            to_newest=to_newest.get(row[0], 0),
            answered=row[2],
            reachable=bool(row[3]),
            target=dict(row[3] or {}),
            since_act=since_act.get(row[0], 0),
        )
        for row in newest
    }


def _counted(ids: Sequence[str], condition: object) -> dict[str, int]:
    rows = db.session.execute(
        select(Conversation.id, func.count(Message.id))
        .join(Message, condition)  # type: ignore[arg-type]
        .where(Conversation.id.in_(ids))
        .group_by(Conversation.id)
    )
    return {conversation_id: int(number) for conversation_id, number in rows}


def _judge(conversation: Conversation, rule: ReplyRule, facts: _Facts, now: datetime) -> Window:
    if rule.unavailable:
        return Window(remaining=0, max_length=rule.max_length, why=f"这个会话不能在这里回复。{rule.unavailable}")
    closes_at = None
    if rule.window is not None and conversation.last_inbound_at is not None:
        closes_at = conversation.last_inbound_at + rule.window
    remaining = _remaining(rule, facts)
    why = _why_closed(conversation, rule, facts, closes_at, remaining, now)
    window = Window(closes_at=closes_at, remaining=0 if why else remaining, max_length=rule.max_length, why=why)
    return window if window.open else _after_act(conversation, rule, facts, now) or window


def _after_act(conversation: Conversation, rule: ReplyRule, facts: _Facts, now: datetime) -> Window | None:
    """The window that an act of the person's opened beside the closed one of their messages; None when none is open."""
    contact = conversation.contact
    allowance = rule.after.get(contact.act)
    if allowance is None or contact.acted_at is None or contact.left_at is not None:
        return None
    if conversation.last_inbound_id is None or not facts.reachable:
        return None
    closes_at, remaining = contact.acted_at + allowance.window, allowance.answers - facts.since_act
    shut = conversation.window_shut_at is not None and conversation.window_shut_at >= contact.acted_at
    if shut or remaining <= 0 or not contact.acted_at <= now < closes_at:
        return None
    return Window(closes_at=closes_at, remaining=remaining, max_length=rule.max_length)


def _remaining(rule: ReplyRule, facts: _Facts) -> int | None:
    left = []
    if rule.per_window is not None:
        left.append(rule.per_window - facts.since)
    if rule.per_message is not None:
        left.append(rule.per_message - max(facts.to_newest, int(facts.answered)))
    return max(0, min(left)) if left else None


def _why_closed(
    conversation: Conversation,
    rule: ReplyRule,
    facts: _Facts,
    closes_at: datetime | None,
    remaining: int | None,
    now: datetime,
) -> str:
    if conversation.last_inbound_id is None or not facts.reachable:
        return f"没有可以回复的消息。对方的消息已清除，或尚未收到。{_OURS}"
    by_message = conversation.kind == "private" or goes_privately(conversation.kind, facts.target)
    if by_message and conversation.contact.left_at is not None:
        return "私信发不出去。对方已取消关注，平台不再转达。无需回复，可以把该会话办结。"
    if closes_at is not None and now >= closes_at:
        return f"回复时限已过。平台只在对方发来消息后 {hours(rule.window)} 小时内允许回复。{_OURS}"
    if conversation.window_shut_at is not None:
        return f"平台已拒绝继续回复。对方最近一次来信后的回复机会已用完或已过期。{_OURS}"
    if remaining == 0 and rule.per_message is not None and rule.window is not None:
        return ONCE_PRIVATELY
    if remaining == 0 and rule.per_message is not None and rule.per_window is None:
        return "这条留言已经回复过。平台规定每条留言只能回复一次。如需更正，请先删除原回复，再重新回复。"
    if remaining == 0:
        return f"回复次数已用完。对方每次来信后最多回复 {rule.per_window} 条。{_OURS}"
    return ""


def hours(window: timedelta | None) -> int:
    return int(window.total_seconds() // 3600) if window else 0


def length_of(text: str) -> int:
    """字 as the platforms count them: two letters or digits of ASCII make one."""
    return (sum(1 if ord(character) < 128 else 2 for character in text) + 1) // 2
