"""What became of it: findings of check(), of read-backs and of callbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.models import Account
from app.db import atomic, db
from app.publishing import committing, outcomes, preparing, pushdown, rhythm, states
from app.publishing.models import Publication
from app.publishing.values import Claim, merged, prepared_of, receipt_json, receipt_of
from connectors.values import (
    Attempted,
    CannotTell,
    Finding,
    Found,
    ProvenAbsent,
    PublishResult,
    Receipt,
    Rejected,
    Removed,
)

_ASKED = ("processing", "unknown", "published")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the reconciler asks the connector."""

    claim: Claim
    account_id: str
    operator_ip: str
    attempted: Attempted


def load(claim: Claim) -> Question | None:
    """None when the claim is no longer ours or nothing was ever attempted."""
    row = preparing.held(claim)
    if row is None or row.status not in _ASKED:
        return None
    attempt = committing.last_attempt(row.id)
    known = receipt_of(row.receipt)
    if attempt is not None and attempt.receipt:
        known = merged(receipt_of(attempt.receipt), known) if known else receipt_of(attempt.receipt)
    return Question(
        claim=claim,
        account_id=row.account_id,
        operator_ip=row.schedule.operator_ip,
        attempted=Attempted(
            key=attempt.key if attempt else "",
            payload=dict(row.payload),
            prepared=prepared_of(row.prepared),
            sent_at=attempt.started_at if attempt else (row.published_at or row.due_at),
            receipt=known,
            asked=row.checks,
        ),
    )


def record_finding(claim: Claim, finding: Finding, exchanges: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Raises Lost when the claim was taken over or a person decided meanwhile."""
    with atomic():
        row = preparing.own(claim, _ASKED)
        entry = {"at": now.isoformat(), "exchanges": [dict(one) for one in exchanges], **describe(finding)}
        states.touch(
            row,
            now=now,
            fence=claim.fence,
            checks=row.checks + 1,
            readbacks=[*(row.readbacks or []), entry][-40:],
            claim_owner="",
            claim_until=None,
        )
        apply(row, finding, now)
        pushdown.push([row.post_id], now)


def record_result(account: Account, result: PublishResult, now: datetime) -> bool:
    """A callback tells how an asynchronous publication ended; True when it is one of ours. A repeat changes nothing."""
    with atomic():
        candidates = db.session.scalars(
            select(Publication)
            .where(
                Publication.account_id == account.id,
                Publication.status.in_(("processing", "unknown", "published", "failed")),
            )
            .order_by(Publication.id.desc())
            .limit(200)
            .execution_options(populate_existing=True)
        )
        row = next((p for p in candidates if _refers(p, result)), None)
        if row is None:
            return False
        entry = {"at": now.isoformat(), "callback": {result.ref_name: result.ref}, **describe(result.finding)}
        states.touch(row, now=now, readbacks=[*(row.readbacks or []), entry][-40:])
        apply(row, result.finding, now)
        pushdown.push([row.post_id], now)
    return True


def apply(row: Publication, finding: Finding, now: datetime) -> None:
    """Act on a finding according to the state. Inside atomic(); the caller pushes down."""
    if row.status == "published":
        _read_back(row, finding, now)
    elif isinstance(finding, Found):
        _found(row, finding.receipt, now)
    elif row.status == "failed":
        return
    elif isinstance(finding, Rejected):
        _mark_attempt(row, "rejected")
        error = {"code": finding.code, "cause": finding.cause, "remedy": finding.remedy, "who": finding.who}
        outcomes.fail(row, now, error)
    elif isinstance(finding, ProvenAbsent):
        _mark_attempt(row, "absent")
        words = {"cause": f"已证实没有发出：{finding.reason}", "remedy": "可以放心重试这一条。", "who": "发布人"}
        outcomes.fail(row, now, words)
    elif isinstance(finding, Removed):
        outcomes.publish(row, receipt_of(row.receipt) or Receipt(), now, answered_at=row.committed_at)
        outcomes.take_away(row, "removed", now, finding.reason)
    else:
        _cannot_tell(row, finding, now)


def describe(finding: Finding) -> dict[str, Any]:
    """For the evidence: {"finding": kind, "reason": words}."""
    if isinstance(finding, Found):
        return {"finding": "found", "receipt": receipt_json(finding.receipt), "reason": ""}
    if isinstance(finding, Rejected):
        return {"finding": "rejected", "reason": finding.cause}
    kinds = {ProvenAbsent: "absent", CannotTell: "cannot_tell", Removed: "removed"}
    return {"finding": kinds[type(finding)], "reason": finding.reason}


def _found(row: Publication, receipt: Receipt, now: datetime) -> None:
    if receipt.live:
        outcomes.publish(row, receipt, now, reason="已在平台上核实")
    elif row.status == "unknown":
        outcomes.accept(row, receipt, now, why="已在平台上找到，等待上线。")
    elif row.status == "processing":
        _wait_on(row, receipt, "平台已受理，正在处理；上线后会自动确认。", now)


def _wait_on(row: Publication, receipt: Receipt | None, why: str, now: datetime) -> None:
    """Still nothing final: ask again by the rhythm; when that is used up a person must look."""
    known = merged(receipt_of(row.receipt), receipt) if receipt is not None else receipt_of(row.receipt)
    at = rhythm.next_check(row.checks, now)
    if at is not None:
        values: dict[str, Any] = {}
        if known is not None:
            values = {"receipt": receipt_json(known), "url": known.url}
        states.touch(row, now=now, why=why, next_attempt_at=at, **values)
    elif row.status == "processing":
        outcomes.become_unknown(row, now, {"cause": "平台迟迟没有给出结果。", "remedy": "请登录平台查看后人工确认。"})
        states.touch(row, now=now, next_attempt_at=None)
    else:
        words = f"{why}已多次核实仍不能确定，请登录平台查看后人工确认。"
        states.touch(row, now=now, why=words, next_attempt_at=None)


def _cannot_tell(row: Publication, finding: CannotTell, now: datetime) -> None:
    _wait_on(row, None, finding.reason, now)
    # The connector knows better when the next answer can be had (quota), but does not shorten the rhythm's patience.
    if finding.next_at is not None and row.next_attempt_at is not None and finding.next_at > row.next_attempt_at:
        states.touch(row, now=now, next_attempt_at=finding.next_at)


def _read_back(row: Publication, finding: Finding, now: datetime) -> None:
    following = rhythm.next_read_back(row.checks, now)
    if isinstance(finding, Removed):
        if row.recall_at is not None or row.recall_reason:
            outcomes.take_away(row, "recalled", now, "已从平台撤回，核实已看不到。")
        else:
            outcomes.take_away(row, "removed", now, finding.reason)
    elif isinstance(finding, Found):
        known = merged(receipt_of(row.receipt), finding.receipt)
        states.touch(
            row,
            now=now,
            receipt=receipt_json(known),
            external_id=known.external_id,
            url=known.url,
            why=row.why if row.recall_reason else ("" if known.url else "链接待取：平台稍后才给出链接。"),
            next_attempt_at=following,
        )
    else:
        states.touch(row, now=now, next_attempt_at=following)


def _mark_attempt(row: Publication, outcome: str) -> None:
    attempt = committing.last_attempt(row.id)
    if attempt is not None:
        attempt.outcome = outcome


def _refers(row: Publication, result: PublishResult) -> bool:
    known = [receipt_of(row.receipt), *(receipt_of(a.receipt) for a in row.attempts)]
    return any(r is not None and r.details.get(result.ref_name) == result.ref for r in known)
