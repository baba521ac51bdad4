"""Answers, retries, and notes: what a person says in a conversation. Stored here, sent by the scheduler."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, select

from app.accounts.connections import public_address
from app.audit.services import record
from app.checks.services import check
from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Invalid, NotFound
from app.inbox.access import Moved, find
from app.inbox.approvers import needs_approval, tell_approvers
from app.inbox.models import Conversation, HeldReply, Message
from app.inbox.windows import Window, goes_privately, hours, length_of, rule_for, window_of
from app.notices.services import settle
from app.units.access import Actor
from app.units.models import User
from app.waking import wake

NOTE_LENGTH = 2000


def reply(
    actor: Actor,
    conversation_id: str,
    *,
    text: str,
    in_reply_to: str | None = None,
    key: str | None = None,
    seen_message_id: str | None = None,
    now: datetime,
) -> Message | HeldReply:
    """Queue an answer to `in_reply_to` (default: the newest inbound message); the scheduler sends it. Where
    the account's answers need approval it is held for that instead: nothing of it goes out before.

    `key` makes a double click one answer. `seen_message_id` is the newest message the person saw: when somebody else
    answered since, Conflict shows that answer instead. Moved (a Conflict)
    names the conversation that this one went into. Conflict also when the platform's window is closed; Invalid for
    an empty or too long text; ContentBlocked for somebody's unmasked numbers in a public answer.
    """
    text = clean(text)
    with atomic():
        ours = _own_key(actor, key)
        conversation = _to_answer(actor, conversation_id, ours)
        if twin := _twin(ours):
            return _same(twin, conversation, text)
        check_text(text, window_of(conversation, now).max_length)
        check_privacy(conversation, text)
        _check_collision(actor, conversation, seen_message_id, now)
        target = target_of(conversation, in_reply_to)
        check_window(conversation, target, now)
        if needs_approval(conversation.account):
            return _hold(actor, conversation, target, text, ours, now)
        message = queue(conversation, target, text, actor.user_id or None, public_address(actor.origin), ours, now)
        wake()
        note_event(actor, "reply.queue", conversation, message, now)
        return message


def add_note(actor: Actor, conversation_id: str, *, text: str, now: datetime) -> Message:
    """A private note of a colleague: seen in the thread, never sent."""
    text = clean(text)
    if not text or len(text) > NOTE_LENGTH:
        raise Invalid(
            f"备注没有保存。内容为空，或超过 {NOTE_LENGTH} 字。请修改后重新保存。",
            errors={"text": [f"请填写 1 到 {NOTE_LENGTH} 字。"]},
        )
    with atomic():
        conversation = find(actor, conversation_id, "inbox.reply", lock=True)
        message = Message(
            conversation_id=conversation.id,
            account_id=conversation.account_id,
            direction="note",
            text=text,
            author_id=actor.user_id or None,
            sent_at=now,
            created_at=now,
        )
        db.session.add(message)
        db.session.flush()
        note_event(actor, "conversation.note", conversation, message, now)
        return message


def mark_answered(conversation: Conversation, message: Message) -> None:
    """An answer is out: nothing waits any more, unless something came after it was written."""
    if conversation.first_answer_at is None:
        conversation.first_answer_at = message.sent_at
    conversation.last_message_at = max(conversation.last_message_at, message.sent_at)
    # One that was held was written before it became a message.
    seen = db.session.scalar(select(HeldReply.seen_inbound_id).where(HeldReply.message_id == message.id))
    newer = conversation.last_inbound_id is not None and conversation.last_inbound_id > (seen or message.id)
    if not newer:
        conversation.waiting_since = None
        # Nobody need be told of it any more; what does not go out after all is told anew.
        settle(f"/inbox/{conversation.id}", message.sent_at)


def clean(text: str) -> str:
    """Trimmed, one kind of line end, nothing that the database or a platform cannot hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def text_digest(text: str) -> str:
    """What stands for words in the audit log."""
    return hashlib.sha256(text.encode()).hexdigest()


def _to_answer(actor: Actor, conversation_id: str, ours: str | None) -> Conversation:
    """The conversation, locked. Raises Moved, unless this very answer went with it."""
    try:
        return find(actor, conversation_id, "inbox.reply", lock=True)
    except Moved as moved:
        if _twin(ours) is None:
            raise
        return find(actor, moved.to, "inbox.reply", lock=True)


def _twin(ours: str | None) -> Message | HeldReply | None:
    if not ours:
        return None
    sent = db.session.scalars(select(Message).where(Message.key == ours)).one_or_none()
    return sent or db.session.scalars(select(HeldReply).where(HeldReply.key == ours)).one_or_none()


def _own_key(actor: Actor, key: str | None) -> str | None:
    return hashlib.sha256(f"{actor.user_id}:{key}".encode()).hexdigest() if key else None


def _same(twin: Message | HeldReply, conversation: Conversation, text: str) -> Message | HeldReply:
    if twin.conversation_id != conversation.id or (twin.text != text and twin.erased_at is None):
        raise Conflict("这条回复没有提交。同一份表单已经提交过另一条内容。请刷新页面后重新填写。")
    return twin


def check_text(text: str, most: int) -> None:
    used = length_of(text)
    if not text:
        raise Invalid("回复没有提交。内容是空的。请填写回复内容。", errors={"text": ["请填写回复内容。"]})
    if used > most:
        raise Invalid(
            f"回复没有提交。内容有 {used} 字，超过平台 {most} 字的上限。请缩短，或分成两条。",
            errors={"text": [f"最多 {most} 字，现有 {used} 字。"]},
        )


def check_privacy(conversation: Conversation, text: str) -> None:
    """What everybody can read must not name a citizen's number; in a private message it may be their own."""
    if conversation.kind == "private":
        return
    problems = [problem for problem in check(text, "text") if problem.severity == "block"]
    if problems:
        raise ContentBlocked(
            f"回复没有提交。{problems[0].message}公开回复谁都能看到，请隐去后再发，或改用私信答复。",
            problems=[asdict(problem) for problem in problems],
        )


def _check_collision(actor: Actor, conversation: Conversation, seen: str | None, now: datetime) -> None:
    if seen is None:
        return
    other = db.session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation.id,
            Message.direction == "out",
            Message.status != "failed",
            Message.id > seen,
            Message.author_id.is_distinct_from(actor.user_id),
        )
        .order_by(Message.id.desc())
        .limit(1)
    ).one_or_none() or _held_since(actor, conversation, seen)
    if other is None:
        return
    author = other.author.name if other.author else "同事"
    seconds = max(0, int((now - other.created_at).total_seconds()))
    since = f"{seconds} 秒前" if seconds < 60 else f"{seconds // 60} 分钟前"
    did = "已回复" if isinstance(other, Message) else "写的回复正在等审核"
    raise Conflict(
        f"{since} {author} {did}：“{other.text[:80]}”。为避免重复答复，您的回复没有发送。请看过后再决定是否补充。",
        collision={"id": other.id, "author": author, "text": other.text, "at": other.created_at.isoformat()},
    )


def _held_since(actor: Actor, conversation: Conversation, seen: str) -> HeldReply | None:
    return db.session.scalars(
        select(HeldReply)
        .where(
            HeldReply.conversation_id == conversation.id,
            HeldReply.status == "awaiting_approval",
            HeldReply.id > seen,
            HeldReply.author_id.is_distinct_from(actor.user_id),
        )
        .order_by(HeldReply.id.desc())
        .limit(1)
    ).one_or_none()


def target_of(conversation: Conversation, in_reply_to: str | None) -> Message:
    wanted = in_reply_to or conversation.last_inbound_id
    message = db.session.get(Message, wanted) if wanted else None
    if message is None or message.conversation_id != conversation.id or message.direction != "in":
        if in_reply_to:
            raise NotFound("没有找到要回复的消息。它不在这个会话里，或已被清除。请刷新页面后重新选择。")
        raise Conflict("没有可以回复的消息。这个会话里还没有收到消息。请等对方来信后再回复。")
    return message


def check_window(conversation: Conversation, target: Message, now: datetime) -> None:
    window: Window = window_of(conversation, now)
    rule = rule_for(conversation.account, conversation.kind, target.target)
    own_allowance = rule.per_message is not None and target.id != conversation.last_inbound_id
    if own_allowance and not rule.unavailable:
        if rule.window is not None and now >= target.sent_at + rule.window:
            raise Conflict(f"回复时限已过。平台只在对方发来消息后 {hours(rule.window)} 小时内允许回复。")
        if goes_privately(conversation.kind, target.target) and conversation.contact.left_at is not None:
            raise Conflict("私信发不出去。对方已取消关注，平台不再转达。无需回复，可以把该会话办结。")
        _check_allowance(target, rule.per_message or 0)
    elif not window.open:
        raise Conflict(window.why)
    if not target.target:
        raise Conflict("这条消息不能回复。对方的信息已按要求清除。可以把该会话办结。")


def _check_allowance(target: Message, most: int) -> None:
    """Answers to one message that is not the newest: as many as the platform allows for each."""
    given = db.session.scalar(
        select(func.count(Message.id)).where(
            Message.in_reply_to == target.id,
            Message.direction == "out",
            Message.status != "failed",
            Message.removed_at.is_(None),
        )
    )
    if target.answered or (given or 0) >= most:
        raise Conflict("这条留言已经回复过。平台规定每条留言只能回复一次。如需更正，请先删除原回复，再重新回复。")


def _hold(
    actor: Actor, conversation: Conversation, target: Message, text: str, key: str | None, now: datetime
) -> HeldReply:
    held = HeldReply(
        conversation_id=conversation.id,
        author_id=actor.user_id or None,
        text=text,
        in_reply_to=target.id,
        seen_inbound_id=conversation.last_inbound_id,
        operator_ip=public_address(actor.origin),
        key=key,
        submitted_at=now,
        created_at=now,
    )
    db.session.add(held)
    db.session.flush()
    note_held(actor, "reply.submit", held, now)
    tell_approvers(held, now)
    return held


def queue(
    conversation: Conversation,
    target: Message,
    text: str,
    author_id: str | None,
    operator_ip: str,
    key: str | None,
    now: datetime,
) -> Message:
    """A message for the scheduler to send. Inside atomic(), the conversation locked and its window checked."""
    message = Message(
        conversation_id=conversation.id,
        account_id=conversation.account_id,
        direction="out",
        text=text,
        target=dict(target.target),
        in_reply_to=target.id,
        author_id=author_id,
        operator_ip=operator_ip,
        status="queued",
        key=key,
        next_attempt_at=now,
        sent_at=now,
        created_at=now,
    )
    db.session.add(message)
    db.session.flush()
    conversation.last_message_at = max(conversation.last_message_at, now)
    return message


def clear_error(message: Message) -> None:
    message.error_code = message.error_cause = message.error_remedy = message.error_who = ""


def note_event(
    actor: Actor, action: str, conversation: Conversation, message: Message, now: datetime, before: str | None = None
) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="conversation",
        object_id=conversation.id,
        unit_id=conversation.unit_id,
        before={"status": before} if before else {},
        after={"message_id": message.id, "status": message.status, "text_sha256": text_digest(message.text)},
    )


def note_held(actor: Actor, action: str, held: HeldReply, now: datetime, before: str = "") -> None:
    """The event of something done to an answer that is held; its words stand for themselves as a digest."""
    record(
        actor,
        action,
        now=now,
        object_type="conversation",
        object_id=held.conversation_id,
        unit_id=held.conversation.unit_id,
        before={"status": before} if before else {},
        after={
            "held_reply_id": held.id,
            "status": held.status,
            "text_sha256": held.sha256,
            **({"message_id": held.message_id} if held.message_id else {}),
        },
    )


def author_name(message: Message | HeldReply) -> str:
    """Who wrote an answer or a note."""
    user = db.session.get(User, message.author_id) if message.author_id else None
    return user.name if user else "系统"
