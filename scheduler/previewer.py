"""Previews on phones: made, sent once while somebody waits, and cleared away at the platform afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from app.accounts import connections
from app.accounts.services import heed
from app.db import persist, release
from app.previews import sending
from app.previews.sending import Claim, Lost
from app.publishing.preparing import account_of
from connectors.base import Connector
from connectors.errors import ConnectorError, OutcomeUnknown
from connectors.values import Prepared
from scheduler import retry
from scheduler.runtime import Runtime

log = structlog.get_logger()

# In flight in one process, however slow the platform; deletions have their own, so that sends do not starve them.
AT_ONCE = 4
DISCARDS_AT_ONCE = 2
_SEND, _DISCARD = "preview", "preview discard"
# Deleting may take longer than anybody waits: an hour between the later tries.
_SLOW = timedelta(hours=1)


def tick(runtime: Runtime, now: datetime) -> int:
    """One round: what the dead left, what is queued, what is to be cleared away. Returns how many were claimed."""
    late = runtime.heart.lateness(now)
    if not sending.anything_due(now, worker=runtime.worker, patience=late):
        return 0
    sending.recover(now, worker=runtime.worker, patience=late)
    sends = sending.claim_sends(runtime.worker, _room(runtime, _SEND, AT_ONCE), now)
    for claim in sends:
        runtime.submit(partial(send, runtime, claim), _SEND)
    discards = sending.claim_discards(runtime.worker, _room(runtime, _DISCARD, DISCARDS_AT_ONCE), now)
    for claim in discards:
        runtime.submit(partial(discard, runtime, claim), _DISCARD)
    return len(sends) + len(discards)


def _room(runtime: Runtime, name: str, most: int) -> int:
    """Half of the pool stays free for publications, whose preparing leaves a quarter: nobody reads a preview."""
    return min(runtime.room(name, most), max(0, runtime.free() - runtime.threads // 2))


def send(runtime: Runtime, claim: Claim) -> None:
    """Make it step by step, then the one call. Whatever goes wrong is an end with words: a person may try again."""
    recorder = connections.Recorder()
    done, connector = claim.prepared, None
    try:
        connector = _connect(runtime, claim, recorder)
        while not done.ready:
            done = connector.prepare_preview(claim.payload, done, key=claim.preview_id)
            sending.save_step(claim, done, _drained(recorder), runtime.clock())
            release()
        send_before = sending.begin(claim, runtime.clock())
        release()
        connector.send_preview(done, to=claim.recipient, send_before=send_before)
    except Lost:
        log.info("preview overtaken", preview=claim.preview_id)
    except ConnectorError as error:
        _failed(runtime, claim, connector, done, error, recorder)
    except Exception as error:
        log.exception("preview failed", preview=claim.preview_id)
        broken = OutcomeUnknown(
            "发送预览时程序出错，预览可能已收到。",
            remedy="请看手机；没有收到就再发一次。若反复出现，请系统管理员查看日志。",
            who="系统管理员",
            code=type(error).__name__,
        )
        _failed(runtime, claim, connector, done, broken, recorder)
    else:
        now = runtime.clock()
        _record(claim, lambda: sending.record_sent(claim, recorder.json(), now))


def _failed(
    runtime: Runtime,
    claim: Claim,
    connector: Connector | None,
    done: Prepared,
    error: ConnectorError,
    recorder: connections.Recorder,
) -> None:
    release()
    now = runtime.clock()
    _record(claim, lambda: sending.record_failure(claim, done, error, recorder.json(), now))
    heed(claim.account_id, connector, error, now)


def _record(claim: Claim, write: Callable[[], None]) -> None:
    try:
        persist(write)
    except Lost:
        log.info("preview's end came late", preview=claim.preview_id)


def discard(runtime: Runtime, claim: Claim) -> None:
    """Delete what was made for it at the platform."""
    connector = None
    try:
        connector = _connect(runtime, claim, connections.Recorder())
        certain = connector.discard_preview(claim.prepared, key=claim.preview_id)
        sending.record_discarded(claim, certain, runtime.clock())
    except Lost:
        log.info("preview overtaken", preview=claim.preview_id)
    except ConnectorError as error:
        _not_deleted(runtime, claim, connector, error)
    except Exception:
        log.exception("preview not cleared away", preview=claim.preview_id)
        release()
        _not_deleted(runtime, claim, connector, OutcomeUnknown("删除时程序出错。", who="系统管理员"))


def _not_deleted(runtime: Runtime, claim: Claim, connector: Connector | None, error: ConnectorError) -> None:
    release()
    now = runtime.clock()
    again = now + _SLOW if claim.tries >= len(retry.DELAYS) // 2 else retry.delay(claim.tries + 1, now)
    until = max(again, getattr(error, "until", None) or again)
    _record(claim, lambda: sending.record_discard_failure(claim, error, until, now))
    heed(claim.account_id, connector, error, now)


def _connect(runtime: Runtime, claim: Claim, recorder: connections.Recorder) -> Connector:
    account = account_of(claim.account_id)
    connector = connections.connect(account, purpose="publish", on_exchange=recorder, clock=runtime.clock)
    release()
    return connector


def _drained(recorder: connections.Recorder) -> list[dict[str, object]]:
    found = recorder.json()
    recorder.exchanges.clear()
    return found
