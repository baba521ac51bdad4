"""The one irreversible call: the attempt is saved before it, the answer before anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app import logs
from app.db import atomic, db, new_id
from app.publishing import appearing, barring, handing, outcomes, permalink, preparing, pushdown, states, verifying
from app.publishing.attempts import TAKEN, last_attempt, taken_attempt
from app.publishing.models import Attempt, Publication
from app.publishing.values import LEASE, SEND_WINDOW, Claim, Lost, Outcome, prepared_json, receipt_json, receipt_of
from app.words import N_
from connectors.values import Prepared, Receipt

# What the platform took is known there, or being looked up.
_KNOWN_AS_TAKEN = ("processing", "published", "unknown", "recalled", "removed")
# After its rejection the platform knows the key as something finished: a new try needs a new one.
KEY_USED_UP = ("rejected",)
_LATE = N_("平台迟到的答复：已受理先前的一次发送。")
_TAKEN_ALREADY = {
    "cause": "平台曾答复已受理这一条，没有再发。",
    "remedy": "系统正在到平台核实；也请登录平台核对。",
    "who": "发布人",
}


@dataclass(frozen=True, kw_only=True)
class Started:
    """An attempt that was saved: send with `key`, not after `send_before`."""

    attempt_id: str
    key: str
    send_before: datetime
    ids: Mapping[str, str]


def begin(claim: Claim, worker: str, now: datetime) -> Started | None:
    """Save the attempt row. None: it must not go any more (stopped, too late, or known to be out). Raises Lost."""
    with atomic():
        row = own_commit(claim)
        barred = barring.why_not_now(row, now)
        if barred or now > outcomes.late_at(row) or taken_attempt(row.id) is not None:
            keep_back(row, claim, barred, now)
            verifying.apply_early(row, now)
            pushdown.push([row.post_id], now)
            return None
        previous = last_attempt(row.id)
        key = previous.key if previous is not None and previous.outcome not in KEY_USED_UP else new_id()
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
        # The same condition as every transition: a worker that was overtaken is refused here. The lease starts again:
        # what came before may have taken long, and the answer is worth waiting for.
        states.touch(row, now=now, fence=claim.fence, claim_until=now + timedelta(seconds=LEASE))
        db.session.flush()
        ids = states.ids_of(row)
        logs.milestone("publication.sending", number=number, attempt=attempt.id, **ids)
        return Started(attempt_id=attempt.id, key=attempt.key, send_before=attempt.send_before, ids=ids)


def keep_back(row: Publication, claim: Claim, barred: str, now: datetime) -> None:
    """It must not be sent after all (`barred`: why, if it is that) and is put where it belongs. Inside atomic(); the caller
    pushes down."""
    if not barred and now <= outcomes.late_at(row):
        # An answer came, or was brought by a callback, after somebody took it for not sent.
        outcomes.become_unknown(row, now, _TAKEN_ALREADY, fence=claim.fence)
        return
    _step_back(row, now, claim.fence)
    if barred:
        outcomes.hold(row, now, barred)
    else:
        outcomes.miss(row, now)


def record_answer(
    claim: Claim, attempt_id: str, outcome: Outcome, exchanges: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Save how the call ended, then act on it. Raises Lost when the claim was taken over; the answer is kept even
    then, and the next check reads it."""
    with atomic():
        attempt = db.session.get_one(Attempt, attempt_id, populate_existing=True)
        if attempt.answered_at is None:
            for name, value in answer_values(outcome, exchanges, now).items():
                setattr(attempt, name, value)
        tell_answer(attempt_id, outcome, {"publication": claim.publication_id, "account": claim.account_id})
    with atomic():
        row = preparing.held(claim, lock=True)
        if row is None or row.status != "committing":
            answer_came_late(claim, outcome, now)
            raised = True
        else:
            settle(row, db.session.get_one(Attempt, attempt_id), now)
            pushdown.push([row.post_id], now)
            raised = False
    if raised:
        raise Lost


def answer_values(outcome: Outcome, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """The columns of an attempt that an answer fills."""
    return {
        "outcome": outcome.kind,
        "receipt": receipt_json(outcome.receipt) if outcome.receipt is not None else {},
        "error": {**outcome.error, **_retry(outcome.retry_at)},
        "answered_at": now,
        "exchanges": [dict(one) for one in exchanges],
    }


def tell_answer(attempt_id: str, outcome: Outcome, ids: Mapping[str, str]) -> None:
    """Its line in the log, once it is saved. `ids`: as Started has them."""
    receipt = outcome.receipt.external_id if outcome.receipt is not None else ""
    code = outcome.error.get("code")
    logs.milestone("publication.answered", outcome=outcome.kind, code=code, receipt=receipt, attempt=attempt_id, **ids)


def settle(row: Publication, attempt: Attempt, now: datetime) -> None:
    """Act on a saved attempt (also one found after a crash). Inside atomic(); the caller pushes down."""
    receipt, answered = receipt_of(attempt.receipt), attempt.answered_at or now
    if attempt.outcome == "receipt" and receipt is not None and receipt.live:
        outcomes.publish(row, receipt, now, answered_at=answered)
    elif attempt.outcome == "receipt":
        outcomes.accept(row, receipt or Receipt(), now)
    elif attempt.outcome == "awaiting":
        words = f"{attempt.error.get('cause') or '等待平台管理员确认。'}{attempt.error.get('remedy') or ''}"
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
    verifying.apply_early(row, now)


def step_back(claim: Claim, *, why: str, at: datetime, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Before the attempt was saved something kept us from sending: ready again, at `at`, or held beyond lateness."""
    with atomic():
        row = own_commit(claim)
        states.touch(row, now=now, fence=claim.fence, exchanges=preparing.kept(row, exchanges))
        _step_back(row, now, claim.fence, why=why, next_attempt_at=at)
        _hold_if_too_late(row, at, why, now)
        permalink.close_if_nobody_went(row.post_id)
        verifying.apply_early(row, now)
        pushdown.push([row.post_id], now)


def hold_changed(
    claim: Claim, why: str, exchanges: Sequence[Mapping[str, Any]], now: datetime, *, anew: Prepared
) -> None:
    """What stands at the platform is not what was approved: a person must decide.

    A release prepares from `anew`: what was approved goes back into the standing draft, no second one arises beside it.
    """
    with atomic():
        row = own_commit(claim)
        evidence, steps = preparing.kept(row, exchanges), prepared_json(anew)
        states.touch(row, now=now, fence=claim.fence, exchanges=evidence, prepared=steps)
        _step_back(row, now, claim.fence)
        outcomes.hold(row, now, why)
        verifying.apply_early(row, now)
        pushdown.push([row.post_id], now)


def hand_over(row: Publication, now: datetime) -> None:
    """The hour has come for an account that may not publish by itself. Inside atomic()."""
    why = "草稿已在平台备好。请登录平台人工发布，再把链接填回来。"
    at = now + handing.FIRST_LOOK
    states.move(row, "handed_over", now=now, reason="转人工发布", why=why, checks=0, next_attempt_at=at)
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


def answer_came_late(claim: Claim, outcome: Outcome, now: datetime) -> None:
    """We lost the claim while the platform answered. The row belongs to others: its next check is hurried; what the
    platform took and somebody already took for failed is put right at once, what was cancelled is a person's; anything else
    is told to people."""
    row = db.session.get(Publication, claim.publication_id, with_for_update=True, populate_existing=True)
    if row is None:
        return
    if row.status == "unknown" and row.claim_owner == "":
        states.touch(row, now=now, next_attempt_at=now)
    if outcome.kind not in TAKEN or row.status in _KNOWN_AS_TAKEN:
        return
    receipt = outcome.receipt or Receipt()
    if row.status == "cancelled":
        told = {"at": now.isoformat(), "finding": appearing.APPEARED, "reason": _LATE, "receipt": receipt_json(receipt)}
        appearing.reappear(row, told, now, cause=_LATE, receipt=receipt)
    elif row.status != "failed":
        outcomes.alarm(row, now, "平台迟到的答复", "平台已受理先前的一次发送，内容可能已经发布。请立即登录平台核对。")
    elif receipt.live:
        outcomes.publish(row, receipt, now, reason="平台迟到的答复：已发布")
    else:
        outcomes.accept(row, receipt, now, why="平台迟到的答复：已受理，正在处理；上线后会自动确认。")
        permalink.open_for(row.schedule, now)
    pushdown.push([row.post_id], now)


def _retry(at: datetime | None) -> dict[str, str]:
    return {"retry_at": at.isoformat()} if at is not None else {}
