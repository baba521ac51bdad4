"""The crash matrix, preparing: a real scheduler is killed with SIGKILL after every step, by name; another goes on.

Nothing had been sent, so both go out, once each, and nobody has to decide anything.
"""

from __future__ import annotations

import pytest

from tests.scheduler.matrix import Cell

# The steps are the same on both databases; both are killed while committing (test_crash_committing).
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

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
    "saved wechat preparing.save_step 3",
    "answered draft/add 1",
    "saved wechat preparing.save_step 4",
    "answered draft/get 1",
    "saved wechat preparing.save_step 5",
]


@pytest.mark.parametrize("at", PREPARE)
def test_killed_while_preparing(cell: Cell, at: str) -> None:
    cell.die_at(at)
    assert (cell.accepted("weibo"), cell.accepted("wechat")) == (0, 0)
    cell.settle()
    assert cell.statuses() == {"weibo": "published", "wechat": "published"}
    cell.verify()
