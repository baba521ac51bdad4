"""Telling: a notice and its deliveries, written in the transaction of the fact."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, literal, or_, select
from sqlalchemy.orm import aliased

from app.config import current
from app.db import UTCDateTime, atomic, db, insert_for
from app.notices.addressing import address_people
from app.notices.models import AlertChannel, Delivery, Notice, NoticeRead, OutgoingEvent
from app.units.models import Grant, Unit, User

ALARM = "alarm"


def tell(
    *,
    key: str,
    kind: str,
    level: str,
    unit_id: str,
    title: str,
    body: str,
    path: str,
    now: datetime,
    user_id: str | None = None,
    waits_for: Collection[str] = (),
) -> Notice | None:
    """Tell a unit (or one person) something. The same `key` is told once: None when it was told before.

    level "alarm" also reaches someone at night: the channels of the unit and of those above it, and the
    installation's own. By e-mail it reaches the person, or those of the unit who must act (`waits_for`: ids of more),
    where they wish so. Joins the caller's transaction.
    """
    with atomic():
        if db.session.scalar(select(Notice.id).where(Notice.key == key)) is not None:
            return None
        notice = Notice(
            key=key,
            kind=kind,
            level=level,
            unit_id=unit_id,
            user_id=user_id,
            title=title,
            body=body,
            path=path,
            at=now,
        )
        db.session.add(notice)
        db.session.flush()
        if level == ALARM:
            _address(notice, now)
        address_people(notice, waits_for, now)
        return notice


def listeners(topic: str) -> list[AlertChannel]:
    """The webhooks of all units that want `topic`."""
    query = select(AlertChannel).where(AlertChannel.active.is_(True), AlertChannel.kind == "webhook")
    return [channel for channel in db.session.scalars(query) if topic in channel.topics]


def emit(
    among: Sequence[AlertChannel],
    *,
    kind: str,
    unit: Unit,
    title: str,
    path: str,
    facts: Mapping[str, Any],
    at: datetime,
    now: datetime,
) -> OutgoingEvent | None:
    """Tell those `among` the listeners that are webhooks of `unit` or of those above it; None when there is none.

    Joins the caller's transaction; sent afterwards. `facts` is JSON and holds no text of a post and no personal data.
    """
    units = [part for part in unit.path.split("/") if part]
    wanting = [channel for channel in among if channel.unit_id in units]
    if not wanting:
        return None
    with atomic():
        event = OutgoingEvent(kind=kind, unit_id=unit.id, title=title, path=path, facts=dict(facts), at=at)
        db.session.add(event)
        db.session.flush()
        for channel in wanting:
            db.session.add(Delivery(event_id=event.id, channel_id=channel.id, next_at=now))
    return event


def settle(path: str, now: datetime) -> None:
    """What was told about `path` is settled: nobody need read it any more. Joins the caller's transaction."""
    with atomic():
        home, above = aliased(Unit), aliased(Unit)
        # What was told to one person is read by that one, what was told to a unit by all who hold a role there or above.
        theirs = (
            select(Grant.id)
            .join(above, above.id == Grant.unit_id)
            .where(Grant.user_id == User.id, home.path.startswith(above.path))
        )
        concerned = or_(Notice.user_id == User.id, and_(Notice.user_id.is_(None), theirs.exists()))
        people = (
            select(Notice.id, User.id, literal(now, UTCDateTime()))
            .join(home, home.id == Notice.unit_id)
            .join(User, and_(User.active, concerned))
            .where(Notice.path == path)
            # In one order with who reads the bell meanwhile: neither waits for the other in a circle.
            .order_by(Notice.id, User.id)
        )
        read = insert_for(NoticeRead).from_select(["notice_id", "user_id", "at"], people)
        db.session.execute(read.on_conflict_do_nothing())


def _address(notice: Notice, now: datetime) -> None:
    config = current()
    unit = db.session.get_one(Unit, notice.unit_id)
    units = [part for part in unit.path.split("/") if part]
    channels = select(AlertChannel).where(AlertChannel.unit_id.in_(units), AlertChannel.active.is_(True))
    for channel in db.session.scalars(channels):
        if ALARM in channel.topics:
            db.session.add(Delivery(notice_id=notice.id, channel_id=channel.id, next_at=now))
    for site, target in (("email", config.alert_email), ("webhook", config.alert_webhook)):
        if target:
            db.session.add(Delivery(notice_id=notice.id, site=site, next_at=now))
