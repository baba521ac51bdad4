"""The figures as tables in docs/performance.md, between its markers, and as a plot beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: written by benchmarks/run -->", "<!-- end of figures -->"
LABELS = {
    "bare": "bare `requests` pool, records nothing",
    "tandem-postgresql": "**Tandem**, PostgreSQL",
    "tandem-sqlite": "**Tandem**, SQLite",
    "celery": "Celery, Redis",
    "dramatiq": "Dramatiq, Redis",
    "huey": "Huey, Redis",
    "procrastinate": "Procrastinate, PostgreSQL",
}
# What is wanted at 50 ms: Tandem's rate as a multiple of another's.
TARGETS = {"bare": 0.9, "celery": 1.8, "dramatiq": 1.8, "procrastinate": 1.8, "huey": 1.4}
Results = dict[str, Any]
Cell = dict[str, Any]


def write(results: Results) -> None:
    # Only here: the harness itself must run without matplotlib.
    from benchmarks import plot

    before, _begin, rest = PAGE.read_text().partition(BEGIN)
    _old, _end, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(results)}\n{END}{after}")
    plot.draw(results, PAGE.parent / "images" / "performance.svg")


def tables(results: Results) -> str:
    cells = results["cells"]
    parts = [_machine(results), _verdict(cells)]
    for latency in (50, 0, 200):
        rows = [cell for cell in cells if cell["latency_ms"] == latency and not _is_scaling(cell)]
        parts.append(f"### {results['n']:,} deliveries due at one instant, a platform that takes {latency} ms\n")
        parts.append(_table(rows))
    parts.append("### One process, two, four (50 ms)\n")
    parts.append(_scaling(cells))
    parts.append("### Rows waiting for a later hour\n")
    parts.append(_growth(results["growth"]))
    parts.append("### Settings that were tried\n")
    parts.append(_tried(results["tried"]))
    return "\n".join(parts)


def find(cells: list[Cell], name: str, latency: int, processes: int | None = None) -> Cell | None:
    """The cell of this name and latency that came through; Tandem and the pool in two processes unless said."""
    wanted = processes or (2 if name in ("bare", "tandem-postgresql") else None)
    for cell in cells:
        if (cell["name"], cell["latency_ms"]) == (name, latency) and wanted in (None, cell["processes"]):
            return None if cell.get("failed") else cell
    return None


def rate(cell: Cell | None) -> float | None:
    """Deliveries a second from the due instant to the last arrival: a late start counts."""
    return cell["per_second_from_due"] if cell else None


def _is_scaling(cell: Cell) -> bool:
    """Shown in the table of processes only."""
    return (cell["processes"] != 2 and cell["name"] == "tandem-postgresql") or (
        cell["name"] == "bare" and cell["processes"] == 4
    )


def _machine(results: Results) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    return (
        f"Measured {results['at'][:10]} on {machine['cores']} cores ({machine['cpu']}), {machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}, PostgreSQL {machine['postgresql']}, "
        f"Redis {machine['redis-server']}; {versions}. At 50 ms the middle one of three runs.\n"
    )


def _verdict(cells: list[Cell]) -> str:
    ours = rate(find(cells, "tandem-postgresql", 50))
    lines = ["| Tandem at 50 ms, two processes, against | ratio | wanted |", "|---|---:|---:|"]
    for name, wanted in TARGETS.items():
        theirs = rate(find(cells, name, 50))
        ratio = f"{ours / theirs:.2f}" if ours and theirs else "–"
        lines.append(f"| {LABELS[name]} | {ratio} | ≥ {wanted:.2f} |")
    return "\n".join([*lines, ""])


def _table(rows: list[Cell]) -> str:
    lines = [
        "| | processes × threads | a second, from the due instant | first to last | start p50 / p99, ms | pair p50 / p99, ms "
        "| CPU ms: own + stores | MB | transactions / statements | doubled / lost |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for cell in rows:
        size = f"{cell['processes']} × {cell['threads']}"
        if cell.get("failed"):
            lines.append(f"| {LABELS[cell['name']]} | {size} | failed: {cell['failed']} | | | | | | | |")
            continue
        shown = (
            f"{_n(cell['per_second_from_due'])}{_spread(cell)}",
            _n(cell["per_second"]),
            f"{_n(cell['start_p50_ms'])} / {_n(cell['start_p99_ms'])}",
            f"{_n(cell['pair_p50_ms'], 1)} / {_n(cell['pair_p99_ms'], 1)}",
            f"{_n(cell['cpu_ms'], 2)} + {_n(cell['store_cpu_ms'], 2)}",
            _n(cell["rss_mb"]),
            f"{_n(cell['transactions'], 1)} / {_n(cell['statements'], 1)}",
            f"{cell['doubles']} / {cell['lost']}",
        )
        lines.append(f"| {LABELS[cell['name']]} | {size} | {' | '.join(shown)} |")
    return "\n".join([*lines, ""])


def _spread(cell: Cell) -> str:
    low, high = cell["range_from_due"]
    return f" ({_n(low)}–{_n(high)})" if cell["runs"] > 1 else ""


def _scaling(cells: list[Cell]) -> str:
    lines = ["| processes | Tandem, a second | bare pool, a second | ratio |", "|---:|---:|---:|---:|"]
    for processes in (1, 2, 4):
        ours, theirs = (rate(find(cells, name, 50, processes)) for name in ("tandem-postgresql", "bare"))
        ratio = f"{ours / theirs:.2f}" if ours and theirs else "–"
        lines.append(f"| {processes} | {_n(ours)} | {_n(theirs)} | {ratio} |")
    return "\n".join([*lines, ""])


def _growth(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| store | waiting | a round that claims 64, ms | against 100 waiting | a round with nothing due, ms |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        first = next(one for one in rows if one["store"] == row["store"])
        ratio = row["round_ms"] / first["round_ms"]
        shown = f"{row['waiting']:,} | {_n(row['round_ms'], 1)} | {ratio:.2f} | {_n(row['idle_ms'], 2)}"
        lines.append(f"| {row['store']} | {shown} |")
    return "\n".join([*lines, ""])


def _tried(tried: list[dict[str, Any]]) -> str:
    """Each queue's sizes with what they reached, the best in bold."""
    if not tried:
        return "None on this machine: the sizes that were best on an earlier one with two cores.\n"
    lines = ["| | latency, ms | processes × threads: a second |", "|---|---:|---|"]
    for name, latency in sorted({(one["name"], one["latency_ms"]) for one in tried}, key=lambda k: (k[1], k[0])):
        found = [one for one in tried if (one["name"], one["latency_ms"]) == (name, latency)]
        best = max(found, key=lambda one: float(one["per_second"]))
        shown = [f"{one['processes']} × {one['threads']}: {_n(one['per_second'])}" for one in found]
        shown[found.index(best)] = f"**{shown[found.index(best)]}**"
        lines.append(f"| {LABELS[name]} | {latency} | {' · '.join(shown)} |")
    return "\n".join([*lines, ""])


def _n(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
