"""Clocks that are set back and clocks that differ. docs/crash-matrix.md lists the cells."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from app.db import db
from app.publishing.models import Worker
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Desk
from tests.scheduler.fleet import Fleet
from tests.scheduler.matrix import KINDS, Cell
from tests.scheduler.test_many_machines import all_out, bring_due, once_each, planned, statuses

HOUR = 3600


def clock(path: Path, ahead: float) -> str:
    """The file that says how far ahead a scheduler's clock is; written whole, since it is read at any moment."""
    draft = path.with_suffix(".new")
    draft.write_text(str(ahead))
    draft.replace(path)
    return str(path)


def test_an_hour_back_while_posts_wait(desk: Desk, sim: Sim, fleet: Fleet) -> None:
    """They wait for their hour by the clock, and none goes twice when the clock comes to it again."""
    own = fleet.processes.home / "clock"
    publications = planned(desk, 4)
    fleet.start(clock=clock(own, 0))
    fleet.until("prepared", lambda: set(statuses(publications)) == {"ready"})
    bring_due(publications[:2])
    fleet.until("two are out", lambda: all_out(publications[:2]))
    clock(own, -HOUR)
    bring_due(publications[2:])
    # Rounds enough: it looks at least once a second.
    time.sleep(1.5)
    assert statuses(publications)[2:] == ["ready", "ready"]
    clock(own, 0)
    fleet.until("all out", lambda: all_out(publications))
    once_each(sim, publications)


def test_an_hour_back_while_sending(cell: Cell) -> None:
    """The clock jumps between the attempt and the answer, and stays: published once, verified once."""
    own = cell.processes.home / "clock"
    pid = cell.stop_at("saved weibo committing.begin 1", clock=clock(own, 0))
    clock(own, -HOUR)
    os.kill(pid, signal.SIGCONT)
    # Both: what is on its way when the clock jumps forward is refused at the socket as too late, and sent anew.
    cell.until(
        lambda: cell.statuses()["weibo"] == "published" and cell.statuses()["wechat"] in ("processing", "published")
    )
    clock(own, 0)
    cell.until(lambda: set(cell.statuses().values()) == {"published"})
    os.kill(pid, signal.SIGKILL)
    for platform in KINDS:
        assert cell.went(platform).count("committing") == 1
    cell.verify()


def test_clocks_that_differ_by_seconds(desk: Desk, sim: Sim, fleet: Fleet) -> None:
    """Five seconds ahead and five behind: neither takes the other for dead, each post goes once, the skew is told."""
    publications = planned(desk, 6)
    for ahead in (5, -5):
        own = fleet.processes.home / f"clock{ahead}"
        fleet.start(env={"TANDEM_HEARTBEAT_SECONDS": "5"}, clock=clock(own, ahead))
    fleet.until("both up", lambda: db.session.query(Worker).count() == 2)
    fleet.until("prepared", lambda: set(statuses(publications)) == {"ready"})
    bring_due(publications, over=1)
    fleet.until("all out", lambda: all_out(publications))
    once_each(sim, publications)
    for publication in publications:
        assert "unknown" not in [change.after for change in publication.changes]
    skews = sorted(round(skew) for (skew,) in db.session.query(Worker.clock_skew))
    assert skews == [-5, 5]
