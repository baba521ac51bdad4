"""The one irreversible call: the attempt is saved before it, the answer before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.db import atomic, db, new_id
from app.publishing import outcomes, permalink, preparing, pushdown, states, stops
from app.publishing.models import Attempt, Publication
from app.publishing.values import SEND_WINDOW, Claim, Lost, Outcome, receipt_json, receipt_of
from connectors.values import Receipt

# After its rejection the platform knows the key as something finished: a new try needs a new one.
_KEY_USED_UP = ("rejected",)
# The platform said that it took it: never sent again, whatever else is believed.
TAKEN = ("receipt", "awaiting")


@dataclass(frozen=True, kw_only=True)
class Started:
    """An attempt that was saved: send with `key`, not after `send_before`."""

    attempt_id: str
    key: str
    send_before: datetime


def last_attempt(publication_id: str) -> Attempt | None:
    return db.session.scalars(
        select(Attempt).where(Attempt.publication_id == publication_id).order_by(Attempt.number.desc()).limit(1)
    ).first()


def begin(claim: Claim, worker: str, now: datetime) -> Started | None:
    """Save the attempt row. None: it must not go any more (stopped or too late meanwhile). Raises Lost."""
    with atomic():
        row = own_commit(claim)
        stop = stops.standing(row.account)
        if stop is not None or now > outcomes.late_at(row):
            _step_back(row, now, claim.fence)
            if stop is not None:
                outcomes.hold(row, now, f"发布已暂停（{stops.name_of(stop)}）：{stop.reason}")
            else:
                outcomes.miss(row, now)
            pushdown.push([row.post_id], now)
            return None
        previous = last_attempt(row.id)
        key = previous.key if previous is not None and previous.outcome not in _KEY_USED_UP else new_id()
        number = (db.session.scalar(select(func.max(Attempt.number)).where(Attempt.publication_id == row.id)) or 0) + 1
        attempt = Attempt(
            publication_id=row.id,
            number=number,
            key=key,
            fence=claim.fence,
            worker=worker,
            started_at=now,
            send_before=now + timedelta(seconds=SEND_WINDOW),
        )
        db.session.add(attempt)
        # The same condition as every transition: a worker that was overtaken is refused here.
        states.touch(row, now=now, fence=claim.fence)
        db.session.flush()
        return Started(attempt_id=attempt.id, key=attempt.key, send_before=attempt.send_before)


def record_answer(
    claim: Claim, attempt_id: str, outcome: Outcome, exchanges: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Save how the call ended, then act on it. Raises Lost when the claim was taken over; the answer is kept even
    then, and the next check reads it."""
    with atomic():
        attempt = db.session.get_one(Attempt, attempt_id, populate_existing=True)
        if attempt.answered_at is None:
            attempt.outcome = outcome.kind
            attempt.receipt = receipt_json(outcome.receipt) if outcome.receipt is not None else {}
            attempt.error = {**outcome.error, **_retry(outcome.retry_at)}
            attempt.answered_at = now
            attempt.exchanges = [dict(one) for one in exchanges]
    with atomic():
        row = preparing.held(claim)
        if row is None or row.status != "committing":
            _answer_came_late(claim, outcome, now)
            raised = True
        else:
            settle(row, db.session.get_one(Attempt, attempt_id), now)
            pushdown.push([row.post_id], now)
            raised = False
    if raised:
        raise Lost


def settle(row: Publication, attempt: Attempt, now: datetime) -> None:
    """Act on a saved attempt (also one found after a crash). Inside atomic(); the caller pushes down."""
    receipt, answered = receipt_of(attempt.receipt), attempt.answered_at or now
    if attempt.outcome == "receipt" and receipt is not None and receipt.live:
        outcomes.publish(row, receipt, now, answered_at=answered)
    elif attempt.outcome == "receipt":
        outcomes.accept(row, receipt or Receipt(), now)
    elif attempt.outcome == "awaiting":
        words = str(attempt.error.get("cause") or "等待公众号管理员确认。")
        outcomes.accept(row, receipt or Receipt(), now, why=words)
    elif attempt.outcome == "refused":
        outcomes.fail(row, now, attempt.error)
    elif attempt.outcome == "not_sent":
        _again_later(row, attempt, now)
    elif attempt.outcome == "unknown":
        outcomes.become_unknown(row, now, attempt.error)
    else:
        crashed = {"cause": "发送程序在等待平台答复时中断。", "who": "系统"}
        outcomes.become_unknown(row, now, crashed)


def step_back(claim: Claim, *, why: str, at: datetime, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Before the attempt was saved something kept us from sending: ready again, at `at`, or held beyond lateness."""
    with atomic():
        row = own_commit(claim)
        states.touch(row, now=now, fence=claim.fence, exchanges=preparing.kept(row, exchanges))
        _step_back(row, now, claim.fence, why=why, next_attempt_at=at)
        _hold_if_too_late(row, at, why, now)
        permalink.close_if_nobody_went(row.post_id)
        pushdown.push([row.post_id], now)


def hold_changed(claim: Claim, why: str, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """What stands at the platform is not what was approved: a person must decide. A release prepares afresh."""
    with atomic():
        row = own_commit(claim)
        states.touch(row, now=now, fence=claim.fence, exchanges=preparing.kept(row, exchanges), prepared={})
        _step_back(row, now, claim.fence)
        outcomes.hold(row, now, why)
        pushdown.push([row.post_id], now)


def hand_over(row: Publication, now: datetime) -> None:
    """The hour has come for an account that may not publish by itself. Inside atomic()."""
    why = "草稿已在平台备好。请登录平台人工发布，再把链接填回来。"
    states.move(row, "handed_over", now=now, reason="转人工发布", why=why)
    outcomes.alarm(row, now, "请人工发布", why)
    outcomes.nudge_partners(row, now)


def own_commit(claim: Claim) -> Publication:
    row = preparing.own(claim, "committing")
    attempt = last_attempt(row.id)
    if attempt is not None and attempt.fence == claim.fence:
        raise Lost
    return row


def _step_back(row: Publication, now: datetime, fence: int, **values: Any) -> None:
    states.move(row, "ready", now=now, reason="尚未发送", fence=fence, committed_at=None, **values)


def _again_later(row: Publication, attempt: Attempt, now: datetime) -> None:
    """It certainly was not sent: ready again, or held when the next chance is beyond the lateness limit."""
    retry = attempt.error.get("retry_at")
    at = max(now, datetime.fromisoformat(retry)) if retry else now + timedelta(seconds=30)
    why = f"尚未发出：{attempt.error.get('cause') or '平台暂时不可用。'}"
    states.move(row, "ready", now=now, reason=why, why=why, next_attempt_at=at, committed_at=None)
    _hold_if_too_late(row, at, why, now)
    permalink.close_if_nobody_went(row.post_id)


def _hold_if_too_late(row: Publication, at: datetime, why: str, now: datetime) -> None:
    if at > outcomes.late_at(row):
        outcomes.hold(row, now, f"{why}到能再发时已超过最晚时限，请放行、改期或取消。")


def _answer_came_late(claim: Claim, outcome: Outcome, now: datetime) -> None:
    """We lost the claim while the platform answered. The row belongs to others: its next check is hurried; only a
    live post that somebody already took for failed is put right at once."""
    row = db.session.get(Publication, claim.publication_id, with_for_update=True, populate_existing=True)
    if row is None:
        return
    if row.status == "failed" and outcome.receipt is not None and outcome.receipt.live:
        outcomes.publish(row, outcome.receipt, now, reason="平台迟到的答复：已发布")
        pushdown.push([row.post_id], now)
    elif row.status == "unknown" and row.claim_owner == "":
        states.touch(row, now=now, next_attempt_at=now)


def _retry(at: datetime | None) -> dict[str, str]:
    return {"retry_at": at.isoformat()} if at is not None else {}
