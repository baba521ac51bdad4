"""Emptying the outbox: each delivery tried with growing delay, claimed so that several schedulers do not repeat it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from app.config import current
from app.db import atomic, db, release
from app.notices import sending
from app.notices.models import Delivery

# Seconds until the next try; after the last one the delivery has failed (and stands so in the log).
DELAYS = (10, 30, 120, 600, 1800, 3600, 7200, 14400)
CLAIM = timedelta(seconds=60)
BATCH = 20


@dataclass(frozen=True, kw_only=True)
class _Job:
    delivery_id: str
    kind: str
    target: str
    message: sending.Message


def deliver_due(now: datetime) -> int:
    """Send what is due, at most a batch; returns how many were tried. No transaction is open while sending."""
    jobs = _claim(now)
    for job in jobs:
        release()
        fault = sending.send(job.kind, job.target, job.message) if job.target else "该告警渠道已不存在或未配置。"
        _record(job.delivery_id, fault, now)
    return len(jobs)


def _claim(now: datetime) -> list[_Job]:
    with atomic():
        rows = db.session.scalars(
            select(Delivery)
            .where(
                Delivery.status == "pending",
                Delivery.next_at <= now,
                or_(Delivery.claim_until.is_(None), Delivery.claim_until < now),
            )
            .order_by(Delivery.next_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.claim_until = now + CLAIM
        return [_job(row) for row in rows]


def _job(row: Delivery) -> _Job:
    config = current()
    if row.channel is not None:
        kind, target = row.channel.kind, row.channel.target["to"] if row.channel.active else ""
    else:
        kind, target = row.site, config.alert_email if row.site == "email" else config.alert_webhook
    notice = row.notice
    message = sending.Message(
        event_id=row.id, kind=notice.kind, title=notice.title, body=notice.body, path=notice.path, at=notice.at
    )
    return _Job(delivery_id=row.id, kind=kind, target=target, message=message)


def _record(delivery_id: str, fault: str, now: datetime) -> None:
    with atomic():
        row = db.session.get(Delivery, delivery_id)
        if row is None:
            return
        row.claim_until = None
        row.error = fault
        row.attempts += 1
        if not fault:
            row.status, row.sent_at = "sent", now
        elif row.attempts > len(DELAYS):
            row.status = "failed"
        else:
            row.next_at = now + timedelta(seconds=DELAYS[row.attempts - 1])
