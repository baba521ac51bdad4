"""docs/traps.md: every trap of the platforms' interfaces has a test, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
TITLES = {"both": "Both platforms", "weibo": "Weibo", "wechat": "WeChat Official Accounts"}
# Codes that mean something else than they say, or are answered by two meanings: each must have its row.
CODES = {
    "weibo": "10014 10017 10023 20017 20019 20032 20111 20203 21325",
    "wechat": "40001 40007 40164 41005 45009 45015 45047 45065 47001 47009 48001 61503 88001 88005 88010",
}


def rows(part: str) -> list[tuple[str, str, str]]:
    """(trap, what we do, tests) of each row of one part of the page."""
    text = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    [found] = [piece for piece in text if piece.startswith(TITLES[part] + "\n")]
    lines = [line for line in found.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert [row for row in cells if len(row) != 3] == []
    return [(trap, answer, tests) for trap, answer, tests in cells]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("part", TITLES)
def test_every_row_names_a_trap_an_answer_and_tests_that_exist(part: str) -> None:
    for trap, answer, tests in rows(part):
        assert len(trap) > 10, trap
        assert len(answer) > 5, trap
        named = NAMED.findall(tests)
        # Nothing else stands in the column: a name written otherwise would go unchecked.
        assert ", ".join(f"`{path}::{name}`" for path, name in named) == tests, trap
        assert named, trap
        for path, name in named:
            assert (ROOT / path).is_file(), path
            # pytest collects nothing from a file of another name.
            assert Path(path).name.startswith("test_"), path
            assert name in names_in(path), f"{path}::{name}"


def test_each_trap_is_told_once() -> None:
    traps = [trap for part in TITLES for trap, _, _ in rows(part)]
    assert len(traps) == len(set(traps))


@pytest.mark.parametrize("platform", CODES)
def test_both_platforms_are_covered(platform: str) -> None:
    other = {"weibo": "wechat", "wechat": "weibo"}[platform]
    table = rows(platform)
    assert len(table) >= 35
    traps = " ".join(trap for trap, _, _ in table)
    assert [code for code in CODES[platform].split() if code not in traps] == []
    assert not [tests for _, _, tests in table if f"connectors/{other}/" in tests]


@pytest.mark.parametrize("platform", CODES)
def test_every_test_of_a_trap_has_its_row(platform: str) -> None:
    path = f"tests/connectors/{platform}/test_traps.py"
    assert names_in(path) - {name for where, name in NAMED.findall(PAGE) if where == path} == set()


def test_the_list_of_calls_leads_here() -> None:
    assert "(traps.md)" in (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
