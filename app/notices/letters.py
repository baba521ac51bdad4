"""A mail to one person: title and link of what waits, never what it says; the day's together where so chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.config import current
from app.db import db
from app.notices.bell import readable
from app.notices.groups import NEVER, group_of
from app.notices.models import Delivery, MailAddress, Notice, NoticeRead
from app.notices.sending import Message
from app.units.access import actor_for
from app.units.models import User

# In one mail; the bell has the rest.
MOST_IN_ONE = 100
_FOOT = "这封邮件由 Tandem 自动发出，请勿直接回复。要改收件地址或少收一些：{url}/settings/profile"


def bundle(row: Delivery, due: datetime, free: Sequence[object]) -> list[Delivery]:
    """What goes out in one mail with `row`: all of that person's day that is due. `free`: SQL conditions of what nobody
    else has in hand. Locked."""
    if not row.digest:
        return [row]
    query = (
        select(Delivery)
        .where(*free, Delivery.user_id == row.user_id, Delivery.digest)  # type: ignore[arg-type]
        .order_by(Delivery.next_at, Delivery.id)
        .limit(MOST_IN_ONE)
        .with_for_update(skip_locked=True)
    )
    return list(db.session.scalars(query))


def still_wanted(rows: Sequence[Delivery]) -> tuple[str, list[Delivery]]:
    """(the address, those of one person's `rows` that are still to be mailed): not what was read meanwhile, what the person
    may not see any more or does not want by mail. "" and none: the address is gone, or the person."""
    user_id = rows[0].user_id
    mail, user = db.session.get(MailAddress, user_id), db.session.get(User, user_id)
    if mail is None or mail.verified_at is None or user is None or not user.active:
        return "", []
    ids = [row.notice_id for row in rows]
    query = select(NoticeRead.notice_id).where(NoticeRead.user_id == user_id, NoticeRead.notice_id.in_(ids))
    read = set(db.session.scalars(query))
    seen = set(db.session.scalars(select(Notice.id).where(Notice.id.in_(ids), readable(actor_for(user)))))
    kept = []
    for row in rows:
        notice = _notice(row)
        group = group_of(notice.kind)
        # Whoever sits at another's screen reads the bell, too: what touches the sign-in is mailed all the same.
        done = notice.id in read and group.key != "trust"
        if notice.id in seen and not done and mail.choices.get(group.key, group.usual) != NEVER:
            kept.append(row)
    return mail.address, kept


def letter(rows: Sequence[Delivery]) -> Message:
    """One mail about `rows`, of which there is at least one."""
    first, base = _notice(rows[0]), current().public_url
    lines = [
        f"{notice.title}\n{_clock(notice.at)}　{base}/notices/{notice.id}" for notice in (_notice(row) for row in rows)
    ]
    title = first.title if not rows[0].digest else f"今天的通知 {len(rows)} 条"
    text = "\n\n".join([*lines, _FOOT.format(url=base)])
    return Message(event_id=rows[0].id, kind=first.kind, title=title, body="", path="", at=first.at, text=text)


def _notice(row: Delivery) -> Notice:
    if row.notice is None:
        raise RuntimeError("a letter about nothing")
    return row.notice


def _clock(at: datetime) -> str:
    local = at.astimezone(ZoneInfo(current().timezone))
    return f"{local.month}月{local.day}日 {local:%H:%M}"
