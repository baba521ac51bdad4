"""python benchmarks/publishing.py: deliveries due at one instant, Tandem beside others. See README.md."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)] if str(ROOT) not in sys.path else []

from benchmarks import growth, machine, report  # noqa: E402
from benchmarks.bare import Bare  # noqa: E402
from benchmarks.contestant import Contestant, Stage  # noqa: E402
from benchmarks.measure import median_run  # noqa: E402
from benchmarks.queues import QUEUES  # noqa: E402
from benchmarks.running import run  # noqa: E402
from benchmarks.servers import Postgres, Redis, Standin, scratch  # noqa: E402
from benchmarks.settings import Settings, candidates  # noqa: E402
from benchmarks.tandem import TandemPostgres, TandemSqlite  # noqa: E402

CONTESTANTS: dict[str, type[Contestant]] = {each.name: each for each in (Bare, TandemPostgres, TandemSqlite, *QUEUES)}
RESULTS = ROOT / "benchmarks" / "results.json"
Cell = dict[str, Any]


def measure(stage: Stage, kind: type[Contestant], size: tuple[int, int], latency: int, n: int, repeat: int) -> Cell:
    """The middle one of `repeat` runs; a contestant that did not manage is reported as such, not left out."""
    processes, threads = size
    cell: Cell = {"name": kind.name, "processes": processes, "threads": threads, "latency_ms": latency}
    try:
        runs = [run(kind(stage, processes, threads), latency / 1000, range(n)) for _each in range(repeat)]
        cell |= median_run(runs)
    except (RuntimeError, TimeoutError) as error:
        cell["failed"] = str(error)
    print(json.dumps(cell, ensure_ascii=False), flush=True)
    return cell


def everything(stage: Stage, options: argparse.Namespace) -> list[Cell]:
    """All cells of docs/performance.md."""
    settings, cells = Settings.load(), []
    for latency, repeat in ((50, 1),) if options.quick else ((50, 3), (0, 1), (200, 1)):
        sizes: list[tuple[type[Contestant], tuple[int, int]]] = [
            (Bare, (2, options.threads)),
            (TandemPostgres, (2, options.threads)),
            (Bare, (1, options.threads)),
            (TandemSqlite, (1, options.threads)),
            *((kind, settings.size(kind.name, latency)) for kind in QUEUES),
        ]
        if latency == 50:
            more = [(kind, (count, options.threads)) for count in (1, 4) for kind in (Bare, TandemPostgres)]
            sizes += [each for each in more if each not in sizes]
        cells += [measure(stage, kind, size, latency, options.n, repeat) for kind, size in sizes]
    return cells


def tune(stage: Stage, options: argparse.Namespace) -> None:
    """Try each queue at a few sizes; keep the fastest."""
    n, tried = options.n // 2, []
    for latency in (50, 200):
        for kind in QUEUES:
            tried += [measure(stage, kind, size, latency, n, 1) for size in candidates(latency)]
    Settings.of(tried).save()


def chosen(stage: Stage, options: argparse.Namespace, kinds: list[type[Contestant]]) -> list[Cell]:
    """What --only, --latency, --processes and --threads ask for."""
    cells = []
    for latency in options.latency.split(","):
        for processes in options.processes.split(","):
            for kind in kinds:
                count = 1 if kind is TandemSqlite else int(processes)
                size = (count, options.threads)
                cells.append(measure(stage, kind, size, int(latency), options.n, options.repeat))
    return cells


def grown(stage: Stage, options: argparse.Namespace) -> list[dict[str, Any]]:
    levels = growth.LEVELS[:2] if options.quick else growth.LEVELS
    return [row for store in (stage.postgres, None) for row in growth.measure(stage.home, store, levels)]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/publishing.py")
    parser.add_argument("--all", action="store_true", help="every figure; writes results.json, the table and the plot")
    parser.add_argument("--tune", action="store_true", help="find the queues' best settings before that")
    parser.add_argument(
        "--quick", action="store_true", help="a little of everything, to see that it runs; only printed"
    )
    parser.add_argument("--growth", action="store_true", help="only how it grows with rows that wait")
    parser.add_argument("--report", action="store_true", help="only write table and plot from results.json again")
    parser.add_argument("--only", default="", help="names or their beginnings, comma-separated")
    parser.add_argument("--n", type=int, default=2000, help="deliveries due at one instant")
    parser.add_argument("--warm", type=int, default=256, help="deliveries before those, to open and load what is late")
    parser.add_argument("--latency", default="50", help="milliseconds, comma-separated")
    parser.add_argument("--processes", default="2", help="comma-separated")
    parser.add_argument("--threads", type=int, default=64, help="per process")
    parser.add_argument("--repeat", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.report:
        report.write(json.loads(RESULTS.read_text()))
        return
    whole = options.all or options.tune or options.quick
    named = [name for name in options.only.split(",") if name]
    kinds = [kind for name, kind in CONTESTANTS.items() if not named or name.startswith(tuple(named))]
    with ExitStack() as stack:
        stage = set_up(stack, options, kinds)
        if options.growth:
            print(json.dumps(grown(stage, options), indent=1))
            return
        if options.tune:
            tune(stage, options)
        if not whole:
            chosen(stage, options, kinds)
            return
        cells, rows = everything(stage, options), grown(stage, options)
    results = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "n": options.n, "machine": machine.described()}
    results |= {"cells": cells, "growth": rows, "tried": Settings.load().tried}
    if options.quick:
        print(report.tables(results))
        return
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    report.write(results)


def set_up(stack: ExitStack, options: argparse.Namespace, kinds: list[type[Contestant]]) -> Stage:
    """The servers that are needed, stopped with `stack`."""
    home = stack.enter_context(scratch())
    stage = Stage(home=home, platform=Standin(), total=options.n + options.warm)
    stack.callback(stage.platform.stop)
    if any(kind.database for kind in kinds):
        stage.postgres = Postgres(home)
        stack.callback(stage.postgres.stop)
    if any(kind.uses_redis for kind in kinds):
        stage.redis = Redis(home)
        stack.callback(stage.redis.stop)
    return stage


if __name__ == "__main__":
    main()
