"""Which tests go to one worker together, and in what order: those that share what is dear to start, the longest first."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, zip_longest
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent
# Journeys that share one running product with demo data: none disturbs what the others look at.
_TOGETHER = {
    "test_charts": "looking",
    "test_small_state": "looking",
    "test_preview_phone": "looking",
    "test_composer": "looking",
    "test_wechat_desk": "answering",
    "test_browser_journey": "answering",
    "test_authorising": "connecting",
    "test_connecting": "connecting",
}


def group_of(item: pytest.Item | pytest.Collector) -> str:
    """A file each, but for the journeys above and the contract's, which share one place for each kind of database."""
    path = item.path.relative_to(_TESTS)
    if path.parts[:2] == ("journeys", "contract"):
        kinds = [kind for kind in ("sqlite", "postgresql") if f"[{kind}" in item.name]
        return f"contract-{kinds[0]}" if kinds else str(path)
    return _TOGETHER.get(path.stem, str(path)) if path.parts[0] == "journeys" else str(path)


def arrange(items: list[pytest.Item]) -> None:
    """Mark each with its group, and put them in order.

    Journeys keep the machine busy and scheduler tests wait for other processes: they begin, in turns. The many short
    ones fill up what is left.
    """
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        name = group_of(item)
        item.add_marker(pytest.mark.xdist_group(name))
        groups.setdefault(name, []).append(item)
    rooms: dict[str, list[list[pytest.Item]]] = {"journeys": [], "scheduler": [], "": []}
    for group in groups.values():
        room = group[0].path.relative_to(_TESTS).parts[0]
        rooms[room if room in rooms else ""].append(group)
    for long in (rooms["journeys"], rooms["scheduler"]):
        long.sort(key=len, reverse=True)
    turns = chain.from_iterable(zip_longest(rooms["journeys"], rooms["scheduler"]))
    items[:] = [item for group in _present(turns, rooms[""]) for item in group]


def _present(
    turns: Iterable[list[pytest.Item] | None], rest: Iterable[list[pytest.Item]]
) -> Iterable[list[pytest.Item]]:
    return chain((group for group in turns if group), rest)
