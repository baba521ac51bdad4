"""The crash matrix, committing: a real scheduler is killed with SIGKILL after every step, by name; another goes on.

At most one acceptance on each platform, nothing lost without a word, and the rows say what is true. Where a person must
decide, she does, and exactly what did not go is sent, once.
"""

from __future__ import annotations

import pytest

from app.db import utcnow
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Desk
from tests.scheduler.forks import Forks
from tests.scheduler.matrix import Cell
from tests.scheduler.processes import Processes

COMMIT = [
    "saved claims.claim_commits 1",
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
MASS = [
    "asking mass/sendall 1",
    "answered mass/sendall 1",
    "saved wechat committing.record_answer 1",
    "saved wechat committing.record_answer 2",
    "answered mass/get 1",
]


TOGETHER = [
    "saved batches.begin_all 1",
    "saved batches._save 1",
    "saved batches.record_all 1",
]


@pytest.mark.parametrize("at", COMMIT)
def test_killed_while_committing(cell: Cell, at: str) -> None:
    cell.die_at(at)
    cell.settle()
    cell.verify()


@pytest.mark.parametrize("at", MASS)
def test_killed_around_a_mass_send(sim: Sim, processes: Processes, forks: Forks, at: str) -> None:
    cell = Cell(Desk(utcnow(), wechat_mode="mass"), sim, processes, forks)
    cell.die_at(at)
    # Without its number a mass send cannot be asked for; the event that tells of its end goes to no console here.
    unseen = at == "answered mass/sendall 1"
    cell.settle(unseen=unseen)
    cell.verify(unseen=unseen)


@pytest.mark.parametrize("at", TOGETHER)
def test_killed_while_both_are_saved_together(cell: Cell, at: str) -> None:
    """The Weibo side begins and ends in one transaction with the WeChat side."""
    cell.die_at(at, company=2)
    cell.settle()
    cell.verify()
