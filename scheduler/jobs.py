"""What runs and how often: one table."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass

from app.accounts import tallies
from app.accounts.services import tidy
from app.checks.importing import read_waiting
from app.config import current
from app.inbox import sending
from app.inbox.reminding import remind_of_deadlines
from app.media.services import sweep
from app.notices.services import deliver_due, forget_old, remind_of_reviews, warn_of_dying_accounts
from app.posts.lookback import look_back
from app.posts.lookback_shipped import look_back_shipped
from app.previews import services as previews
from app.publishing import claims, heartbeats, telling
from app.review.services import expire_overdue
from app.system import measuring
from scheduler import counter, fetcher, inspector, linker, outside, poller, previewer, reader, reconciler, sender
from scheduler.runtime import Runtime

VERSION = "0.1.0"
# What the agenda asks about every second is looked at as seldom besides, whatever the agenda says.
SELDOM = 30


@dataclass(frozen=True, kw_only=True)
class Job:
    """`run` is called inside an app context every `seconds`, and sooner when the agenda names it."""

    name: str
    seconds: float
    run: Callable[[], object]


def table(runtime: Runtime) -> list[Job]:
    """The ticks beside the publisher, which has a loop of its own, and the heart, which has a thread. Inside an app context."""
    config = current()
    return [
        Job(
            name="reconciler",
            seconds=max(1, config.reconcile_seconds),
            run=lambda: reconciler.tick(runtime, runtime.clock()),
        ),
        Job(name="sender", seconds=SELDOM, run=lambda: sender.tick(runtime, runtime.clock())),
        Job(name="previewer", seconds=SELDOM, run=lambda: previewer.tick(runtime, runtime.clock())),
        Job(name="poller", seconds=SELDOM, run=lambda: poller.tick(runtime, runtime.clock())),
        Job(name="media", seconds=SELDOM, run=lambda: fetcher.tick(runtime, runtime.clock())),
        Job(name="reader", seconds=30, run=lambda: reader.tick(runtime, runtime.clock())),
        Job(name="figures", seconds=60, run=lambda: counter.tick(runtime, runtime.clock())),
        Job(name="links", seconds=10, run=lambda: linker.tick(runtime, runtime.clock())),
        Job(name="inspector", seconds=60, run=lambda: inspector.tick(runtime, runtime.clock())),
        Job(name="look back", seconds=30, run=lambda: look_back(runtime.clock())),
        Job(name="look back with shipped packs", seconds=60, run=lambda: look_back_shipped(runtime.clock())),
        Job(name="packs", seconds=2, run=lambda: read_waiting(runtime.clock())),
        Job(name="telling", seconds=SELDOM, run=lambda: telling.tell_others(runtime.clock())),
        Job(name="notices", seconds=SELDOM, run=lambda: deliver_due(runtime.clock())),
        Job(name="review reminders", seconds=30, run=lambda: remind_of_reviews(runtime.clock())),
        Job(name="review deadlines", seconds=30, run=lambda: expire_overdue(runtime.clock())),
        Job(name="inbox deadlines", seconds=60, run=lambda: remind_of_deadlines(runtime.clock())),
        Job(name="warnings", seconds=3600, run=lambda: warn_of_dying_accounts(runtime.clock())),
        Job(name="public address", seconds=30, run=lambda: outside.tick(runtime, runtime.clock())),
        Job(name="measures", seconds=30, run=lambda: measuring.measure(runtime.clock())),
        Job(name="workers", seconds=3600, run=lambda: heartbeats.forget_old(runtime.clock())),
        Job(name="old deliveries", seconds=86400, run=lambda: forget_old(runtime.clock())),
        Job(name="old previews", seconds=86400, run=lambda: previews.forget_old(runtime.clock())),
        Job(name="left files", seconds=86400, run=lambda: sweep(runtime.clock())),
        Job(name="tidy", seconds=86400, run=lambda: tidy(runtime.clock())),
    ]


def beat(runtime: Runtime) -> None:
    """A sign of life, what this process has in hand kept its own, and what it counted since the last one."""
    now = runtime.clock()
    heartbeats.beat(
        runtime.worker,
        host=socket.gethostname(),
        pid=os.getpid(),
        version=VERSION,
        now=now,
        skew=heartbeats.clock_skew(runtime.clock),
        load=runtime.load(),
    )
    runtime.heart.beaten(now)
    claims.keep(runtime.worker, runtime.kept("publication"), runtime.clock())
    sending.keep(runtime.worker, runtime.kept("reply"), runtime.clock())
    tallies.flush(runtime.clock())
