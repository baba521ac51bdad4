"""Asking the platforms: new messages, what was posted by other means, whether the account's rights still stand."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import structlog

from app.accounts import connections
from app.accounts.services import claim_probes, heed, note_answered, probe
from app.db import release
from app.inbox import polling
from app.inbox.polling import Poll
from app.inspection.services import record_history
from app.notices.services import warn_of
from app.publishing import strays
from app.publishing.preparing import account_of
from connectors.base import Connector, Purpose
from connectors.errors import ConnectorError
from connectors.values import InboundMessage, Page, PublishedItem
from scheduler.runtime import Runtime

log = structlog.get_logger()

# Accounts taken in one round, and in flight in one process: publishing keeps the rest of the pool.
AT_ONCE = 8
IN_FLIGHT = 16
# A zombie is 90 days silent: look back a little further.
_LOOK_BACK = timedelta(days=100)
_BROKEN = "读取时程序出错，这一次没有取到。系统会再试；若反复出现，请系统管理员查看日志。"


def tick(runtime: Runtime, now: datetime) -> int:
    """One round: probes that are due, then accounts whose turn it is. Returns how many accounts were taken."""
    if probes := runtime.room("probe", AT_ONCE):
        for account_id in claim_probes(now, limit=probes):
            runtime.submit(partial(_probe, runtime, account_id), "probe")
    room = min(AT_ONCE, runtime.room("poll", IN_FLIGHT))
    if room <= 0:
        return 0
    polls = polling.claim_polls(room, now)
    for poll in polls:
        runtime.submit(partial(ask, runtime, poll), "poll")
    return len(polls)


def ask(runtime: Runtime, poll: Poll) -> None:
    """History first where it is due (dormancy must not wait for a busy inbox), then messages."""
    try:
        if poll.history_due:
            _history(runtime, poll)
        _messages(runtime, poll)
    except Exception:
        log.exception("poll failed", account=poll.account_id)
        release()
        polling.release_poll(poll.account_id, _BROKEN, runtime.clock())


def _messages(runtime: Runtime, poll: Poll) -> None:
    begun = runtime.clock()
    connector: Connector | None = None
    try:
        connector = _connect(runtime, poll, "fetch")
        page: Page[InboundMessage] = connector.fetch_messages(poll.cursor, poll.posts)
    except ConnectorError as error:
        heed(poll.account_id, connector, error, runtime.clock())
        polling.record_poll_failure(poll.account_id, error, runtime.clock())
        return
    cost = getattr(connector.meter, "spent", {}).get("fetch", 0)
    if getattr(connector.meter, "last_call", ""):
        note_answered(poll.account_id, begun)
    polling.record_poll(poll.account_id, page, runtime.clock(), asked_with=poll.cursor, begun=begun, cost=cost)


def _history(runtime: Runtime, poll: Poll) -> None:
    connector: Connector | None = None
    try:
        connector = _connect(runtime, poll, "history")
        page: Page[PublishedItem] = connector.history(runtime.clock() - _LOOK_BACK)
    except ConnectorError as error:
        heed(poll.account_id, connector, error, runtime.clock())
        polling.record_history_failure(poll.account_id, error, runtime.clock())
        return
    record_history(account_of(poll.account_id), page, runtime.clock())
    strays.note_listed(poll.account_id, page.items, runtime.clock())


def _connect(runtime: Runtime, poll: Poll, purpose: Purpose) -> Connector:
    connector = connections.connect(account_of(poll.account_id), purpose=purpose, clock=runtime.clock)
    release()
    return connector


def _probe(runtime: Runtime, account_id: str) -> None:
    """Whether the rights still stand; who must act is told at once when the authorisation is gone."""
    account = probe(account_id, runtime.clock())
    if account.status == "refused":
        warn_of(account_id, runtime.clock())
