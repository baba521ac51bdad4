"""How often what was published is read, liked, commented on and passed on: asked sparsely, within the budget for history."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from app.accounts import connections
from app.accounts.services import heed
from app.db import release
from app.publishing import counting
from app.publishing.counting import Due
from app.publishing.preparing import account_of
from connectors.errors import ConnectorError, Unavailable
from scheduler.runtime import Runtime

log = structlog.get_logger()

# Accounts in flight in one process, however slow their platform: publishing keeps the rest of the pool.
AT_ONCE = 2


def tick(runtime: Runtime, now: datetime) -> int:
    """One round. Returns how many accounts were taken on."""
    room = runtime.room("figures", AT_ONCE)
    if room <= 0:
        return 0
    found = counting.claim(now, room)
    for due in found:
        runtime.submit(partial(ask, runtime, due), "figures")
    return len(found)


def ask(runtime: Runtime, due: Due) -> None:
    """One account's publications: asked for together, then kept or put off."""
    connector = None
    try:
        connector = connections.connect(account_of(due.account_id), purpose="history", clock=runtime.clock)
        release()
        told = connector.figures(tuple(due.receipts.values()))
    except ConnectorError as error:
        now = runtime.clock()
        heed(due.account_id, connector, error, now)
        counting.record_failure(due, error, now)
        return
    except Exception:
        log.exception("figures failed", account=due.account_id)
        release()
        broken = Unavailable("读取数据时程序出错。", remedy="系统会再试；若反复出现，请系统管理员查看日志。")
        counting.record_failure(due, broken, runtime.clock())
        return
    counting.record(due, told, runtime.clock())
