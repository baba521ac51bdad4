"""The crash matrix, verifying: a real scheduler is killed with SIGKILL after every step, by name; another goes on."""

from __future__ import annotations

import re

import pytest

from tests.scheduler.matrix import Cell
from tests.scheduler.test_crash_committing import COMMIT
from tests.scheduler.test_crash_preparing import PREPARE

# The steps are the same on both databases; both are killed while committing (test_crash_committing).
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

VERIFY = [
    "saved claims.claim_checks 1",
    "answered statuses/show 1",
    "saved weibo verifying.record_finding 1",
    "answered freepublish/get 1",
    "saved wechat verifying.record_finding 1",
]
# A second process dies while it looks for what the first left.
AGAIN = [
    ("answered statuses/share 1", "saved claims.take_over 1"),
    ("answered statuses/share 1", "answered statuses/user_timeline 1"),
    ("answered statuses/share 1", "saved weibo verifying.record_finding 1"),
    ("answered freepublish/submit 1", "answered freepublish/batchget 1"),
    ("answered freepublish/submit 1", "saved wechat verifying.record_finding 1"),
]


@pytest.mark.parametrize("at", VERIFY)
def test_killed_while_verifying(cell: Cell, at: str) -> None:
    cell.die_at(at)
    cell.settle()
    cell.verify()


@pytest.mark.parametrize("at", AGAIN, ids=" then ".join)
def test_killed_again_while_looking_for_what_the_first_left(cell: Cell, at: tuple[str, str]) -> None:
    for step in at:
        cell.die_at(step)
    cell.settle()
    # What the platform took is found there by asking; nobody has to decide that.
    assert cell.statuses()["weibo" if "statuses" in at[0] else "wechat"] == "published"
    cell.verify()


def test_the_matrix_names_every_step(cell: Cell) -> None:
    """A step that is new must come into the matrix."""
    cell.settle()
    reached = _kinds(cell.trace.read_text().splitlines())
    named = _kinds([*PREPARE, *COMMIT, *VERIFY])
    again = _kinds([step for both in AGAIN for step in both])
    assert {step for step in reached if not step.startswith("asking ")} - named - again == set()
    assert named - reached == set()


def _kinds(steps: list[str]) -> set[str]:
    return {re.sub(r" \d+$", "", step) for step in steps}
