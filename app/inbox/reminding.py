"""答复时限: whoever must answer a conversation is told before its time is up, and once more when it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.forms import PLATFORMS
from app.config import current
from app.db import atomic, db, release
from app.inbox.holding import tell_of_closed
from app.inbox.models import Conversation
from app.notices.models import Notice
from app.notices.services import tell

# Told so long before; the first page counts it as urgent from then on, too.
NEAR = timedelta(hours=12)
_MOST = 500


def remind_of_deadlines(now: datetime) -> int:
    """Tell the person who has it, else the desk; each deadline once when it is near and once when it is over. Returns how
    many were told."""
    query = (
        select(Conversation.id, Conversation.due_at)
        .where(
            Conversation.waiting_since.is_not(None),
            Conversation.status.in_(("open", "pending", "snoozed")),
            Conversation.due_at <= now + NEAR,
        )
        .order_by(Conversation.due_at.desc(), Conversation.id)
        .limit(_MOST)
    )
    keys = {_key(one.id, one.due_at, now): one.id for one in db.session.execute(query)}
    told = set(db.session.scalars(select(Notice.key).where(Notice.key.in_(list(keys)))))
    release()
    near = sum(_tell(conversation_id, now) for key, conversation_id in keys.items() if key not in told)
    return near + tell_of_closed(now)


def _tell(conversation_id: str, now: datetime) -> bool:
    with atomic():
        query = select(Conversation).where(Conversation.id == conversation_id).options(joinedload(Conversation.account))
        row = db.session.scalars(query).one_or_none()
        if row is None or row.waiting_since is None or row.due_at is None or row.status == "resolved":
            return False
        over, account = row.due_at <= now, row.account
        until = row.due_at.astimezone(ZoneInfo(current().timezone))
        clock = f"{until.month}月{until.day}日 {until:%H:%M}"
        # The citizen's name and words stay in the inbox.
        name = f"{PLATFORMS[account.platform].label} {account.name}"
        notice = tell(
            key=_key(row.id, row.due_at, now),
            kind="conversation",
            level="info",
            unit_id=row.unit_id,
            user_id=row.assignee_id if row.assignee is not None and row.assignee.active else None,
            title=f"{'答复已超时' if over else '答复时限将到'}：{name}"[:200],
            body=f"最迟应在{clock}前答复。请{'马上' if over else '按时'}答复；办不了的请转办。",
            path=f"/inbox/{row.id}",
            now=now,
        )
        return notice is not None


def _key(conversation_id: str, due_at: datetime, now: datetime) -> str:
    return f"deadline:{conversation_id}:{due_at.isoformat()}:{'over' if due_at <= now else 'near'}"
