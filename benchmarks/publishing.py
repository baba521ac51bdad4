"""python benchmarks/publishing.py: deliveries due at one instant, Tandem beside others. See README.md."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)] if str(ROOT) not in sys.path else []

from benchmarks.bare import Bare  # noqa: E402
from benchmarks.contestant import Contestant, Stage  # noqa: E402
from benchmarks.measure import DatabaseLoad, figures, median_run, usage  # noqa: E402
from benchmarks.queues import QUEUES  # noqa: E402
from benchmarks.servers import Postgres, Redis, Standin, scratch  # noqa: E402
from benchmarks.tandem import TandemPostgres, TandemSqlite  # noqa: E402

# Deliveries before the counted ones, to open connections and load what is loaded late.
WARM = 256
CONTESTANTS: dict[str, type[Contestant]] = {each.name: each for each in (Bare, TandemPostgres, TandemSqlite, *QUEUES)}


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


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks/publishing.py")
    parser.add_argument("--only", default="", help="names or their beginnings, comma-separated")
    parser.add_argument("--n", type=int, default=2000, help="deliveries due at one instant")
    parser.add_argument("--latency", default="50", help="milliseconds, comma-separated")
    parser.add_argument("--processes", default="2", help="comma-separated")
    parser.add_argument("--threads", type=int, default=64, help="per process")
    parser.add_argument("--repeat", type=int, default=1)
    options = parser.parse_args()
    chosen = [
        kind
        for name, kind in CONTESTANTS.items()
        if not options.only or any(name.startswith(each) for each in options.only.split(","))
    ]
    with ExitStack() as stack:
        home = stack.enter_context(scratch())
        stage = Stage(home=home, platform=Standin(), total=options.n + WARM)
        stack.callback(stage.platform.stop)
        if any(kind.database for kind in chosen):
            stage.postgres = Postgres(home)
            stack.callback(stage.postgres.stop)
        if any(kind.uses_redis for kind in chosen):
            stage.redis = Redis(home)
            stack.callback(stage.redis.stop)
        for latency in options.latency.split(","):
            for processes in options.processes.split(","):
                for kind in chosen:
                    count = 1 if kind is TandemSqlite else int(processes)
                    runs = [
                        run(kind(stage, count, options.threads), float(latency) / 1000, range(options.n))
                        for _each in range(options.repeat)
                    ]
                    print(kind.name, f"{count} × {options.threads}", f"{latency} ms", json.dumps(median_run(runs)))


if __name__ == "__main__":
    main()
