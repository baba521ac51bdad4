"""Links of posts under way: does each lead anywhere? Looked at sparsely, a few sites at a time, never a platform's calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog

from app.checks import verdicts
from app.db import release
from app.notices.linking import tell_of_dead_link
from app.posts import linking
from app.posts.linking import Visit
from connectors.visiting import Seen, Visitor
from scheduler.runtime import Runtime

log = structlog.get_logger()

# In flight in one process, however slow the sites: publishing keeps the rest of the pool.
AT_ONCE = 2


def tick(runtime: Runtime, now: datetime, make: Callable[[], Visitor] = Visitor) -> int:
    """One round. Returns how many addresses were taken on; `make` is another one in tests only."""
    room = runtime.room("links", AT_ONCE)
    if room <= 0:
        return 0
    visits = linking.claim(room, now)
    for visit in visits:
        runtime.submit(partial(look, runtime, visit, make), "links")
    return len(visits)


def look(runtime: Runtime, visit: Visit, make: Callable[[], Visitor] = Visitor) -> None:
    """One address: looked at, then what it told is kept."""
    release()
    try:
        seen = make().visit(visit.url)
    except Exception:
        # An address that breaks the looking must not be looked at every two minutes.
        log.exception("link failed", link=visit.url_hash)
        release()
        seen = Seen(verdict="unsure", reason="unreachable")
    if verdicts.record(visit.url_hash, seen, runtime.clock()):
        tell_of_dead_link(visit.url_hash, visit.url, runtime.clock())
