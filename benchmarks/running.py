"""One run of one contestant: started, warmed, measured from just before the due instant until all is recorded."""

from __future__ import annotations

import sys
import time
from typing import Any

from benchmarks.contestant import Contestant, Stage
from benchmarks.measure import DatabaseLoad, figures, usage


def run(contestant: Contestant, latency: float, wanted: range, patience: float = 40) -> dict[str, Any]:
    """One run: started, warmed, measured from just before the due instant until all is recorded."""
    for slowness in (1, 2, 4):
        contestant.slowness = slowness
        try:
            return _once(contestant, latency, wanted, patience)
        except TooLate as error:
            # Another machine enqueues more slowly: again, with more time for it.
            print(error, file=sys.stderr)
    raise TooLate(f"{contestant.name}: cannot plan {len(wanted)} deliveries in time")


class TooLate(RuntimeError):
    """The due instant came before all was planned."""


def _once(contestant: Contestant, latency: float, wanted: range, patience: float) -> dict[str, Any]:
    stage = contestant.stage
    stage.platform.reset(latency)
    try:
        contestant.start()
        _warm(contestant, range(wanted.stop, stage.total), patience)
        stage.platform.reset(latency)
        load = DatabaseLoad(stage.postgres, contestant.database)
        found = _measured(contestant, wanted, patience)
    except TooLate:
        raise
    except BaseException:
        print(contestant.log()[-3000:], file=sys.stderr)
        raise
    finally:
        contestant.stop()
    # What the sessions did is told when they end.
    return found | load.per_delivery(len(wanted))


def _warm(contestant: Contestant, wanted: range, patience: float) -> None:
    contestant.plan(time.time() + contestant.lead(wanted), wanted)
    if not _until_recorded(contestant, len(wanted), contestant.lead(wanted) + patience):
        raise RuntimeError(f"{contestant.name}: only {contestant.recorded()} of {len(wanted)} when warming")


def _until_recorded(contestant: Contestant, wanted: int, patience: float) -> bool:
    """Until the platform has as many and so has the contestant's record; False when that never came."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if contestant.stage.platform.count() >= wanted and contestant.recorded() >= wanted:
            return True
        time.sleep(0.1)
    return False


def _measured(contestant: Contestant, wanted: range, patience: float) -> dict[str, Any]:
    stage, due = contestant.stage, time.time() + contestant.lead(wanted)
    contestant.plan(due, wanted)
    if (late := time.time() - due) > -0.3:
        raise TooLate(f"{contestant.name}: planning took until {late:+.1f} s of the due instant")
    time.sleep(max(0.0, due - time.time() - 0.25))
    before, db_before = usage(contestant.pids()), _database_cpu(stage)
    finished = _until_recorded(contestant, len(wanted), patience)
    after, db_after = usage(contestant.pids()), _database_cpu(stage)
    # A moment for what comes twice.
    time.sleep(0.3)
    arrivals, strays = stage.platform.accepted()
    n = len(wanted)
    return {
        **figures(arrivals, due, wanted),
        "finished": finished,
        "recorded": contestant.recorded(),
        "strays": strays,
        "cpu_ms": (after.cpu - before.cpu) * 1000 / n,
        "store_cpu_ms": (db_after - db_before) * 1000 / n,
        "rss_mb": after.rss / 1e6,
    }


def _database_cpu(stage: Stage) -> float:
    """CPU seconds of PostgreSQL and Redis so far."""
    return usage([server.pid for server in (stage.postgres, stage.redis) if server is not None]).cpu
