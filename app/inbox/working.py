"""Working on conversations: who answers, until when, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select

from app.audit.services import record
from app.db import Moment, atomic, db
from app.errors import Conflict, Invalid
from app.inbox.access import find, holders
from app.inbox.answering import clean, text_digest
from app.inbox.models import Conversation, Message
from app.notices.services import settle, tell
from app.units.access import Actor, actor_for
from app.units.models import Unit, User

STATUSES = {"open": "待处理", "pending": "等对方", "snoozed": "稍后提醒", "resolved": "已办结"}
LABEL_LENGTH, MOST_LABELS = 20, 10


def assign(
    actor: Actor,
    conversation_id: str,
    *,
    user_id: str | None = None,
    unit_id: str | None = None,
    due_at: datetime | None = None,
    note: str = "",
    now: datetime,
) -> Conversation:
    """Give it to a person, or with `unit_id` to another desk (转办); neither: to nobody.

    Taking it oneself needs only inbox.reply. `due_at` (aware UTC) in the past is Invalid.
    """
    if user_id and unit_id:
        raise Invalid(
            "没有分派。成员和单位只能选一个。请改选后重新提交。", errors={"unit_id": ["与 user_id 只能填一个。"]}
        )
    if due_at is not None and due_at <= now:
        raise Invalid("没有分派。办理期限已经过去。请改成以后的时间。", errors={"due_at": ["应晚于现在。"]})
    note = clean(note)
    with atomic():
        key = "inbox.reply" if user_id == actor.user_id and not unit_id else "inbox.assign"
        conversation = find(actor, conversation_id, key, lock=True)
        before = _state(conversation)
        if unit_id:
            _hand_to_desk(conversation, unit_id)
        else:
            _hand_to_person(conversation, user_id)
        if due_at is not None:
            conversation.due_at = due_at
        if note:
            _leave_note(actor, conversation, note, now)
        _record(actor, "conversation.assign", conversation, before, now, note=text_digest(note) if note else "")
        _tell(actor, conversation, unit_id, now)
        return conversation


def set_status(
    actor: Actor, conversation_id: str, status: str, *, until: datetime | None = None, now: datetime
) -> Conversation:
    """open, pending, snoozed (needs `until` in the future) or resolved."""
    if status not in STATUSES:
        raise Invalid(
            "状态没有改变。没有这种状态。请重新选择。", errors={"status": [f"应为 {'、'.join(STATUSES)} 之一。"]}
        )
    if status == "snoozed" and (until is None or until <= now):
        raise Invalid("没有设置提醒。提醒时间缺失，或已经过去。请选择以后的时间。", errors={"until": ["应晚于现在。"]})
    with atomic():
        conversation = find(actor, conversation_id, "inbox.reply", lock=True)
        if status == "resolved":
            _check_nothing_on_its_way(conversation)
        before = _state(conversation)
        conversation.status = status
        conversation.snoozed_until = until if status == "snoozed" else None
        if status == "resolved":
            settle(f"/inbox/{conversation.id}", now)
        _record(actor, "conversation.status", conversation, before, now)
        return conversation


def set_labels(actor: Actor, conversation_id: str, labels: Sequence[str], now: datetime) -> Conversation:
    """Replace the labels; at most ten, of at most 20 characters each."""
    cleaned = list(dict.fromkeys(label for label in (clean(one) for one in labels) if label))
    if len(cleaned) > MOST_LABELS or any(len(label) > LABEL_LENGTH for label in cleaned):
        raise Invalid(
            f"标签没有保存。最多 {MOST_LABELS} 个，每个不超过 {LABEL_LENGTH} 字。请删减后重新保存。",
            errors={"labels": ["太多或太长。"]},
        )
    with atomic():
        conversation = find(actor, conversation_id, "inbox.reply", lock=True)
        before: dict[str, object] = {"labels": list(conversation.labels)}
        conversation.labels = cleaned
        _record(actor, "conversation.label", conversation, before, now, labels=cleaned)
        return conversation


def set_remark(actor: Actor, conversation_id: str, remark: str, now: datetime) -> Conversation:
    """What colleagues call this person; the platform is not told."""
    remark = clean(remark)
    if len(remark) > 40:
        raise Invalid("备注名没有保存。超过 40 字。请缩短后重新保存。", errors={"remark": ["最多 40 字。"]})
    with atomic():
        conversation = find(actor, conversation_id, "inbox.reply", lock=True)
        conversation.contact.remark = remark
        _record(actor, "contact.remark", conversation, {}, now, remark_sha256=text_digest(remark))
        return conversation


def answerers(conversation: Conversation) -> list[User]:
    """Who may be given this conversation: active people with the right to answer at its desk or its account."""
    return holders(conversation, "inbox.reply")


def desks(conversation: Conversation) -> list[Unit]:
    """The units it may be handed to: all of the same tree, by path."""
    root = conversation.account.unit.path.split("/")[1]
    query = select(Unit).where(Unit.path.startswith(f"/{root}/", autoescape=True), Unit.id != conversation.unit_id)
    return list(db.session.scalars(query.order_by(Unit.path)))


def snooze_over(now: Moment) -> ColumnElement[bool]:
    """SQL: somebody's time has come."""
    return exists().where(Conversation.status == "snoozed", Conversation.snoozed_until <= now)


def wake_snoozed(now: datetime) -> int:
    """Snoozed conversations whose time has come are open again; how many."""
    woken = select(Conversation).where(Conversation.status == "snoozed", Conversation.snoozed_until <= now)
    # Asked every second: no transaction unless there is something to do.
    if db.session.scalars(woken.limit(1)).first() is None:
        return 0
    with atomic():
        due = db.session.scalars(woken.with_for_update(skip_locked=True)).all()
        for conversation in due:
            conversation.status, conversation.snoozed_until = "open", None
        return len(due)


def _hand_to_person(conversation: Conversation, user_id: str | None) -> None:
    if user_id is None:
        conversation.assignee_id = None
        return
    user = db.session.get(User, user_id)
    if user is None or not user.active or not can_answer(user, conversation):
        raise Invalid(
            "没有分派。该成员不存在、已停用，或没有回复权限。请改选其他成员，或请管理员授权。",
            errors={"user_id": ["不能分派给该成员。"]},
        )
    conversation.assignee_id = user.id


def can_answer(user: User, conversation: Conversation) -> bool:
    person = actor_for(user)
    desk = db.session.get(Unit, conversation.unit_id)
    return any(unit is not None and person.may("inbox.reply", unit) for unit in (desk, conversation.account.unit))


def _hand_to_desk(conversation: Conversation, unit_id: str) -> None:
    unit = db.session.get(Unit, unit_id)
    home = conversation.account.unit
    if unit is None or unit.path.split("/")[1] != home.path.split("/")[1]:
        raise Invalid(
            "没有转办。没有这个单位，或它不在本系统的同一机构树中。请重新选择单位。",
            errors={"unit_id": ["不能转办给该单位。"]},
        )
    conversation.unit_id, conversation.assignee_id = unit.id, None


def _tell(actor: Actor, conversation: Conversation, unit_id: str | None, now: datetime) -> None:
    """Who got it is told; the citizen's words stay in the inbox."""
    if unit_id is None and conversation.assignee_id in (None, actor.user_id):
        return
    tell(
        key=f"conversation:{conversation.id}:{now.isoformat()}",
        kind="conversation",
        level="info",
        unit_id=conversation.unit_id,
        user_id=conversation.assignee_id,
        title=f"{actor.name} 转来一个会话" if unit_id else f"{actor.name} 分派给您一个会话",
        body=f"来自“{conversation.account.name}”，请答复。",
        path=f"/inbox/{conversation.id}",
        now=now,
    )


def _leave_note(actor: Actor, conversation: Conversation, note: str, now: datetime) -> None:
    db.session.add(
        Message(
            conversation_id=conversation.id,
            account_id=conversation.account_id,
            direction="note",
            text=note,
            author_id=actor.user_id or None,
            sent_at=now,
            created_at=now,
        )
    )


def _check_nothing_on_its_way(conversation: Conversation) -> None:
    """An answer that may not have arrived must be looked at before the matter is closed."""
    unknown = select(Message.id).where(Message.conversation_id == conversation.id, Message.status == "unknown")
    if db.session.scalar(unknown.limit(1)) is not None:
        raise Conflict("还不能办结。有一条回复待核实，不知道对方是否收到。请先核实那条回复。")


def _state(conversation: Conversation) -> dict[str, object]:
    return {
        "status": conversation.status,
        "assignee_id": conversation.assignee_id,
        "unit_id": conversation.unit_id,
        "due_at": conversation.due_at.isoformat() if conversation.due_at else None,
    }


def _record(
    actor: Actor, action: str, conversation: Conversation, before: dict[str, object], now: datetime, **more: object
) -> None:
    after = {**_state(conversation), **more}
    record(
        actor,
        action,
        now=now,
        object_type="conversation",
        object_id=conversation.id,
        unit_id=conversation.unit_id,
        summary=STATUSES[conversation.status],
        before=before,
        after=after,
    )
