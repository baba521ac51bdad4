"""Queued answers to citizens: claimed, the attempt saved, sent once, the answer saved."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from app import logs
from app.accounts import connections
from app.accounts.sealed import CredentialsSealed
from app.accounts.services import heed
from app.db import persist, release
from app.inbox import sending, services
from app.inbox.sending import Claim, Try
from app.publishing.preparing import account_of
from connectors.base import Connector
from connectors.errors import ConnectorError, OutcomeUnknown
from connectors.values import Receipt
from scheduler import retry
from scheduler.runtime import Runtime

log = structlog.get_logger()

# Answers in flight in one process, however slow the platform: publishing keeps the rest of the pool.
AT_ONCE = 16


def tick(runtime: Runtime, now: datetime) -> int:
    """One round: take over from the dead, wake what was snoozed, send what is queued. Returns how many were claimed."""
    services.wake_snoozed(now)
    if not sending.anything_due(now):
        return 0
    services.recover_replies(now, kept=runtime.kept("reply"))
    claims = services.claim_replies(runtime.worker, runtime.room("reply", AT_ONCE), now)
    for claim in claims:
        runtime.submit(partial(send, runtime, claim), "reply", keeps=("reply", claim.message_id))
    return len(claims)


def send(runtime: Runtime, claim: Claim) -> None:
    """One call. The attempt is saved before it, the answer directly after it."""
    logs.about(message=claim.message_id, account=claim.account_id)
    recorder = connections.Recorder()
    try:
        account = account_of(claim.account_id)
        connector = connections.connect(
            account, purpose="reply", on_exchange=recorder, operator_ip=claim.operator_ip, clock=runtime.clock
        )
    except CredentialsSealed as error:
        release()
        sending.put_back(claim, error, runtime.clock())
        return
    attempted = services.begin_attempt(claim, runtime.clock())
    if attempted is None:
        log.info("claim lost or stopped", message=claim.message_id, worker=runtime.worker)
        return
    release()
    try:
        receipt = _call(connector, claim, attempted)
    except ConnectorError as error:
        failure, now = error, runtime.clock()
        persist(lambda: _record(attempted, failure, recorder, now))
        logs.milestone("reply.answered", outcome=type(error).__name__, code=error.code)
        heed(claim.account_id, connector, error, now)
        return
    now = runtime.clock()
    persist(lambda: services.record_reply_sent(attempted, receipt, exchanges=recorder.json(), now=now))
    logs.milestone("reply.answered", outcome="receipt", receipt=receipt.external_id)


def _call(connector: Connector, claim: Claim, attempted: Try) -> Receipt:
    try:
        return connector.reply(claim.target, claim.text, key=attempted.key, send_before=attempted.send_before)
    except ConnectorError:
        raise
    except Exception as error:
        # A fault of ours after the attempt was saved: nobody can say whether anything was sent.
        log.exception("reply failed", message=claim.message_id)
        raise OutcomeUnknown(
            "发送时程序出错，不能确定是否已经发出。", remedy="请到平台核对后再决定是否重发。", who="系统管理员"
        ) from error


def _record(attempted: Try, error: ConnectorError, recorder: connections.Recorder, now: datetime) -> None:
    outcome = retry.decide(error, attempted.tries, now)
    exchanges = recorder.json()
    if outcome.kind == "receipt":
        services.record_reply_sent(attempted, outcome.receipt or Receipt(), exchanges=exchanges, now=now)
    elif outcome.kind == "not_sent" and (attempted.tries < sending.MOST_TRIES or error.code == sending.OURS):
        # Our own ledger's word is no try: nothing was asked of the platform.
        until = outcome.retry_at or retry.delay(attempted.tries, now)
        services.record_reply_postponed(attempted, error, until=until, exchanges=exchanges, now=now)
    elif outcome.kind in ("refused", "not_sent"):
        services.record_reply_failed(attempted, error, exchanges=exchanges, now=now)
    else:
        services.record_reply_unknown(attempted, error, exchanges=exchanges, now=now)
