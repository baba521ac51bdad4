"""Who gets a notice by e-mail, besides the bell: those for whom it waits, at the addresses that they proved to be theirs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.config import current
from app.db import db
from app.notices.groups import DAILY, NEVER, group_of
from app.notices.models import Delivery, MailAddress, Notice
from app.units.holding import nearest_holders
from app.units.models import Unit, User

# When the day's notices go out together.
DIGEST_AT = time(8, 30)


def address_people(notice: Notice, waits_for: Collection[str], now: datetime) -> None:
    """Put one delivery for each of them into the outbox. Inside the transaction of the fact.

    `waits_for`: ids of people who must act besides those who hold the right for it.
    """
    if not current().smtp_url:
        return
    group = group_of(notice.kind)
    for row in _addresses(_people(notice, group.acts, waits_for)):
        choice = row.choices.get(group.key, group.usual)
        if choice != NEVER:
            digest = choice == DAILY
            at = next_digest(now) if digest else now
            db.session.add(Delivery(notice_id=notice.id, user_id=row.user_id, digest=digest, next_at=at))


def next_digest(now: datetime) -> datetime:
    """The next half past eight in the morning, where the installation is."""
    local = now.astimezone(ZoneInfo(current().timezone))
    day = local.date() if local.time() < DIGEST_AT else local.date() + timedelta(days=1)
    return datetime.combine(day, DIGEST_AT, local.tzinfo)


def _people(notice: Notice, acts: str, waits_for: Collection[str]) -> set[str]:
    if notice.user_id is not None:
        return {notice.user_id}
    unit = db.session.get_one(Unit, notice.unit_id)
    holders = nearest_holders(acts, unit) if acts else []
    return {user.id for user in holders} | set(waits_for)


def _addresses(user_ids: Collection[str]) -> list[MailAddress]:
    query = (
        select(MailAddress)
        .join(User, User.id == MailAddress.user_id)
        .where(MailAddress.user_id.in_(list(user_ids)), MailAddress.verified_at.is_not(None), User.active)
        .order_by(MailAddress.user_id)
    )
    return list(db.session.scalars(query))
