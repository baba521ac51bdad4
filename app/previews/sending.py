"""Previews on their way: claimed with a fence, steps saved as they are done, sent once, and cleared away afterwards.

Nothing here is ever sent again by itself: what a dead worker left is failed, or unknown once the call had begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select

from app.db import Moment, atomic, db
from app.notices.services import tell
from app.previews.models import PreviewSend
from app.previews.recipients import keep
from app.publishing.heartbeats import dead_workers
from app.publishing.values import prepared_json, prepared_of
from connectors.errors import ConnectorError, OutcomeUnknown, RateLimited, Unavailable
from connectors.values import Prepared

# Longer than one call may take; every finished step renews it.
LEASE = timedelta(seconds=90)
# The request may leave until then; later it is not sent at all.
SEND_WITHIN = timedelta(seconds=20)
# Somebody waits before the screen: what could not start by then is not sent behind their back.
PATIENCE = timedelta(minutes=2)
# What the platform makes of a lost request may appear a little later.
LOOK_AGAIN = timedelta(seconds=60)
MOST_TRIES = 8
KEPT = timedelta(days=30)
MOST_EXCHANGES = 60
FINISHED = ("sent", "failed", "unknown")


class Lost(Exception):
    """The claim is no longer ours."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One preview to send or to clear away: what the worker needs, read in the claim's transaction."""

    preview_id: str
    account_id: str
    fence: int
    recipient: str = field(repr=False)
    payload: Mapping[str, Any] = field(repr=False)
    prepared: Prepared
    tries: int = 0


def in_hand(now: Moment) -> ColumnElement[bool]:
    """SQL: a preview waits, is being made, or is to be cleared away; anything_due() looks closer."""
    waits = (PreviewSend.status == "queued", PreviewSend.claim_owner > "", PreviewSend.discard_at <= now)
    return or_(*(exists().where(each) for each in waits))


def anything_due(now: datetime, *, worker: str = "", patience: timedelta = timedelta()) -> bool:
    """Whether a round is worth a transaction. Reads only. `worker`, `patience`: as heartbeats.dead_workers()."""
    due = or_(
        PreviewSend.status == "queued",
        and_(PreviewSend.claim_owner != "", _abandoned(now, worker, patience)),
        and_(PreviewSend.discard_at <= now, PreviewSend.claim_owner == ""),
    )
    return db.session.scalar(select(PreviewSend.id).where(due).limit(1)) is not None


def recover(now: datetime, *, worker: str = "", patience: timedelta = timedelta()) -> int:
    """What dead workers left, and what waited too long, gets its end. Returns how many. `worker`, `patience`: as
    heartbeats.dead_workers()."""
    late = and_(PreviewSend.status == "queued", PreviewSend.created_at < now - PATIENCE)
    with atomic():
        rows = _locked(or_(late, and_(PreviewSend.claim_owner != "", _abandoned(now, worker, patience))), 100)
        for row in rows:
            if row.status == "queued":
                _end(row, "failed", now, "late", *_LATE)
            elif row.status == "preparing":
                _end(row, "failed", now, "lost", *_BROKEN_OFF)
            elif row.status == "sending":
                _end(row, "unknown", now, "lost", *_MAY_HAVE_ARRIVED)
            else:
                _let_go(row)
            row.fence += 1
    return len(rows)


def claim_sends(worker: str, limit: int, now: datetime) -> list[Claim]:
    """Take at most `limit` queued previews, the oldest first."""
    with atomic():
        rows = _locked(PreviewSend.status == "queued", limit)
        for row in rows:
            row.status = "preparing"
        return [_claimed(row, worker, now) for row in rows]


def claim_discards(worker: str, limit: int, now: datetime) -> list[Claim]:
    """Take at most `limit` whose remains at the platform are due to be deleted."""
    due = and_(PreviewSend.status.in_(FINISHED), PreviewSend.discard_at <= now, PreviewSend.claim_owner == "")
    with atomic():
        return [_claimed(row, worker, now) for row in _locked(due, limit)]


def save_step(claim: Claim, prepared: Prepared, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """One more step is done at the platform. Raises Lost."""
    with atomic():
        row = _own(claim, "preparing")
        row.prepared, row.exchanges = prepared_json(prepared), _kept(row, exchanges)
        row.claim_until = now + LEASE


def begin(claim: Claim, now: datetime) -> datetime:
    """Saved before the call: from now on it may have arrived. Until when it may leave. Raises Lost."""
    with atomic():
        row = _own(claim, "preparing")
        row.status, row.claim_until = "sending", now + LEASE
    return now + SEND_WITHIN


def record_sent(claim: Claim, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """It is on the phone: the id is right, and offered next time. Raises Lost."""
    with atomic():
        row = _own(claim, "sending")
        row.exchanges = _kept(row, exchanges)
        _end(row, "sent", now)
        keep(row.user_id, row.account.platform, row.recipient, now)


def record_failure(
    claim: Claim, prepared: Prepared, error: ConnectorError, exchanges: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """What the platform said, in words; only a call that had begun can have an unknown end. Raises Lost."""
    with atomic():
        row = _own(claim, ("preparing", "sending"))
        row.prepared, row.exchanges = prepared_json(prepared), _kept(row, exchanges)
        began = row.status == "sending"
        unknown = began and isinstance(error, OutcomeUnknown)
        remedy, who = error.remedy, error.who
        if not began and isinstance(error, RateLimited | Unavailable | OutcomeUnknown):
            # The words of the error promise that the system goes on by itself: here a person does.
            remedy, who = "预览没有发出。请稍后再发一次；若反复出现，请联系系统管理员。", "您本人"
        _end(row, "unknown" if unknown else "failed", now, error.code, error.cause, remedy, who)


def record_discarded(claim: Claim, certain: bool, now: datetime) -> None:
    """Nothing of it stands at the platform any more; not `certain`: look once more. Raises Lost."""
    with atomic():
        row = _own(claim, FINISHED)
        row.discard_tries += 1
        again = not certain and row.discard_tries == 1
        row.discard_at = now + LOOK_AGAIN if again else None
        row.left_behind = ""
        _let_go(row)


def record_discard_failure(claim: Claim, error: ConnectorError, until: datetime, now: datetime) -> None:
    """It could not be deleted: again at `until`, some times; then a person is told to. Raises Lost."""
    with atomic():
        row = _own(claim, FINISHED)
        row.discard_tries += 1
        given_up = row.discard_tries >= MOST_TRIES
        row.discard_at = None if given_up else until
        row.left_behind = f"公众平台的草稿箱里可能还留有这次预览的草稿。{error.cause}" + (
            "请登录公众平台手动删除。" if given_up else "系统会再试。"
        )
        _let_go(row)
        if given_up:
            _tell(row, now)


def forget_old(now: datetime) -> int:
    """Rows hold people's ids and whole articles: gone after KEPT. Returns how many."""
    with atomic():
        old = delete(PreviewSend).where(
            PreviewSend.created_at < now - KEPT, PreviewSend.status.in_(FINISHED), PreviewSend.discard_at.is_(None)
        )
        return db.session.connection().execute(old).rowcount


_LATE = (
    "等了两分钟没有开始发送，预览没有发出。",
    "调度程序没有运行，或正忙于发布。请看顶栏的调度状态，恢复后再发一次。",
    "系统管理员",
)
_BROKEN_OFF = ("发送程序中断，预览没有发出。", "请再发一次。", "您本人")
_MAY_HAVE_ARRIVED = ("发送程序中断，预览可能已收到。", "请看手机；没有收到就再发一次。", "您本人")


def _end(
    row: PreviewSend, status: str, now: datetime, code: str = "", cause: str = "", remedy: str = "", who: str = ""
) -> None:
    row.status, row.finished_at = status, now
    row.error_code, row.error_cause, row.error_remedy, row.error_who = code[:40], cause, remedy, who[:80]
    if row.prepared:
        # The phone shows it only as long as the draft stands.
        on_a_phone = status in ("sent", "unknown")
        row.discard_at = now + timedelta(seconds=row.lives_seconds) if on_a_phone else now
    _let_go(row)


def _tell(row: PreviewSend, now: datetime) -> None:
    tell(
        key=f"preview:{row.id}",
        kind="preview",
        level="info",
        unit_id=row.post.unit_id,
        user_id=row.user_id,
        title="预览用的草稿没有删掉",
        body=row.left_behind,
        path=f"/posts/{row.post_id}",
        now=now,
    )


def _let_go(row: PreviewSend) -> None:
    row.claim_owner, row.claim_until = "", None


def _claimed(row: PreviewSend, worker: str, now: datetime) -> Claim:
    row.claim_owner, row.claim_until, row.fence = worker, now + LEASE, row.fence + 1
    return Claim(
        preview_id=row.id,
        account_id=row.account_id,
        fence=row.fence,
        recipient=row.recipient,
        payload=dict(row.payload),
        prepared=prepared_of(row.prepared),
        tries=row.discard_tries,
    )


def _own(claim: Claim, status: str | tuple[str, ...]) -> PreviewSend:
    row = db.session.get(PreviewSend, claim.preview_id, with_for_update=True, populate_existing=True)
    allowed = (status,) if isinstance(status, str) else status
    if row is None or row.fence != claim.fence or row.status not in allowed:
        raise Lost
    return row


def _abandoned(now: datetime, worker: str, patience: timedelta) -> ColumnElement[bool]:
    dead = dead_workers(now, besides=worker, patience=patience)
    return or_(PreviewSend.claim_until < now, PreviewSend.claim_owner.in_(dead))


def _locked(condition: ColumnElement[bool], limit: int) -> list[PreviewSend]:
    if limit <= 0:
        return []
    query = (
        select(PreviewSend)
        .where(condition)
        .order_by(PreviewSend.created_at, PreviewSend.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(query))


def _kept(row: PreviewSend, exchanges: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [*(row.exchanges or []), *(dict(one) for one in exchanges)][-MOST_EXCHANGES:]
