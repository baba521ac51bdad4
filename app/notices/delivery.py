"""Emptying the outbox: each delivery tried with growing delay, claimed so that several schedulers do not repeat it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, delete, exists, or_, select, true

from app.audit import services as audit
from app.config import current
from app.db import Moment, atomic, db, persist, release
from app.errors import Conflict, NotFound
from app.notices import letters, sending
from app.notices.models import Delivery, Notice, OutgoingEvent
from app.sealing import closed
from app.units.access import Actor
from app.units.models import Unit

log = structlog.get_logger()

# Seconds until the next try; after the last one the delivery has failed (and stands so in the log).
DELAYS = (10, 30, 120, 600, 1800, 3600, 7200, 14400)
# Longer than the slowest mail server's conversation (each of its steps may take sending.TIMEOUT).
CLAIM = timedelta(seconds=180)
# Deliveries and seconds of one round.
BATCH = 20
ROUND = 60
KEPT_DAYS = 30
_SETTLED = "settled"
_SEALED = (
    "该告警渠道保存的地址打不开，本系统缺少当时的密钥。请系统管理员在 TANDEM_ENCRYPTION_KEYS 中补上，或重新添加该渠道。"
)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One message. `delivery_ids`: what is delivered by it, the day's notices of a person (`personal`) together."""

    delivery_ids: tuple[str, ...]
    kind: str
    target: str
    message: sending.Message
    personal: bool = False
    # Why it cannot be sent at all, in Chinese.
    fault: str = ""
    key: str = field(repr=False, default="")


def due(now: Moment) -> ColumnElement[bool]:
    """SQL: there is something to deliver."""
    return exists().where(*_waiting(now, now))


def deliver_due(now: datetime) -> int:
    """Send what is due, at most a batch; returns how many were tried. No transaction is open while sending.

    Claimed one by one: behind a dead channel the claims of a whole batch would run out, and others send it, too. Alarms
    first, and once the mail server took none of a person's no more of them in this round: it may be dead, and there may be
    many.
    """
    started, tried, mail = time.monotonic(), 0, True
    while tried < BATCH and (spent := time.monotonic() - started) < ROUND:
        job = _claim(now, now + timedelta(seconds=spent), mail=mail)
        if job is None:
            break
        fault = _deliver(job, now)
        mail = mail and not (fault and job.personal)
        tried += 1
    return tried


def _deliver(job: _Job, now: datetime) -> str:
    """Send and record; in Chinese why it did not arrive, "" when it did."""
    release()
    try:
        fault = (
            sending.send(job.kind, job.target, job.message, key=job.key)
            if job.target
            else job.fault or "该告警渠道已不存在或未配置。"
        )
    except Exception:
        # It counts as a try: one that cannot be sent must not come again for ever.
        log.exception("delivery failed", delivery=job.delivery_ids[0])
        fault = "发送时程序出错。原因已记入日志。请系统管理员查看。"
    persist(lambda: _record(job.delivery_ids, fault, now))
    return fault


def _waiting(due: Moment, now: Moment) -> tuple[ColumnElement[bool], ...]:
    free = or_(Delivery.claim_until.is_(None), Delivery.claim_until < now)
    return Delivery.status == "pending", Delivery.next_at <= due, free


def _claim(due: datetime, now: datetime, *, mail: bool) -> _Job | None:
    """The delivery that is longest due at `due`; mail to persons last, and none of it unless `mail`."""
    waiting = (*_waiting(due, now), true() if mail else Delivery.user_id.is_(None))
    while (job := _next(waiting, due, now)) == _SETTLED:
        continue
    return job if isinstance(job, _Job) else None


def _next(waiting: tuple[ColumnElement[bool], ...], due: datetime, now: datetime) -> _Job | str | None:
    """_SETTLED: one that need not be sent any more was taken out."""
    # Asked every two seconds: no transaction unless there is something to send.
    if db.session.scalar(select(Delivery.id).where(*waiting).limit(1)) is None:
        return None
    with atomic():
        row = db.session.scalars(
            select(Delivery)
            .where(*waiting)
            .order_by(Delivery.user_id.is_not(None), Delivery.next_at, Delivery.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if row is None:
            return None
        if row.user_id is not None:
            return _mail(row, due, now) or _SETTLED
        row.claim_until = now + CLAIM
        return _job(row)


def _mail(row: Delivery, due: datetime, now: datetime) -> _Job | None:
    """A person's mail, with all that goes in it; what need not be mailed any more leaves the outbox. None: nothing need."""
    rows = letters.bundle(row, due, _waiting(due, now)) or [row]
    target, wanted = letters.still_wanted(rows)
    for one in rows:
        if one in wanted:
            one.claim_until = now + CLAIM
        else:
            db.session.delete(one)
    if not wanted:
        return None
    ids = tuple(one.id for one in wanted)
    return _Job(delivery_ids=ids, kind="email", target=target, message=letters.letter(wanted), personal=True)


def _job(row: Delivery) -> _Job:
    config = current()
    sealed = row.channel is not None and (closed(row.channel.target) or closed(row.channel.secret))
    if row.channel is not None:
        kind = row.channel.kind
        target = row.channel.target["to"] if row.channel.active and not sealed else ""
    else:
        kind, target = row.site, config.alert_email if row.site == "email" else config.alert_webhook
    told = row.told
    message = sending.Message(
        event_id=row.id,
        kind=told.kind,
        title=told.title,
        body=told.body if isinstance(told, Notice) else "",
        path=told.path,
        at=told.at,
        facts=told.facts if isinstance(told, OutgoingEvent) else {},
    )
    key = ((row.channel.secret or {}).get("key", "") if row.channel is not None and not sealed else "") or ""
    fault = _SEALED if sealed else ""
    return _Job(delivery_ids=(row.id,), kind=kind, target=target, message=message, fault=fault, key=key)


def _record(delivery_ids: Sequence[str], fault: str, now: datetime) -> None:
    with atomic():
        # In the order in which they were claimed.
        for row in db.session.scalars(select(Delivery).where(Delivery.id.in_(delivery_ids)).order_by(Delivery.id)):
            row.claim_until = None
            row.error = fault
            row.attempts += 1
            if not fault:
                row.status, row.sent_at = "sent", now
            elif row.attempts > len(DELAYS):
                row.status = "failed"
            else:
                row.next_at = now + timedelta(seconds=DELAYS[row.attempts - 1])


def send_again(actor: Actor, delivery_id: str, *, now: datetime) -> Delivery:
    """A failed delivery goes out once more, from the first delay on. Raises NotFound, Conflict when it is under way."""
    with atomic():
        row = db.session.get(Delivery, delivery_id, with_for_update=True)
        unit = db.session.get(Unit, row.told.unit_id) if row is not None else None
        if row is None or unit is None or not actor.may("unit.manage", unit):
            raise NotFound
        if row.status != "failed":
            raise Conflict("没有重发。这一次投递已送达，或正在投递。请刷新后查看。")
        before = {"status": row.status, "attempts": row.attempts}
        row.status, row.attempts, row.next_at, row.error = "pending", 0, now, ""
        audit.record(
            actor,
            "delivery.again",
            now=now,
            object_type="delivery",
            object_id=row.id,
            unit_id=unit.id,
            summary="把没有送达的一次推送重发",
            before=before,
            after={"status": row.status, "attempts": row.attempts},
        )
    return row


def forget_old(now: datetime) -> None:
    """Events of other systems are kept for 30 days with their deliveries, and as long what was mailed to persons; notices
    belong to people and stay."""
    before = now - timedelta(days=KEPT_DAYS)
    with atomic():
        db.session.execute(delete(OutgoingEvent).where(OutgoingEvent.at < before))
        over = (Delivery.user_id.is_not(None), Delivery.status != "pending", Delivery.next_at < before)
        db.session.execute(delete(Delivery).where(*over))
