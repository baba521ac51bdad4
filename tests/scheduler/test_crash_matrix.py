"""The crash matrix: a real scheduler is killed with SIGKILL after every step of prepare, commit and verify, by name.

For each cell: a post for both platforms, one process that dies at the step (or two, one after the other), another that
goes on. At most one acceptance on each platform, nothing lost without a word, and the rows say what is true. Where a
person must decide, she does, and exactly what did not go is sent, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.db import utcnow
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Desk
from tests.scheduler.matrix import Cell, Forks
from tests.scheduler.processes import Processes

PREPARE = [
    "saved claims.claim_preparations 1",
    "saved weibo preparing.save_step 1",
    "saved tokens._take 1",
    "answered cgi-bin/stable_token 1",
    "saved tokens._write 1",
    "saved wechat preparing.save_step 1",
    "answered material/add_material 1",
    "saved store.remember 1",
    "saved wechat preparing.save_step 2",
    "answered draft/add 1",
    "saved wechat preparing.save_step 3",
    "answered draft/get 1",
    "saved wechat preparing.save_step 4",
]
COMMIT = [
    "saved claims.claim_commits 2",
    "answered draft/get 2",
    "saved weibo committing.begin 1",
    "asking statuses/share 1",
    "answered statuses/share 1",
    "saved weibo committing.record_answer 1",
    "saved weibo committing.record_answer 2",
    "saved wechat committing.begin 1",
    "asking freepublish/submit 1",
    "answered freepublish/submit 1",
    "saved wechat committing.record_answer 1",
    "saved wechat committing.record_answer 2",
]
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
MASS = [
    "saved wechat committing.begin 1",
    "asking mass/sendall 1",
    "answered mass/sendall 1",
    "saved wechat committing.record_answer 1",
    "saved wechat committing.record_answer 2",
    "answered mass/get 1",
]


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def cell(desk: Desk, sim: Sim, processes: Processes, forks: Forks) -> Cell:
    return Cell(desk, sim, processes, forks)


@pytest.mark.parametrize("at", PREPARE)
def test_killed_while_preparing(cell: Cell, at: str) -> None:
    cell.die_at(at)
    assert (cell.accepted("weibo"), cell.accepted("wechat")) == (0, 0)
    cell.settle()
    # Nothing had been sent: nobody has to decide anything.
    assert cell.statuses() == {"weibo": "published", "wechat": "published"}
    cell.verify()


@pytest.mark.parametrize("at", COMMIT)
def test_killed_while_committing(cell: Cell, at: str) -> None:
    cell.die_at(at)
    cell.settle()
    cell.verify()


@pytest.mark.parametrize("at", VERIFY)
def test_killed_while_verifying(cell: Cell, at: str) -> None:
    cell.die_at(at)
    cell.settle()
    assert cell.statuses() == {"weibo": "published", "wechat": "published"}
    cell.verify()


@pytest.mark.parametrize("at", AGAIN, ids=" then ".join)
def test_killed_again_while_looking_for_what_the_first_left(cell: Cell, at: tuple[str, str]) -> None:
    for step in at:
        cell.die_at(step)
    cell.settle()
    assert cell.statuses() == {"weibo": "published", "wechat": "published"}
    cell.verify()


@pytest.mark.parametrize("at", MASS)
def test_killed_around_a_mass_send(sim: Sim, processes: Processes, forks: Forks, at: str) -> None:
    cell = Cell(Desk(utcnow(), wechat_mode="mass"), sim, processes, forks)
    cell.die_at(at)
    cell.settle()
    cell.verify()


def test_the_matrix_names_every_step(cell: Cell) -> None:
    """A step that is new must come into the matrix."""
    cell.settle()
    reached = {re.sub(r" \d+$", "", step) for step in cell.trace.read_text().splitlines()}
    named = {re.sub(r" \d+$", "", step) for step in [*PREPARE, *COMMIT, *VERIFY]}
    after_an_answer = {step for step in reached if not step.startswith("asking ")}
    assert after_an_answer - named == set()
    assert named - reached == set()
