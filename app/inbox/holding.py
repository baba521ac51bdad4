"""Answers that wait for approval: decided by somebody else, changed or taken back by their author."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.connections import public_address
from app.db import atomic, db, release
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.inbox.access import find, visible_conversations
from app.inbox.answering import check_privacy, check_text, check_window, clean, note_event, note_held, queue, target_of
from app.inbox.approvers import place_of, tell_approvers
from app.inbox.models import Conversation, HeldReply, Message
from app.inbox.windows import window_of, windows_of
from app.notices.models import Notice
from app.notices.services import settle, tell
from app.units.access import Actor
from app.waking import wake

WAITS = "awaiting_approval"
UNDECIDED = (WAITS, "returned")
_REASON_LENGTH = 500
_MOST = 200
_ENDED = {"approved": "通过，已排队发送", "returned": "退回", "withdrawn": "收回"}


def held_of(actor: Actor, conversation_id: str) -> list[HeldReply]:
    """What waits in a conversation or was returned and not yet changed, oldest first. Raises NotFound, Moved."""
    conversation = find(actor, conversation_id)
    query = select(HeldReply).where(HeldReply.conversation_id == conversation.id, HeldReply.status.in_(UNDECIDED))
    return list(db.session.scalars(query.order_by(HeldReply.submitted_at, HeldReply.id).limit(_MOST)))


def all_held_of(actor: Actor, conversation_id: str) -> list[HeldReply]:
    """The same with those that were decided or taken back; the newest 200, newest first."""
    conversation = find(actor, conversation_id)
    query = select(HeldReply).where(HeldReply.conversation_id == conversation.id).order_by(HeldReply.id.desc())
    return list(db.session.scalars(query.limit(_MOST)))


def decidable(actor: Actor) -> list[HeldReply]:
    """What waits for this person's word: never what they wrote themselves. The longest first, 200 at most."""
    query = (
        select(HeldReply)
        .join(Conversation, Conversation.id == HeldReply.conversation_id)
        .where(
            HeldReply.status == WAITS,
            HeldReply.author_id.is_distinct_from(actor.user_id),
            visible_conversations(actor, "reply.approve"),
        )
        .options(joinedload(HeldReply.conversation).joinedload(Conversation.account), joinedload(HeldReply.author))
        .order_by(HeldReply.submitted_at, HeldReply.id)
        .limit(_MOST)
    )
    return list(db.session.scalars(query))


def questions_of(rows: Sequence[HeldReply]) -> dict[str, Message]:
    """What each answers, by the held answer's id."""
    asked = {row.in_reply_to for row in rows}
    found = {one.id: one for one in db.session.scalars(select(Message).where(Message.id.in_(asked)))}
    return {row.id: found[row.in_reply_to] for row in rows if row.in_reply_to in found}


def approve_reply(actor: Actor, held_id: str, *, sha256: str, now: datetime) -> Message:
    """Queue exactly the text whose digest the person saw. Raises NotFound, Forbidden (also for its author), Conflict: decided
    already, changed meanwhile, or the platform's window is closed."""
    with atomic():
        held = _to_decide(actor, held_id)
        if sha256 != held.sha256:
            raise Conflict("没有通过。作者在您打开之后改过这条回复。请刷新页面，看过新的内容再审核。")
        conversation = held.conversation
        target = target_of(conversation, held.in_reply_to)
        check_window(conversation, target, now)
        message = queue(conversation, target, held.text, held.author_id, held.operator_ip, held.key, now)
        held.message_id = message.id
        _end(held, "approved", actor, now)
        note_held(actor, "reply.approve", held, now, before=WAITS)
        note_event(actor, "reply.queue", conversation, message, now)
        wake()
        return message


def return_reply(actor: Actor, held_id: str, *, reason: str, now: datetime) -> HeldReply:
    """Back to its author, with a reason. Raises as approve_reply; Invalid without a reason."""
    reason = clean(reason)
    if not reason or len(reason) > _REASON_LENGTH:
        raise Invalid(
            f"没有退回。理由为空，或超过 {_REASON_LENGTH} 字。请写明要改什么。",
            errors={"reason": [f"请填写 1 到 {_REASON_LENGTH} 字。"]},
        )
    with atomic():
        held = _to_decide(actor, held_id)
        held.reason = reason
        _end(held, "returned", actor, now)
        note_held(actor, "reply.return", held, now, before=WAITS)
        _tell_author(
            held,
            f"returned:{int(now.timestamp())}",
            "您的回复被退回",
            f"{actor.name}：{reason} 请修改后重新送审，或收回。",
            now,
        )
        return held


def change_reply(actor: Actor, held_id: str, *, text: str, within: str | None = None, now: datetime) -> HeldReply:
    """Its author writes it anew: it waits (again), and what was seen before cannot be approved any more. `within`: the
    conversation where it must be. Raises as answering.reply."""
    text = clean(text)
    with atomic():
        held = _own(actor, held_id, within)
        if held.author_id != actor.user_id:
            raise Forbidden("没有保存。只有写这条回复的人能改它。请联系作者，或由审核人退回。")
        conversation = held.conversation
        check_text(text, window_of(conversation, now).max_length)
        check_privacy(conversation, text)
        check_window(conversation, target_of(conversation, held.in_reply_to), now)
        before = held.status
        if before == WAITS and text == held.text:
            return held
        settle(place_of(held), now)
        held.text, held.status, held.submitted_at = text, WAITS, now
        held.operator_ip, held.seen_inbound_id = public_address(actor.origin), conversation.last_inbound_id
        held.decided_by = held.decided_at = None
        held.reason = ""
        note_held(actor, "reply.change", held, now, before=before)
        tell_approvers(held, now)
        return held


def withdraw_reply(actor: Actor, held_id: str, *, within: str | None = None, now: datetime) -> HeldReply:
    """Its author takes it back; of somebody who is not active any more, whoever answers there."""
    with atomic():
        held = _own(actor, held_id, within)
        if held.author_id != actor.user_id and held.author is not None and held.author.active:
            raise Forbidden("没有收回。只有写这条回复的人能收回。请联系作者，或由审核人退回。")
        before = held.status
        _end(held, "withdrawn", actor, now)
        note_held(actor, "reply.withdraw", held, now, before=before)
        return held


def tell_of_closed(now: datetime) -> int:
    """Authors of what still waits though the platform's window closed learn it once, with the remedy. Returns how many."""
    query = select(HeldReply).where(HeldReply.status == WAITS, HeldReply.author_id.is_not(None))
    rows = list(db.session.scalars(query.order_by(HeldReply.submitted_at).limit(_MOST)))
    windows = windows_of([row.conversation for row in rows], now) if rows else {}
    # A window that opens and closes anew is told anew.
    late = {
        _closed(row): (row.id, windows[row.conversation_id].why)
        for row in rows
        if not windows[row.conversation_id].open
    }
    told = set(db.session.scalars(select(Notice.key).where(Notice.key.in_(list(late))))) if late else set()
    release()
    return sum(_tell_closed(held_id, why, now) for key, (held_id, why) in late.items() if key not in told)


def _tell_closed(held_id: str, why: str, now: datetime) -> bool:
    with atomic():
        held = db.session.get(HeldReply, held_id, populate_existing=True)
        if held is None or held.status != WAITS:
            return False
        what = _closed(held).removeprefix(f"held:{held.id}:")
        return _tell_author(held, what, "一条回复没有等到审核", f"审核期间已不能发出。{why}", now)


def _closed(held: HeldReply) -> str:
    return f"held:{held.id}:closed:{held.conversation.last_inbound_id}"


def _tell_author(held: HeldReply, what: str, title: str, body: str, now: datetime) -> bool:
    conversation = held.conversation
    notice = tell(
        key=f"held:{held.id}:{what}",
        kind="reply",
        level="info",
        unit_id=conversation.unit_id,
        user_id=held.author_id if held.author is not None and held.author.active else None,
        title=f"{title}：{conversation.account.name}"[:200],
        body=body,
        path=f"/inbox/{conversation.id}",
        now=now,
    )
    return notice is not None


def _to_decide(actor: Actor, held_id: str) -> HeldReply:
    """Locked with its conversation, and still waiting. Nobody decides on their own words, by whatever way they come."""
    held = _locked(actor, held_id, "reply.approve")
    if held.author_id == actor.user_id:
        raise Forbidden("不能审核自己写的回复。须由另一位有“审核回复”权限的同事审核。")
    if held.status != WAITS:
        raise Conflict(f"没有办成。{_what_became(held)}请刷新页面查看。")
    return held


def _own(actor: Actor, held_id: str, within: str | None) -> HeldReply:
    held = _locked(actor, held_id, "inbox.reply")
    if within is not None and held.conversation_id != within:
        raise NotFound
    if held.status not in UNDECIDED:
        raise Conflict(f"没有办成。{_what_became(held)}请刷新页面查看。")
    return held


def _locked(actor: Actor, held_id: str, key: str) -> HeldReply:
    held = db.session.get(HeldReply, held_id)
    if held is None:
        raise NotFound
    find(actor, held.conversation_id, key, lock=True)
    # Erasing somebody does not wait for the conversation.
    db.session.refresh(held, with_for_update=True)
    return held


def _what_became(held: HeldReply) -> str:
    who = held.decider.name if held.decider else "系统"
    return f"这条回复已由{who}{_ENDED.get(held.status, '处理')}。"


def _end(held: HeldReply, status: str, actor: Actor, now: datetime) -> None:
    held.status, held.decided_by, held.decided_at = status, actor.user_id or None, now
    settle(place_of(held), now)
    db.session.flush()
