"""Addresses with nonsense in them: not found or not understood, never a fault of ours."""

from __future__ import annotations

import re

import pytest

from tests.app.matrix.calling import path_of, sent_of, words_of
from tests.app.matrix.conftest import Door
from tests.app.matrix.expectations import OPERATIONS, Operation
from tests.app.matrix.world import CHIEF

PARAMETRISED = [operation for operation in OPERATIONS if "<" in operation.rule]
# The last two as they stand in an address: NUL, and a way up out of the directory.
NONSENSE = {"short": "x", "long": "5" * 5000, "nul": "%00", "upwards": "..%2F..%2Fetc%2Fpasswd"}
# 405: a way up that ends at another route.
UNDERSTOOD = frozenset({400, 404, 405, 409, 422})


def addresses(operation: Operation, door: Door, nonsense: str) -> list[str]:
    """One for each part of the address that can be nonsense while the others name what is there."""
    parts = re.findall(r"<(?:path:)?([^>]+)>", operation.rule)
    return [path_of(operation, door.world, **{part: nonsense}) for part in parts]


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_in_an_address_is_not_found(door: Door, kind: str) -> None:
    """Every parametrised route, as somebody who may do everything everywhere."""
    faults, calls = [], 0
    for operation in PARAMETRISED:
        for path in addresses(operation, door, NONSENSE[kind]):
            calls += 1
            answer = door.ask(CHIEF, operation.method, path, **sent_of(operation, door.world))
            told = answer.status_code in (302, 303) and any(kind == "error" for kind, _words in door.said(answer))
            refused = answer.status_code in UNDERSTOOD or told or operation.in_place
            if changed := door.changed() or not refused:
                faults.append(f"{path[:90]}: {answer.status} {changed} {words_of(answer)[:100]}")
    assert not faults, f"{len(faults)} of {calls}:\n" + "\n".join(faults)
    assert calls > len(PARAMETRISED) > 200
