"""docs/crash-matrix.md: every cell that is tested has its row, on the databases on which it is tested, and no other."""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "crash-matrix.md"
MODULES = (
    "test_crash_preparing",
    "test_crash_committing",
    "test_crash_verifying",
    "test_weather_platform",
    "test_weather_database",
    "test_weather_clocks",
    "test_many_machines",
    "test_twice",
    "test_bad_weather",
)
# A test of the matrix itself, no cell.
NOT_A_CELL = ("test_the_matrix_names_every_step",)
DATABASES = ("sqlite", "postgresql")

# (module, test, step or weather, databases)
Cell = tuple[str, str, str, tuple[str, ...]]


def cells() -> Iterator[Cell]:
    """The cells by the parametrisation of the tests; both databases unless a test says otherwise."""
    for module in MODULES:
        found = importlib.import_module(f"tests.scheduler.{module}")
        for name, test in vars(found).items():
            if name.startswith("test_") and name not in NOT_A_CELL and test.__module__ == found.__name__:
                yield from _cells(module, name, [*_marks(test), *_marks(found)])


def _marks(owner: Any) -> list[Any]:
    marks = getattr(owner, "pytestmark", [])
    return [mark for mark in (marks if isinstance(marks, list) else [marks]) if mark.name == "parametrize"]


def _cells(module: str, name: str, marks: list[Any]) -> Iterator[Cell]:
    databases = DATABASES
    choices = []
    for mark in marks:
        if mark.args[0] == "database_url":
            databases = tuple(mark.args[1])
        else:
            choices.append([_id(each) for each in mark.args[1]])
    for chosen in itertools.product(*reversed(choices)):
        yield module, name, ", ".join(chosen), databases


def _id(value: Any) -> str:
    return " then ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def told() -> Iterator[tuple[Cell, str]]:
    """The rows of the page, with what must come out."""
    module = name = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"### `tests/scheduler/(\w+)\.py::(\w+)`", line):
            module, name = heading.groups()
        elif line.startswith("| ") and module:
            cell, *marks, expected = (part.strip() for part in line.strip("|").split(" | "))
            if cell.strip() != "Step or weather":
                assert set(marks) <= {"✓", "–"}, line
                databases = tuple(each for each, mark in zip(DATABASES, marks, strict=True) if mark == "✓")
                yield (module, name, "" if cell == "–" else cell.strip("`"), databases), expected


def test_every_cell_has_its_row_and_every_row_its_cell() -> None:
    tests, rows = list(cells()), [cell for cell, _ in told()]
    assert len(rows) == len(set(rows))
    assert set(rows) - set(tests) == set()
    assert set(tests) - set(rows) == set()


def test_every_row_says_what_must_come_out() -> None:
    assert [cell for cell, expected in told() if len(expected) < 10] == []


def test_the_page_counts_its_cells() -> None:
    count = sum(len(databases) for *_, databases in cells())
    assert f"{count} cells" in PAGE.read_text(encoding="utf-8")
