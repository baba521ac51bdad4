"""From what the platform saw and what the processes used to the figures of one run."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.servers import Postgres

_TICK, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """CPU seconds so far and resident bytes of a set of process trees."""

    cpu: float
    rss: int


def usage(roots: Iterable[int]) -> Usage:
    """All of `roots` and what descends from them; children that ended count with who waited for them."""
    stats = {pid: fields for pid in _pids() if (fields := _stat(pid))}
    children = defaultdict(list)
    for pid, fields in stats.items():
        children[int(fields[1])].append(pid)
    todo, cpu, rss = list(roots), 0.0, 0
    while todo:
        pid = todo.pop()
        if pid in stats:
            fields = stats[pid]
            cpu += sum(int(fields[at]) for at in (11, 12, 13, 14)) / _TICK
            rss += int(fields[21]) * _PAGE
        todo += children[pid]
    return Usage(cpu=cpu, rss=rss)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, state first; [] when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


class DatabaseLoad:
    """What one database of PostgreSQL did from here on; nothing without one."""

    def __init__(self, postgres: Postgres | None, database: str) -> None:
        self._postgres, self._database = postgres if database else None, database
        self._before = self._read()

    def per_delivery(self, deliveries: int) -> dict[str, float | None]:
        """Transactions and statements (BEGIN and COMMIT among them) for each; read when all sessions have ended."""
        transactions, statements = (now - then for now, then in zip(self._read(), self._before, strict=True))
        if self._postgres is None:
            return {"transactions": None, "statements": None}
        return {"transactions": transactions / deliveries, "statements": statements / deliveries}

    def _read(self) -> tuple[int, int]:
        if self._postgres is None:
            return 0, 0
        query = """
            SELECT xact_commit + xact_rollback,
                (SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE dbid = datid)::bigint
            FROM pg_stat_database WHERE datname = %s
        """
        found = self._postgres.rows(query, parameters=(self._database,))[0]
        return int(found[0]), int(found[1])


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of them lie; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def figures(arrivals: Sequence[tuple[float, str, str, str]], due: float, wanted: range) -> dict[str, Any]:
    """Throughput, skews and faults of one run; times in milliseconds. Marks are numbers; 2k and 2k + 1 are one post's."""
    times: dict[int, list[float]] = defaultdict(list)
    for at, _platform, _account, mark in arrivals:
        times[int(mark)].append(at)
    first = {number: min(times[number]) for number in wanted if number in times}
    starts = [at - due for at in first.values()]
    pairs = [abs(first[k] - first[k + 1]) for k in wanted[::2] if k in first and k + 1 in first]
    counts = Counter({number: len(found) for number, found in times.items()})
    span = max(starts) - min(starts) if len(starts) > 1 else 0.0
    return {
        "delivered": len(first),
        "doubles": sum(count - 1 for count in counts.values()),
        "lost": len(wanted) - len(first),
        "per_second": (len(starts) - 1) / span if span else None,
        "per_second_from_due": len(starts) / max(starts) if starts and max(starts) > 0 else None,
        "start_min_ms": _ms(min(starts, default=None)),
        "start_p50_ms": _ms(percentile(starts, 0.5)),
        "start_p99_ms": _ms(percentile(starts, 0.99)),
        "pair_p50_ms": _ms(percentile(pairs, 0.5)),
        "pair_p99_ms": _ms(percentile(pairs, 0.99)),
    }


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def median_run(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of several runs of one cell the one with the middle throughput, and the range of all; faults are summed up."""
    ordered = sorted(runs, key=lambda run: run["per_second_from_due"] or 0)
    found = dict(ordered[(len(ordered) - 1) // 2])
    found["runs"] = len(runs)
    found["range_from_due"] = [ordered[0]["per_second_from_due"], ordered[-1]["per_second_from_due"]]
    for fault in ("doubles", "lost"):
        found[fault] = sum(run[fault] for run in runs)
    return found
