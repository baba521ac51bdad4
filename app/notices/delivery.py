"""Emptying the outbox: each delivery tried with growing delay, claimed so that several schedulers do not repeat it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import or_, select

from app.config import current
from app.db import atomic, db, persist, release
from app.notices import sending
from app.notices.models import Delivery

log = structlog.get_logger()

# Seconds until the next try; after the last one the delivery has failed (and stands so in the log).
DELAYS = (10, 30, 120, 600, 1800, 3600, 7200, 14400)
# Longer than the slowest mail server's conversation (each of its steps may take sending.TIMEOUT).
CLAIM = timedelta(seconds=180)
# Deliveries and seconds of one round.
BATCH = 20
ROUND = 60


@dataclass(frozen=True, kw_only=True)
class _Job:
    delivery_id: str
    kind: str
    target: str
    message: sending.Message


def deliver_due(now: datetime) -> int:
    """Send what is due, at most a batch; returns how many were tried. No transaction is open while sending.

    Claimed one by one: behind a dead channel the claims of a whole batch would run out, and others send it, too.
    """
    started, tried = time.monotonic(), 0
    while tried < BATCH and (spent := time.monotonic() - started) < ROUND:
        job = _claim(now, now + timedelta(seconds=spent))
        if job is None:
            break
        _deliver(job, now)
        tried += 1
    return tried


def _deliver(job: _Job, now: datetime) -> None:
    release()
    try:
        fault = sending.send(job.kind, job.target, job.message) if job.target else "该告警渠道已不存在或未配置。"
    except Exception:
        # It counts as a try: one that cannot be sent must not come again for ever.
        log.exception("delivery failed", delivery=job.delivery_id)
        fault = "发送时程序出错。原因已记入日志。请系统管理员查看。"
    persist(lambda: _record(job.delivery_id, fault, now))


def _claim(due: datetime, now: datetime) -> _Job | None:
    """The delivery that is longest due at `due`."""
    waiting = (
        Delivery.status == "pending",
        Delivery.next_at <= due,
        or_(Delivery.claim_until.is_(None), Delivery.claim_until < now),
    )
    # Asked every two seconds: no transaction unless there is something to send.
    if db.session.scalar(select(Delivery.id).where(*waiting).limit(1)) is None:
        return None
    with atomic():
        row = db.session.scalars(
            select(Delivery)
            .where(*waiting)
            .order_by(Delivery.next_at, Delivery.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if row is None:
            return None
        row.claim_until = now + CLAIM
        return _job(row)


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
