"""The plot of docs/performance.md: an SVG whose letters are outlines, so that it needs no font."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot
from matplotlib.axes import Axes

from benchmarks.report import Cell, Results, find, rate

OURS, THEIRS, LINE, INK, GROUND = "#2150C8", "#A9B4C4", "#E3E7ED", "#1B2430", "#FFFFFF"
NAMES = {
    "bare": "bare pool",
    "tandem-postgresql": "Tandem, PostgreSQL",
    "tandem-sqlite": "Tandem, SQLite (1 process)",
    "huey": "Huey",
    "celery": "Celery",
    "dramatiq": "Dramatiq",
    "procrastinate": "Procrastinate",
}


def draw(results: Results, path: Path) -> None:
    matplotlib.rcParams.update(
        {
            "svg.fonttype": "path",
            "svg.hashsalt": "tandem",
            "font.size": 10,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": LINE,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )
    figure, axes = pyplot.subplots(2, 2, figsize=(11, 7.4), facecolor=GROUND, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.15, h_pad=0.12)
    cells = results["cells"]
    _bars(axes[0][0], cells, "Deliveries a second, from the due instant", rate)
    _bars(axes[0][1], cells, "Start skew p99, ms after the due instant", lambda cell: _of(cell, "start_p99_ms"))
    _bars(axes[1][0], cells, "Pair skew p99, ms between a post's two accounts", lambda cell: _of(cell, "pair_p99_ms"))
    _growth(axes[1][1], results["growth"])
    figure.suptitle(f"{results['n']:,} deliveries due at one instant, platform latency 50 ms", fontsize=13)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    # matplotlib leaves blanks at the ends of lines.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def _of(cell: Cell | None, key: str) -> float | None:
    return cell[key] if cell else None


def _bars(axes: Axes, cells: list[Cell], title: str, value: Any) -> None:
    values = {name: value(find(cells, name, 50)) or 0.0 for name in NAMES}
    names = list(values)[::-1]
    colours = [OURS if name.startswith("tandem") else THEIRS for name in names]
    bars = axes.barh([NAMES[name] for name in names], [values[name] for name in names], color=colours, height=0.62)
    axes.bar_label(bars, labels=[f"{values[name]:,.0f}" for name in names], padding=4)
    axes.set_title(title, loc="left", fontsize=11)
    axes.margins(x=0.14)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_visible(False)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)


def _growth(axes: Axes, rows: list[dict[str, Any]]) -> None:
    for store, colour in (("postgresql", OURS), ("sqlite", INK)):
        found = [row for row in rows if row["store"] == store]
        label = "PostgreSQL" if store == "postgresql" else "SQLite"
        axes.plot([r["waiting"] for r in found], [r["round_ms"] for r in found], "o-", color=colour, label=label)
    axes.set_title("A round claiming 64, ms, by rows waiting", loc="left", fontsize=11)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.3 * max(row["round_ms"] for row in rows))
    axes.set_xticks([100, 1_000, 10_000, 100_000], ["100", "1,000", "10,000", "100,000"])
    axes.minorticks_off()
    axes.grid(axis="y", color=LINE)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
