"""Verify: take over from the dead, ask what became of things, run errands at the platforms."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from app import logs
from app.accounts import connections
from app.accounts.sealed import CredentialsSealed
from app.accounts.services import note_limit, note_refused
from app.db import release
from app.publishing import claims, errands, handing, sealing, verifying
from app.publishing.preparing import account_of, load
from app.publishing.values import Claim, Lost, Work
from app.words import N_
from connectors.base import Connector
from connectors.errors import ConnectorError, OutcomeUnknown, RateLimited, Refused
from connectors.values import CannotTell, Finding, Receipt
from scheduler import retry
from scheduler.publisher import keeps
from scheduler.runtime import Runtime

log = structlog.get_logger()

_BROKEN = N_("核实时程序出错。系统会再试；若反复出现，请系统管理员查看日志。")


def tick(runtime: Runtime, now: datetime) -> None:
    """Asked every TANDEM_RECONCILE_SECONDS; each publication by its own sparse rhythm."""
    claims.take_over(now, worker=runtime.worker, kept=runtime.kept("publication"), patience=runtime.heart.lateness(now))
    claims.lapse(now)
    for claim in claims.claim_checks(runtime.worker, runtime.free() - runtime.threads // 4, now, runtime.checks):
        runtime.submit(partial(check, runtime, claim), "check", claim.account_id, keeps=keeps(claim))
    for claim in claims.claim_errands(runtime.worker, runtime.free() - runtime.threads // 4, now):
        runtime.submit(partial(run_errand, runtime, claim), "errand", claim.account_id, keeps=keeps(claim))


def check(runtime: Runtime, claim: Claim) -> None:
    """Ask once and record what was found."""
    try:
        question = verifying.load(claim)
        if question is not None:
            _check(runtime, claim, question)
    except Lost:
        log.info("finding came late", publication=claim.publication_id)
    except Exception:
        log.exception("check broken off", publication=claim.publication_id)
        release()
        _not_asked(claim, runtime.clock())


def _check(runtime: Runtime, claim: Claim, question: verifying.Question) -> None:
    recorder = connections.Recorder()
    try:
        connector = _connect(runtime, question.account_id, recorder, question.operator_ip)
    except CredentialsSealed as error:
        release()
        sealing.put_off_check(claim, error, runtime.clock())
        return
    if question.by_hand:
        _look_for_draft(claim, question, connector, recorder, runtime.clock())
    if question.status == "handed_over":
        return
    finding = _ask(question, connector, runtime.clock())
    verifying.record_finding(claim, finding, recorder.json(), runtime.clock())


def _not_asked(claim: Claim, now: datetime) -> None:
    """After a fault of ours: it counts as one question of the sparse rhythm, as one in asking does."""
    try:
        try:
            verifying.record_finding(claim, CannotTell(reason=_BROKEN), [], now)
        except Lost:
            # One that a person is to publish by hand has a rhythm of its own; anything else was lost, indeed.
            handing.record_draft(claim, None, [], now)
    except Lost:
        log.info("finding came late", publication=claim.publication_id)


def _connect(runtime: Runtime, account_id: str, recorder: connections.Recorder, operator_ip: str) -> Connector:
    connector = connections.connect(
        account_of(account_id), purpose="publish", on_exchange=recorder, operator_ip=operator_ip, clock=runtime.clock
    )
    release()
    return connector


def _look_for_draft(
    claim: Claim, question: verifying.Question, connector: Connector, recorder: connections.Recorder, now: datetime
) -> None:
    try:
        gone = connector.hand_over_done(question.attempted.prepared)
    except Exception:
        # A fault of ours, or the day's calls are spent: not known now, asked again by the rhythm.
        log.exception("draft not looked for", publication=claim.publication_id)
        gone = None
    handing.record_draft(claim, gone, recorder.json(), now)
    recorder.exchanges.clear()
    release()


def _ask(question: verifying.Question, connector: Connector, now: datetime) -> Finding:
    try:
        return connector.check(question.attempted)
    except ConnectorError as error:
        note_refused(question.account_id, error, now)
        if isinstance(error, RateLimited):
            note_limit(question.account_id, getattr(connector.meter, "last_call", ""), error, now)
        release()
        outcome = retry.decide(error, question.attempted.asked + 1, now)
        words = "无法核实" if outcome.kind == "refused" else "暂时无法核实"
        return CannotTell(reason=f"{words}：{error}", next_at=outcome.retry_at, by_person=error.whole)
    except Exception:
        # A fault of ours: it counts as one question of the sparse rhythm, so that it cannot go on for ever.
        log.exception("check failed", publication=question.claim.publication_id)
        return CannotTell(reason=_BROKEN)


def run_errand(runtime: Runtime, claim: Claim) -> None:
    """Delete a draft, or take back what is public."""
    try:
        _run_errand(runtime, claim)
    except Lost:
        log.info("errand overtaken", publication=claim.publication_id)
    except Exception:
        # The database may be away for a moment, and a faulty program is mended: the errand stays, whatever happened.
        log.exception("errand broken off", publication=claim.publication_id)
        release()
        _break_off(runtime, claim)


def _break_off(runtime: Runtime, claim: Claim) -> None:
    try:
        errands.break_off(claim, runtime.clock())
    except Lost:
        log.info("errand overtaken", publication=claim.publication_id)


def _run_errand(runtime: Runtime, claim: Claim) -> None:
    """Raises Lost."""
    work = load(claim)
    if work is None:
        return
    logs.about(**work.ids)
    question = verifying.load(claim)
    recorder = connections.Recorder()
    try:
        connector = _connect(runtime, work.account_id, recorder, work.operator_ip)
    except CredentialsSealed as error:
        release()
        sealing.put_off_errand(claim, error, runtime.clock())
        return
    _run(runtime, work, (question.attempted.receipt if question else None) or Receipt(), connector, recorder)


def _run(runtime: Runtime, work: Work, receipt: Receipt, connector: Connector, recorder: connections.Recorder) -> None:
    """Raises Lost, and what the database raises: an errand that was not recorded is run again."""
    if work.status not in ("cancelled", "published"):
        return
    discards = work.status == "cancelled"
    try:
        connector.discard(work.prepared) if discards else connector.recall(receipt)
    except ConnectorError as error:
        note_refused(work.account_id, error, runtime.clock())
        release()
        _errand_failed(work.claim, work.status, error, recorder, runtime.clock())
        return
    except Exception:
        # A fault of ours while the platform was asked may have done it: a person finishes it.
        log.exception("errand failed", publication=work.claim.publication_id)
        release()
        broken = OutcomeUnknown("办理时程序出错。", remedy="请登录平台查看，需要时手动办理。", who="系统管理员")
        _errand_failed(work.claim, work.status, broken, recorder, runtime.clock())
        return
    finish = errands.finish_discard if discards else errands.finish_recall
    finish(work.claim, recorder.json(), runtime.clock())


def _errand_failed(
    claim: Claim, status: str, error: ConnectorError, recorder: connections.Recorder, now: datetime
) -> None:
    outcome = retry.decide(error, 3, now)
    if outcome.kind == "not_sent":
        errands.retry_errand(claim, outcome.retry_at or retry.delay(3, now), recorder.json(), now)
    elif status == "cancelled":
        errands.give_up_discard(claim, error.cause, recorder.json(), now)
    else:
        remedy = error.remedy if isinstance(error, Refused) else "请登录平台查看，未删除的请手动删除。"
        errands.leave_recall_to_people(claim, error.cause, remedy, recorder.json(), now)
