"""docs/platforms.md lists the calls that the connectors make, all of them and no others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.weibo import levels
from tests.connectors.fakes import CountingMeter, MemoryMedia, SimulatorControl
from tests.connectors.test_secrecy import Journey, content_of, registered

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([^`]+)`( \*\*!\*\*)? \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
COUNTED = re.compile(r"/(?:2|oauth2|proxy)/(?:[a-z_]+/)*[a-z_]+(?=\.json|$)|^(?:statuses|comments)/[a-z_]+$")
# A list that the business level has no use for.
NEVER_BUSINESS = {"comments/show"}
LEVELS = {
    "weibo": {"share", "full", "business"},
    "wechat": {"all", "verified", "mass", "publish", "draft", "with 留言功能"},
}


def rows(platform: str) -> dict[str, tuple[str, ...]]:
    """{call: (marker, levels, use, source)} of one platform's table."""
    title = {"weibo": "## Weibo", "wechat": "## WeChat"}[platform]
    part = re.split(r"^## ", PAGE[PAGE.index(title) + 3 :], flags=re.MULTILINE)[0]
    found: dict[str, tuple[str, ...]] = {
        call: (mark, level, use, source) for call, mark, level, use, source in ROW.findall(part)
    }
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    assert len(found) == len(lines), "a row that cannot be read, or a call listed twice"
    return found


def strings(platform: str) -> Iterator[str]:
    """Every text of a platform's sources, with the holes of f-strings as {}."""
    for path in sorted((ROOT / "connectors" / platform).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
                yield node.value


def called(platform: str) -> set[str]:
    """The calls in a platform's sources, as the ledger names them."""
    if platform == "wechat":
        paths = {text.removeprefix("{}") for text in strings(platform)}
        # No other text begins so and has no blank; the query follows apart.
        known = {path for path in paths if re.fullmatch(r"/(cgi-bin|datacube)/[a-z_]+(/[a-z_]+)*", path)}
        return {path.removeprefix("/cgi-bin").lstrip("/") for path in known} - {"datacube/x"}
    found: set[str] = set()
    for text in strings(platform):
        match = COUNTED.search(text)
        if match and " " not in text and "{}/2/{}" not in text:
            found.add(match.group(0).removeprefix("/2/").lstrip("/"))
    lists = {
        call for call in ("comments/to_me", "statuses/mentions", "comments/mentions", "comments/show") if call in found
    }
    return found | {f"{call}/biz" for call in lists - NEVER_BUSINESS}


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_every_call_is_in_the_table_and_no_other(platform: str) -> None:
    assert len(called(platform)) > 15
    assert set(rows(platform)) == called(platform)


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_every_row_says_level_use_and_source(platform: str) -> None:
    for call, (_, level, use, source) in rows(platform).items():
        assert {part.strip() for part in level.split(",")} <= LEVELS[platform], call
        assert len(use.strip()) > 10, call
        assert len(source.strip()) > 5, call


def test_publishing_calls_stand_at_their_level_and_are_marked() -> None:
    table = rows("weibo")
    for level in levels.LEVELS.values():
        for call in level.calls:
            mark, allowed, _, _ = table[call]
            assert mark, call
            assert level.key in allowed, call


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_the_calls_of_a_running_day_are_in_the_table(
    simulator: SimulatorControl, media: MemoryMedia, platform: str
) -> None:
    registered(simulator, platform)
    journey = Journey(platform, simulator.url, media)
    journey.live(content_of(media))
    meter = journey.connector.meter
    assert isinstance(meter, CountingMeter)
    assert len(set(meter.calls)) > 8
    # What is asked only to learn whether it is open is counted apart.
    assert {call.removeprefix("try/") for call in meter.calls} <= set(rows(platform))
