"""Files that people sent to an account: fetched as soon as their message is known."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from app.accounts import connections
from app.accounts.services import heed
from app.db import release
from app.inbox import media
from app.inbox.media import Fetch
from app.publishing.preparing import account_of
from connectors.errors import ConnectorError, Unavailable
from scheduler.runtime import Runtime

log = structlog.get_logger()

# In flight in one process, however slow the platform: publishing keeps the rest of the pool.
AT_ONCE = 4


def tick(runtime: Runtime, now: datetime) -> int:
    """One round. Returns how many files were taken on."""
    room = runtime.room("media", AT_ONCE)
    if room <= 0:
        return 0
    fetches = media.claim(room, now)
    for fetch in fetches:
        runtime.submit(partial(ask, runtime, fetch), "media")
    return len(fetches)


def ask(runtime: Runtime, fetch: Fetch) -> None:
    """One file: asked for, then kept, put off or given up."""
    connector = None
    try:
        connector = connections.connect(account_of(fetch.account_id), purpose="media", clock=runtime.clock)
        release()
        file = connector.fetch_media(fetch.reference)
    except ConnectorError as error:
        heed(fetch.account_id, connector, error, runtime.clock())
        media.record_failure(fetch, error, runtime.clock())
        return
    except Exception:
        log.exception("media failed", media=fetch.id)
        release()
        media.record_failure(fetch, Unavailable("取文件时程序出错。", remedy="系统会再试。"), runtime.clock())
        return
    media.record_file(fetch, file, runtime.clock())
