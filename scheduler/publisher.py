"""Prepare, barrier, commit: claims in batches, each piece of work in a thread of the pool."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from app.accounts import connections
from app.accounts.services import note_limit
from app.db import release
from app.publishing import claims, committing, preparing
from app.publishing.values import Claim, Lost, Outcome, Work, error_json
from connectors.base import Connector
from connectors.errors import ConnectorError, OutcomeUnknown, RateLimited
from connectors.values import Prepared
from scheduler import retry
from scheduler.runtime import Runtime

log = structlog.get_logger()


def tick(runtime: Runtime, now: datetime) -> datetime | None:
    """One round; when the next row is due, or None."""
    due = claims.next_due(now)
    if due is None or due > now:
        return due
    claims.lapse(now)
    # Commits first: they are what everybody waits for.
    for claim in claims.claim_commits(runtime.worker, runtime.free(), now):
        runtime.submit(partial(commit, runtime, claim), "commit")
    for claim in claims.claim_preparations(runtime.worker, runtime.free(), now):
        runtime.submit(partial(prepare, runtime, claim), "prepare")
    return claims.next_due(now)


def prepare(runtime: Runtime, claim: Claim) -> None:
    """Step by step until ready; each finished step is saved under the fence."""
    work = preparing.load(claim)
    if work is None:
        return
    if refusal := preparing.refusal(claim):
        preparing.fail(claim, refusal, [], runtime.clock())
        return
    recorder = connections.Recorder()
    connector = _connect(runtime, work, recorder)
    done = work.prepared
    try:
        while not done.ready:
            done = _step(connector, work, done)
            preparing.save_step(claim, done, _drain(recorder), runtime.clock())
            release()
        if work.prepared.ready:
            preparing.save_step(claim, done, [], runtime.clock())
    except ConnectorError as error:
        _postpone_or_fail(connector, work, error, recorder, runtime.clock())
    except Lost:
        release()
        preparing.leave_behind(claim, done, runtime.clock())


def commit(runtime: Runtime, claim: Claim) -> None:
    """Look once more at what stands there, save the attempt, send, save the answer."""
    work = preparing.load(claim)
    if work is None:
        return
    recorder = connections.Recorder()
    try:
        connector = _connect(runtime, work, recorder)
        if not _unchanged(runtime, connector, work, recorder):
            return
        started = committing.begin(claim, runtime.worker, runtime.clock())
        if started is None:
            return
        release()
        outcome = _send(connector, work, started, runtime)
        committing.record_answer(claim, started.attempt_id, outcome, _drain(recorder), runtime.clock())
    except Lost:
        log.warning("claim lost", publication=claim.publication_id, worker=runtime.worker)


def _send(connector: Connector, work: Work, started: committing.Started, runtime: Runtime) -> Outcome:
    try:
        receipt = connector.publish(work.payload, work.prepared, key=started.key, send_before=started.send_before)
    except ConnectorError as error:
        return _decide(connector, work, error, runtime.clock())
    except Exception:
        # A fault of ours after the attempt was saved: nobody can say whether anything was sent.
        log.exception("publish failed", publication=work.claim.publication_id)
        words = OutcomeUnknown(
            "发送时程序出错，不能确定是否已经发出。", remedy="系统正在到平台核实。", who="系统管理员"
        )
        return Outcome(kind="unknown", error=error_json(words))
    return Outcome(kind="receipt", receipt=receipt)


def _unchanged(runtime: Runtime, connector: Connector, work: Work, recorder: connections.Recorder) -> bool:
    """Whether what stands at the platform is still what was prepared; otherwise the row is put where it belongs."""
    try:
        why = connector.recheck(work.payload, work.prepared)
    except ConnectorError as error:
        now = runtime.clock()
        outcome = _decide(connector, work, error, now)
        if outcome.kind == "refused":
            committing.hold_changed(work.claim, str(error), _drain(recorder), now)
        else:
            at = outcome.retry_at or retry.delay(work.tries + 1, now)
            committing.step_back(work.claim, why=f"尚未发出：{error.cause}", at=at, exchanges=_drain(recorder), now=now)
        return False
    if why is not None:
        committing.hold_changed(work.claim, why, _drain(recorder), runtime.clock())
        return False
    return True


def _step(connector: Connector, work: Work, done: Prepared) -> Prepared:
    try:
        return connector.prepare(work.payload, done)
    except ConnectorError:
        raise
    except Exception as error:
        log.exception("prepare failed", publication=work.claim.publication_id)
        raise OutcomeUnknown(
            f"准备时程序出错（{type(error).__name__}）。", remedy="系统会重试；若反复出现请查看日志。", who="系统管理员"
        ) from error


def _postpone_or_fail(
    connector: Connector, work: Work, error: ConnectorError, recorder: connections.Recorder, now: datetime
) -> None:
    """Preparing shows nothing to the public: what is unclear is simply tried again."""
    release()
    outcome = _decide(connector, work, error, now)
    if outcome.kind == "refused":
        preparing.fail(work.claim, outcome.error, _drain(recorder), now)
    else:
        at = outcome.retry_at or retry.delay(work.tries + 1, now)
        preparing.postpone(work.claim, outcome.error, at, _drain(recorder), now)


def _connect(runtime: Runtime, work: Work, recorder: connections.Recorder) -> Connector:
    account = preparing.account_of(work.account_id)
    connector = connections.connect(
        account, purpose="publish", on_exchange=recorder, operator_ip=work.operator_ip, clock=runtime.clock
    )
    release()
    return connector


def _decide(connector: Connector, work: Work, error: ConnectorError, now: datetime) -> Outcome:
    """What to do; the platform's own "not before" is remembered for everybody who asks it."""
    if isinstance(error, RateLimited):
        release()
        note_limit(work.account_id, getattr(connector.meter, "last_call", ""), error)
    return retry.decide(error, work.tries + 1, now)


def _drain(recorder: connections.Recorder) -> list[dict[str, object]]:
    found = recorder.json()
    recorder.exchanges.clear()
    return found
