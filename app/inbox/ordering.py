"""The two orders of the inbox's list, and the cursors that continue them."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, or_

from app.errors import Invalid
from app.inbox.models import Conversation

_WAITING = "w."


def in_order(query: Select[Conversation], cursor: str | None, *, waiting_first: bool) -> Select[Conversation]:
    """Newest first, or those that wait for an answer before the others, the longest on top. Raises Invalid (cursor)."""
    waits = _waits()
    if cursor:
        among_waiting = waiting_first and cursor.startswith(_WAITING)
        query = query.where(_after(*decode(cursor), among_waiting=among_waiting))
        if waiting_first and not among_waiting:
            query = query.where(~waits)
    if waiting_first:
        since = case((waits, Conversation.waiting_since), else_=None)
        query = query.order_by(~waits, since, case((waits, Conversation.id), else_=None).desc())
    return query.order_by(Conversation.last_message_at.desc(), Conversation.id.desc())


def place_of(last: Conversation, *, waiting_first: bool) -> str:
    """The cursor that continues after this row."""
    if waiting_first and last.status == "open" and last.waiting_since is not None:
        return _WAITING + encode(last.waiting_since, last.id)
    return encode(last.last_message_at, last.id)


def _waits() -> ColumnElement[bool]:
    return and_(Conversation.status == "open", Conversation.waiting_since.is_not(None))


def _after(at: datetime, last_id: str, *, among_waiting: bool) -> ColumnElement[bool]:
    if among_waiting:
        since = Conversation.waiting_since
        return or_(~_waits(), since > at, and_(since == at, Conversation.id < last_id))
    sent = Conversation.last_message_at
    return or_(sent < at, and_(sent == at, Conversation.id < last_id))


def encode(at: datetime, row_id: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{row_id}".encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[datetime, str]:
    cursor = cursor.removeprefix(_WAITING)
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, row_id = text.partition("|")
        moment = datetime.fromisoformat(at)
        # A made-up one may lie beyond what the database's clock or its letters hold.
        if moment.tzinfo is None or not 1 < moment.year < 9999 or not row_id.isprintable():
            raise ValueError("no place of a list")
    except (ValueError, binascii.Error):
        raise Invalid(
            "翻页没有成功。cursor 不是上一页给出的值。请从第一页重新开始。", errors={"cursor": ["无效。"]}
        ) from None
    return moment, row_id
