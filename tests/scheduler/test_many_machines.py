"""Several schedulers beside each other: one due instant, one that stands still, one that goes, one that comes.

docs/crash-matrix.md lists the cells.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from app.db import atomic, db, utcnow
from app.posts.models import Post
from app.publishing import services as publishing
from app.publishing import situation
from app.publishing.models import Attempt, Publication, Worker
from app.waking import wake
from tests.app.accounts.kit import Sim
from tests.app.publishing.kit import Desk, row
from tests.scheduler.fleet import Fleet, accepted_each
from tests.scheduler.forks import alive
from tests.scheduler.matrix import Cell, told

OUT = {"processing", "published"}
# By name: where a scheduler stands still, and the platforms that it, late, must not reach any more.
STOPPED = {
    "claimed, no attempt": "saved claims.claim_commits 1",
    "attempt saved": "saved wechat committing.begin 1",
    "at the socket": "asking freepublish/submit 1",
}


def planned(desk: Desk, posts: int) -> list[Publication]:
    """A post each, on Weibo and WeChat by turns, for an hour that is near enough to be prepared at once."""
    found = []
    for number in range(posts):
        account = (desk.weibo, desk.wechat)[number % 2]
        post: Post = desk.approved(f"第{number}篇公告", accounts=[account])
        publishing.schedule(desk.author, post.id, publish_at=utcnow() + timedelta(minutes=9), now=utcnow())
        found.append(row(post, account))
    return found


def bring_due(publications: Sequence[Publication], over: float = 0) -> datetime:
    """Their hour is now, for all at one instant or one after another within so many seconds; the first one's."""
    now = utcnow()
    with atomic():
        for number, publication in enumerate(publications):
            found = db.session.get_one(Publication, publication.id)
            found.due_at = now + timedelta(seconds=over * number / len(publications))
            found.late_from = found.next_attempt_at = found.due_at
        wake()
    return now


def statuses(publications: Sequence[Publication]) -> list[str]:
    db.session.rollback()
    ids = [publication.id for publication in publications]
    found = dict(db.session.query(Publication.id, Publication.status).filter(Publication.id.in_(ids)).all())
    return [found[each] for each in ids]


def all_out(publications: Sequence[Publication]) -> bool:
    return set(statuses(publications)) <= OUT


def once_each(sim: Sim, publications: Sequence[Publication]) -> None:
    """None lost, none doubled, and no call was made in vain."""
    found = accepted_each(sim)
    assert set(found.values()) == {1}
    assert len(found) == len(publications)
    assert db.session.query(Attempt).count() == len(publications)


@pytest.mark.parametrize("schedulers", [2, 5])
def test_many_posts_of_one_instant(desk: Desk, sim: Sim, fleet: Fleet, schedulers: int) -> None:
    publications = planned(desk, 14)
    for _ in range(schedulers):
        # Few threads and ticks: five processes beside each other wait long for SQLite's one lock.
        fleet.start(threads=2, env={"TANDEM_HEARTBEAT_SECONDS": "10", "TANDEM_RECONCILE_SECONDS": "5"})
    fleet.until("all up", lambda: db.session.query(Worker).count() == schedulers)
    fleet.until("all prepared", lambda: set(statuses(publications)) == {"ready"})
    at = bring_due(publications)
    fleet.until("all out", lambda: all_out(publications))
    once_each(sim, publications)
    # None was early, and more than one scheduler had a part in it.
    assert min(each for (each,) in db.session.query(Attempt.started_at)) >= at
    assert len({each for (each,) in db.session.query(Attempt.worker)}) > 1


@pytest.mark.parametrize("where", STOPPED)
def test_one_that_stood_still_while_its_claims_were_taken(cell: Cell, where: str) -> None:
    """SIGSTOP, its claims go to another, SIGCONT: what it did not send by then it does not send any more."""
    pid = cell.stop_at(STOPPED[where], send_window=1, stuck=2)
    cell.settle()
    left = cell.row("wechat").fence
    taken = cell.accepted("wechat")
    # What was claimed only went out by the other; of what may have been sent nobody sends a second.
    assert taken == (where == "claimed, no attempt")
    assert cell.statuses()["wechat"] == ("published" if taken else "unknown")
    asked = cell.sim.asked("freepublish/submit")
    woken = utcnow()
    os.kill(pid, signal.SIGCONT)
    cell.processes.until("awake", lambda: _beats(pid, woken))
    if where != "claimed, no attempt":
        cell.processes.until("noticed", lambda: "claim lost" in cell.processes.log())
    assert (cell.accepted("wechat"), cell.sim.asked("freepublish/submit")) == (taken, asked)
    assert cell.row("wechat").fence >= left
    os.kill(pid, signal.SIGKILL)
    cell.verify()


def _beats(pid: int, since: datetime) -> bool:
    return db.session.query(Worker).filter(Worker.pid == pid, Worker.beat_at > since).count() > 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_machine_that_stood_still_takes_nothing_from_itself(cell: Cell, fleet: Fleet) -> None:
    """Two schedulers stop with their machine for a minute, one of them with an answer in hand; the other wakes first."""
    ahead = cell.processes.home / "ahead.txt"
    ahead.write_text("0")
    judge = fleet.start(threads=2, env={"TANDEM_HEARTBEAT_SECONDS": "5"}, clock=str(ahead))
    fleet.until("it is up", lambda: db.session.query(Worker).count() == 1)
    os.kill(judge, signal.SIGSTOP)
    pid = cell.stop_at("answered freepublish/submit 1", clock=str(ahead))
    # A minute for both; their leases are longer.
    ahead.write_text("60")
    woken = utcnow() + timedelta(seconds=60)
    os.kill(judge, signal.SIGCONT)
    # One of before and one of after its round of the reconciler.
    cell.processes.until("it beats", lambda: _beats(judge, woken))
    cell.processes.until("it beats", lambda: _beats(judge, woken + timedelta(seconds=1)))
    assert cell.row("wechat").status == "committing", "it knows that it slept, too"
    os.kill(pid, signal.SIGCONT)
    cell.until(lambda: cell.row("wechat").status == "published", "the answer in hand was not saved")
    assert "unknown" not in cell.went("wechat")
    assert cell.accepted("wechat") == 1


def test_sigterm_finishes_what_is_in_flight_and_takes_nothing_new(desk: Desk, sim: Sim, fleet: Fleet) -> None:
    sim.fault("delay", path="statuses/share", seconds=2)
    pid = fleet.start()
    first, second = planned(desk, 2)
    fleet.until("both prepared", lambda: statuses([first, second]) == ["ready", "ready"])
    bring_due([first])
    fleet.until("the attempt", lambda: db.session.query(Attempt).count() == 1)
    os.kill(pid, signal.SIGTERM)
    # It hears of the signal before of this: nobody takes the second.
    time.sleep(0.2)
    bring_due([second])
    fleet.until("its end", lambda: not alive(pid))
    assert statuses([first, second]) == ["published", "ready"]
    # Nobody is there to send it, and its page says so.
    found = told(row(second.post_id, second.account))
    assert (found.halt, found.who) == (situation.NOBODY, "系统管理员")
    fleet.start()
    fleet.until("the second", lambda: all_out([second]))
    once_each(sim, [first, second])


def test_a_rolling_upgrade_in_the_middle_of_a_run(desk: Desk, sim: Sim, fleet: Fleet) -> None:
    """The new process comes, the old one is told to go; what is due before, while and after is neither lost nor doubled."""
    for path in ("statuses/share", "freepublish/submit"):
        sim.fault("delay", path=path, seconds=0.3, times=-1)
    publications = planned(desk, 16)
    old = fleet.start()
    fleet.until("all prepared", lambda: set(statuses(publications)) == {"ready"})
    bring_due(publications[:4])
    # It looks once a second: the new one may be up, and take everything, before that.
    fleet.until("the old one sends", lambda: db.session.query(Attempt).count() > 0)
    fleet.start()
    fleet.until("the new one is up", lambda: db.session.query(Worker).count() == 2)
    bring_due(publications[4:12], over=2)
    fleet.until("in flight", lambda: "committing" in statuses(publications))
    fleet.end(old)
    bring_due(publications[12:])
    fleet.until("all out", lambda: all_out(publications))
    once_each(sim, publications)
    for publication in publications:
        assert "unknown" not in [change.after for change in publication.changes]
    assert len({each for (each,) in db.session.query(Attempt.worker)}) == 2
