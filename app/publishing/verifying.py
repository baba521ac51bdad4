"""What became of it: findings of check(), of read-backs and of callbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import logs
from app.accounts.models import Account
from app.db import atomic, db
from app.publishing import appearing, doubting, handing, outcomes, permalink, preparing, pushdown, rhythm, states
from app.publishing.attempts import TAKEN, telling_attempt
from app.publishing.findings import describe, finding_of
from app.publishing.models import Attempt, Publication
from app.publishing.values import Claim, merged, prepared_of, receipt_json, receipt_of
from app.words import N_
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

ASKED = ("processing", "unknown", "published")
_TOLD = N_("平台通知：先前的这一次发送已发布成功。")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What the reconciler asks the connector; `by_hand`: whether the draft a person was to publish is gone."""

    claim: Claim
    account_id: str
    status: str
    operator_ip: str
    attempted: Attempted
    by_hand: bool


def load(claim: Claim) -> Question | None:
    """None when the claim is no longer ours or nothing was ever attempted."""
    row = preparing.held(claim)
    if row is None or row.status not in (*ASKED, "handed_over"):
        return None
    attempt = telling_attempt(row.id)
    logs.about(attempt=attempt.id if attempt else "", **states.ids_of(row))
    known = receipt_of(row.receipt)
    if attempt is not None and attempt.receipt:
        known = merged(receipt_of(attempt.receipt), known) if known else receipt_of(attempt.receipt)
    return Question(
        claim=claim,
        account_id=row.account_id,
        status=row.status,
        by_hand=handing.asks_for_draft(row),
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
        row = preparing.own(claim, ASKED)
        logs.milestone("publication.verified", finding=describe(finding)["finding"], **states.ids_of(row))
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
    """A callback tells how an asynchronous publication ended; True when it is one of ours. A repeat changes nothing.

    One that overtakes the answer to our own call is kept until that answer names it.
    """
    with atomic():
        row = _named(account, result)
        entry = {"at": now.isoformat(), "callback": {result.ref_name: result.ref}, **describe(result.finding)}
        if row is None:
            kept = _keep_early(account, entry, now)
            if isinstance(result.finding, Found):
                doubting.doubt(account, entry, now, later=kept)
            return False
        logs.milestone("publication.told", finding=entry["finding"], **states.ids_of(row))
        states.touch(row, now=now, readbacks=[*(row.readbacks or []), entry][-40:])
        if row.status in appearing.WAITING:
            _recognise_earlier(row, result)
        elif row.status == "cancelled":
            if isinstance(result.finding, Found):
                appearing.reappear(row, entry, now, cause=_TOLD, receipt=result.finding.receipt)
        elif isinstance(result.finding, Found) or _tells_of(row, telling_attempt(row.id), result):
            apply(row, result.finding, now)
        pushdown.push([row.post_id], now)
    return True


def apply_early(row: Publication, now: datetime) -> None:
    """Act on what a callback told before the end of our own call was saved: what is not about this one goes on to those
    still being sent, or raises doubts. Inside atomic(), whenever a row ends committing; the caller pushes.
    """
    kept = list(row.readbacks or [])
    early = [entry for entry in kept if entry.get("early")]
    if not early:
        return
    known = receipt_of(row.receipt)
    details = known.details if known else {}
    ours = [e for e in early if any(details.get(name) == ref for name, ref in dict(e["callback"]).items())]
    states.touch(row, now=now, readbacks=[entry for entry in kept if entry not in early or entry in ours])
    for entry in early:
        if entry not in ours and isinstance(finding_of(entry), Found):
            told = {key: value for key, value in entry.items() if key != "early"}
            doubting.doubt(row.account, told, now, later=_keep_early(row.account, told, now))
    for entry in ours:
        finding = finding_of(entry)
        if finding is not None and row.status == "processing":
            apply(row, finding, now)


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
        _not_out(row, error, now)
    elif isinstance(finding, ProvenAbsent):
        _mark_attempt(row, "absent")
        words = {"cause": f"已证实没有发出：{finding.reason}", "remedy": "可以放心重试这一条。", "who": "发布人"}
        _not_out(row, words, now)
    elif isinstance(finding, Removed) and appearing.undecided(row):
        appearing.vanish(row, now, finding.reason)
    elif isinstance(finding, Removed):
        outcomes.publish(row, receipt_of(row.receipt) or Receipt(), now, answered_at=row.committed_at)
        outcomes.take_away(row, "removed", now, finding.reason)
    else:
        _cannot_tell(row, finding, now)


def _not_out(row: Publication, error: Mapping[str, Any], now: datetime) -> None:
    """The platform says that it did not go out: failed, unless nobody wants it to any more."""
    if appearing.undecided(row):
        appearing.dismiss(row, now, str(error["cause"]))
    else:
        outcomes.fail(row, now, error)


def _found(row: Publication, receipt: Receipt, now: datetime) -> None:
    if appearing.undecided(row) and receipt.live:
        appearing.confirm(row, receipt, now)
    elif appearing.undecided(row):
        _wait_on(row, receipt, appearing.MAY_HAVE, now)
    elif receipt.live:
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
        error = {"cause": "平台迟迟没有给出结果。", "remedy": outcomes.BY_PERSON, "who": "发布人"}
        outcomes.become_unknown(row, now, error, by_person=True)
    else:
        words = f"{why}已多次核实，仍不能确定。"
        # Asked again by hand it ends here again: people were told already.
        told = row.error_remedy == outcomes.BY_PERSON
        values = {"error_remedy": outcomes.BY_PERSON, "error_who": "发布人"}
        states.touch(row, now=now, why=words, next_attempt_at=None, **values)
        if not told:
            outcomes.alarm(row, now, "请人工认定发布结果", f"{words}{outcomes.BY_PERSON}")


def _cannot_tell(row: Publication, finding: CannotTell, now: datetime) -> None:
    _wait_on(row, None, finding.reason, now)
    # The connector knows better when the next answer can be had (quota), but does not shorten the rhythm's patience.
    if finding.next_at is not None and row.next_attempt_at is not None and finding.next_at > row.next_attempt_at:
        states.touch(row, now=now, next_attempt_at=finding.next_at)


def _read_back(row: Publication, finding: Finding, now: datetime) -> None:
    known = merged(receipt_of(row.receipt), finding.receipt) if isinstance(finding, Found) else receipt_of(row.receipt)
    following = rhythm.next_read_back(row.checks, now)
    if not (known and known.url):
        looks = [at for at in (following, rhythm.next_link_look(row.published_at or now, now)) if at is not None]
        following = min(looks, default=None)
    if isinstance(finding, Removed):
        if row.recall_at is not None or row.recall_reason:
            outcomes.take_away(row, "recalled", now, "已从平台撤回，核实已看不到。")
        else:
            outcomes.take_away(row, "removed", now, finding.reason)
    elif isinstance(finding, Found) and known is not None:
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
    attempt = telling_attempt(row.id)
    if attempt is not None:
        attempt.outcome = outcome


def _named(account: Account, result: PublishResult) -> Publication | None:
    """The publication that the result is about, locked."""
    candidates = db.session.scalars(
        select(Publication)
        .where(
            Publication.account_id == account.id,
            Publication.status.in_((*ASKED, *appearing.WAITING, "failed", "cancelled")),
        )
        .order_by(Publication.id.desc())
        .limit(200)
    )
    found = next(
        (p.id for p in candidates if any(_tells_of(p, attempt, result) for attempt in [None, *p.attempts])), ""
    )
    if not found:
        return None
    permalink.lock_post_of(found)
    return db.session.get(Publication, found, with_for_update=True, populate_existing=True)


def _tells_of(row: Publication, attempt: Attempt | None, result: PublishResult) -> bool:
    """Whether the row as it stands, or this attempt of it, bears the result's number."""
    known = [receipt_of(row.receipt), receipt_of(attempt.receipt) if attempt is not None else None]
    return any(r is not None and r.details.get(result.ref_name) == result.ref for r in known)


def _recognise_earlier(row: Publication, result: PublishResult) -> None:
    """A call that a person took for not sent is out after all: remembered, so that no other one is made."""
    if not isinstance(result.finding, Found):
        return
    for attempt in row.attempts:
        known = receipt_of(attempt.receipt)
        if known is not None and known.details.get(result.ref_name) == result.ref:
            attempt.outcome = TAKEN[0]
            attempt.receipt = receipt_json(merged(known, result.finding.receipt))


def _keep_early(account: Account, entry: Mapping[str, Any], now: datetime) -> bool:
    """Nobody knows the number yet: kept with what is being sent; what is unknown is looked up at once. True if kept."""
    rows = db.session.scalars(
        select(Publication)
        .where(Publication.account_id == account.id, Publication.status.in_(("committing", "unknown")))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        early = {**entry, "early": True}
        if row.status == "committing" and early not in (row.readbacks or []):
            states.touch(row, now=now, readbacks=[*(row.readbacks or []), early][-40:])
        elif row.status == "unknown" and row.claim_owner == "":
            states.touch(row, now=now, next_attempt_at=now)
    return any(row.status == "committing" for row in rows)
