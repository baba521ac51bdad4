"""The bell: what a person has not read yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select

from app.db import Page, UTCDateTime, atomic, db, insert_for, page_of
from app.errors import NotFound
from app.notices.models import Notice, NoticeRead
from app.units.access import Actor, visible

# Kinds that lead into the inbox or to a new post, with the right that opens it, or that are for those who keep the
# installation; everything else leads to posts and publications.
_OPENED_BY = (
    (("conversation", "reply"), "inbox.read"),
    (("dormant",), "post.write"),
    (("errand",), "unit.manage"),
    (("account",), "account.read"),
)


def unread(actor: Actor) -> int:
    """How many notices this person has not read (99 at most are counted)."""
    query = select(Notice.id).where(readable(actor), ~_read(actor)).limit(99).subquery()
    return int(db.session.scalar(select(func.count()).select_from(query)) or 0)


def notices_of(actor: Actor, *, cursor: str | None = None, limit: int = 50) -> Page[Notice]:
    """Newest first."""
    return page_of(select(Notice).where(readable(actor)), Notice.id, cursor, limit)


def get_notice(actor: Actor, notice_id: str) -> Notice:
    """Raises NotFound for what is not this person's."""
    notice = db.session.scalars(select(Notice).where(Notice.id == notice_id, readable(actor))).one_or_none()
    if notice is None:
        raise NotFound
    return notice


def read_ids(actor: Actor, notices: list[Notice]) -> set[str]:
    """Which of these this person has read."""
    ids = [notice.id for notice in notices]
    query = select(NoticeRead.notice_id).where(NoticeRead.user_id == actor.user_id, NoticeRead.notice_id.in_(ids))
    return set(db.session.scalars(query))


def mark_read(actor: Actor, notice_id: str | None, now: datetime) -> None:
    """One notice, or all of them (None)."""
    with atomic():
        query = select(Notice.id, literal(actor.user_id), literal(now, UTCDateTime())).where(
            readable(actor), ~_read(actor)
        )
        if notice_id is not None:
            query = query.where(Notice.id == notice_id)
        read = insert_for(NoticeRead).from_select(["notice_id", "user_id", "at"], query.order_by(Notice.id).limit(1000))
        db.session.execute(read.on_conflict_do_nothing())


def readable(actor: Actor) -> ColumnElement[bool]:
    """For this very person, or for a unit in which the person may open what it leads to."""
    for_all = Notice.user_id.is_(None)
    special = [kind for kinds, _key in _OPENED_BY for kind in kinds]
    return or_(
        Notice.user_id == actor.user_id,
        and_(for_all, Notice.kind.not_in(special), visible(actor, "post.read", Notice.unit_id)),
        *(and_(for_all, Notice.kind.in_(kinds), visible(actor, key, Notice.unit_id)) for kinds, key in _OPENED_BY),
    )


def _read(actor: Actor) -> ColumnElement[bool]:
    return exists().where(NoticeRead.notice_id == Notice.id, NoticeRead.user_id == actor.user_id)
