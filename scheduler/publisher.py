"""Prepare, barrier, commit: claims in batches, each piece of work in a thread of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from app import logs
from app.accounts import connections, tallies
from app.accounts.advice import right_for
from app.accounts.sealed import CredentialsSealed
from app.accounts.services import heed
from app.accounts.verdicts import note_denied
from app.db import release
from app.publishing import claims, committing, preparing, sealing
from app.publishing.batches import Answer
from app.publishing.values import Claim, Lost, Outcome, Work, error_json
from connectors.base import Connector
from connectors.errors import ConnectorError, NotEntitled, OutcomeUnknown, RateLimited
from connectors.values import Prepared
from scheduler import retry
from scheduler.runtime import Kept, Runtime

log = structlog.get_logger()

# After a fault of ours, in seconds.
_AFTER_FAULT = 30


def tick(runtime: Runtime, now: datetime) -> datetime | None:
    """One round; when the next row is due, or None."""
    due = claims.next_due(now)
    runtime.note_look(due, now)
    if due is None or due > now:
        return due
    return work(runtime, now)


def work(runtime: Runtime, now: datetime) -> datetime | None:
    """Something is due; when the next row is, or None."""
    claims.lapse(now)
    # Commits first: they are what everybody waits for.
    taken = claims.claim_commits(runtime.worker, runtime.free(), now, runtime.commits)
    loaded = _load_together(taken)
    for claim in taken:
        runtime.submit(
            partial(commit, runtime, claim, loaded.get(claim)), "commit", claim.account_id, keeps=keeps(claim)
        )
    # Slow platforms and many pictures must not fill the pool: a quarter of it stays free for what is due.
    room = runtime.free() - runtime.threads // 4
    for claim in claims.claim_preparations(runtime.worker, room, now, runtime.preparations):
        runtime.submit(partial(prepare, runtime, claim), "prepare", claim.account_id, keeps=keeps(claim))
    return claims.next_due(now)


def keeps(claim: Claim) -> tuple[Kept, str]:
    """For Runtime.submit()."""
    return "publication", claim.publication_id


def _load_together(taken: Sequence[Claim]) -> dict[Claim, Work]:
    """What can be read is; whatever else is the matter with one of them, its own thread meets it again and tells."""
    if not taken:
        return {}
    try:
        return {work.claim: work for work in preparing.load_all(taken)}
    except Exception:
        log.exception("claims not read together", number=len(taken))
        return {}
    finally:
        release()


def prepare(runtime: Runtime, claim: Claim) -> None:
    """Step by step until ready; each finished step is saved under the fence."""
    try:
        _prepare_or_put_off(runtime, claim)
    except Lost:
        log.info("claim lost", publication=claim.publication_id, worker=runtime.worker)


def _prepare_or_put_off(runtime: Runtime, claim: Claim) -> None:
    """Raises Lost, by putting it off, too: what failed may have taken as long as the claim lasts."""
    try:
        _prepare(runtime, claim)
    except Lost:
        raise
    except CredentialsSealed as error:
        release()
        sealing.put_off_preparing(claim, error, runtime.clock())
    except Exception:
        # Said where people look, and tried again before the lease would have run out.
        log.exception("prepare failed", publication=claim.publication_id)
        release()
        now = runtime.clock()
        preparing.postpone(claim, error_json(_fault()), now + timedelta(seconds=_AFTER_FAULT), [], now)


def _prepare(runtime: Runtime, claim: Claim) -> None:
    if (work := preparing.load(claim)) is None:
        return
    logs.about(**work.ids)
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
        left = preparing.leave_behind(claim, done, runtime.clock())
        if left is not None:
            _discard(connector, left, claim)


def _discard(connector: Connector, left: Prepared, claim: Claim) -> None:
    """Nobody knows of this draft but us: deleted now, or never."""
    try:
        connector.discard(left)
    except ConnectorError as error:
        log.warning("draft left behind", publication=claim.publication_id, steps=dict(left.steps), code=error.code)


def commit(runtime: Runtime, claim: Claim, work: Work | None = None) -> None:
    """Look once more at what stands there, save the attempt, send, save the answer. `work`: the claim's, if already read."""
    recorder = connections.Recorder()
    try:
        work = work or _load(runtime, claim)
        if work is None:
            return
        logs.about(**work.ids)
        if (begun := _begin(runtime, work, recorder)) is None:
            return
        connector, started = begun
        outcome = _send(connector, work, started, runtime)
        tallies.note(work.account_id, tallies.ATTEMPT, outcome.kind)
        answer = Answer(
            claim=claim,
            attempt_id=started.attempt_id,
            outcome=outcome,
            exchanges=_drain(recorder),
            at=runtime.clock(),
            ids=started.ids,
        )
        runtime.answered.do(answer)
    except Lost:
        log.warning("claim lost", publication=claim.publication_id, worker=runtime.worker)


def _load(runtime: Runtime, claim: Claim) -> Work | None:
    """None, too, when it cannot be read: it is ready again then, and says so."""
    try:
        return preparing.load(claim)
    except Exception:
        log.exception("commit failed", publication=claim.publication_id)
        release()
        _put_off(runtime, claim, [])
        return None


def _put_off(runtime: Runtime, claim: Claim, exchanges: list[dict[str, object]]) -> None:
    """After a fault of ours before the attempt."""
    now = runtime.clock()
    at, why = now + timedelta(seconds=_AFTER_FAULT), f"尚未发出：{_fault().cause}"
    committing.step_back(claim, why=why, at=at, exchanges=exchanges, now=now)


def _begin(runtime: Runtime, work: Work, recorder: connections.Recorder) -> tuple[Connector, committing.Started] | None:
    """The attempt, saved; None when it was put where it belongs instead. Raises Lost."""
    try:
        connector = _connect(runtime, work, recorder)
        if not _unchanged(runtime, connector, work, recorder):
            return None
        started = runtime.begun.do(work.claim)
    except Lost:
        raise
    except CredentialsSealed as error:
        release()
        sealing.hold_commit(work.claim, error, runtime.clock())
        return None
    except Exception:
        # Nothing was sent: whoever saved an attempt got to know of it.
        log.exception("commit failed", publication=work.claim.publication_id)
        release()
        _put_off(runtime, work.claim, _drain(recorder))
        return None
    release()
    if started is None:
        return None
    logs.about(attempt=started.attempt_id)
    return connector, started


def _fault() -> ConnectorError:
    """A fault of ours, in words; the log has it in full."""
    return OutcomeUnknown("程序出错。", remedy="系统会重试；若反复出现，请系统管理员查看日志。", who="系统管理员")


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
    anew = connector.restoring(work.prepared)
    try:
        why = connector.recheck(work.payload, work.prepared)
    except ConnectorError as error:
        now = runtime.clock()
        outcome = _decide(connector, work, error, now)
        if outcome.kind == "refused":
            committing.hold_changed(work.claim, str(error), _drain(recorder), now, anew=anew)
        else:
            at = outcome.retry_at or retry.delay(work.tries + 1, now)
            committing.step_back(work.claim, why=f"尚未发出：{error.cause}", at=at, exchanges=_drain(recorder), now=now)
        return False
    if why is not None:
        committing.hold_changed(work.claim, why, _drain(recorder), runtime.clock(), anew=anew)
        return False
    return True


def _step(connector: Connector, work: Work, done: Prepared) -> Prepared:
    try:
        return connector.prepare(work.payload, done)
    except ConnectorError:
        raise
    except Exception as error:
        log.exception("prepare failed", publication=work.claim.publication_id)
        raise _fault() from error


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
    connector = connections.connect(
        work.account,
        purpose="publish",
        on_exchange=recorder,
        operator_ip=work.operator_ip,
        clock=runtime.clock,
        lately=work.standing,
    )
    release()
    return connector


def _decide(connector: Connector, work: Work, error: ConnectorError, now: datetime) -> Outcome:
    """What to do; the platform's own "not before" is remembered for everybody who asks it."""
    if error.whole or isinstance(error, RateLimited | NotEntitled):
        release()
        try:
            heed(work.account_id, connector, error, now)
            if isinstance(error, NotEntitled):
                note_denied(work.account_id, _right_used(connector, work), error, now)
        except Exception:
            # The platform will say it again; what became of this call must not be lost over it.
            log.exception("limit or refusal not noted", account=work.account_id)
        release()
    return retry.decide(error, work.tries + 1, now)


def _right_used(connector: Connector, work: Work) -> str:
    """The right that was refused when the very call that publishes was; "" for one on the way there."""
    publishing = getattr(connector.meter, "last_call", "") == connector.sends(work.payload)
    return right_for(str(work.payload["delivery"]["mode"])) if publishing else ""


def _drain(recorder: connections.Recorder) -> list[dict[str, object]]:
    found = recorder.json()
    recorder.exchanges.clear()
    return found
