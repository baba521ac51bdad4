"""Which tests go to one worker together, and in what order: those that share what is dear to start, the longest first."""

from __future__ import annotations

import re
from itertools import chain, zip_longest

import pytest
from xdist.scheduler import LoadScopeScheduling

# Journeys that share one running product with demo data: none disturbs what the others look at.
_TOGETHER = {
    "test_charts": "looking",
    "test_markup_harmless": "looking",
    "test_small_state": "looking",
    "test_preview_phone": "looking",
    "test_composer": "looking",
    "test_wording": "looking",
    "test_library": "looking",
    "test_documents": "looking",
    "test_holding": "looking",
    "test_writing_together": "looking",
    "test_reviewing": "looking",
    "test_wechat_desk": "answering",
    "test_browser_journey": "answering",
    "test_authorising": "connecting",
    "test_connecting": "connecting",
    "test_trust": "connecting",
}


def group_of(node_id: str) -> str:
    """A file each, but for the journeys above and the contract's, which share one place for each kind of database."""
    path, _, name = node_id.partition("::")
    kind = re.search(r"\[(sqlite|postgresql)", name)
    if kind and path.startswith("tests/journeys/contract/"):
        return f"contract {kind[1]}"
    stem = path.rpartition("/")[2].removesuffix(".py")
    return _TOGETHER.get(stem, path) if path.startswith("tests/journeys/") else path


class Groups(LoadScopeScheduling):
    """Hands whole groups to the workers, in the order of arrange(). (xdist's own groups go by the names of tests, which
    pytest 9.2 no longer lets it change.)"""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def arrange(items: list[pytest.Item]) -> None:
    """Put them in order, group by group.

    Journeys keep the machine busy and scheduler tests wait for other processes: they begin, in turns. The many short
    ones fill up what is left.
    """
    groups: dict[str, list[pytest.Item]] = {}
    for item in items:
        groups.setdefault(group_of(item.nodeid), []).append(item)
    rooms: dict[str, list[list[pytest.Item]]] = {"journeys": [], "scheduler": [], "": []}
    for group in groups.values():
        room = group[0].nodeid.split("/")[1]
        rooms[room if room in rooms else ""].append(group)
    for long in (rooms["journeys"], rooms["scheduler"]):
        long.sort(key=len, reverse=True)
    turns = chain.from_iterable(zip_longest(rooms["journeys"], rooms["scheduler"], fillvalue=[]))
    items[:] = chain.from_iterable(chain(turns, rooms[""]))
