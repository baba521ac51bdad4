"""The database is restarted, is full, or cannot be reached by one scheduler. docs/crash-matrix.md lists the cells."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.engine import make_url

from app.db import atomic, db, utcnow
from app.publishing.models import Publication
from tests.cluster import Cluster, running_cluster
from tests.scheduler.disk import MOST_BYTES, Disk
from tests.scheduler.fleet import Line
from tests.scheduler.matrix import KINDS, Cell

ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
BEFORE, AFTER = "saved claims.claim_commits 1", "answered statuses/share 1"
# By name: where the scheduler is when it happens.
WHERE = {"claimed, no attempt": BEFORE, "answered, not saved": AFTER}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of this file's own, whose files may grow to MOST_BYTES and no further."""
    with running_cluster(initdb=("--wal-segsize=1",), limits=("prlimit", f"--fsize={MOST_BYTES}")) as made:
        yield made


@pytest.fixture(scope="module")
def postgres_server(cluster: Cluster) -> str:
    """Where the databases of this file's tests are made."""
    return cluster.url


@pytest.fixture(autouse=True)
def impatient(cell: Cell) -> None:
    """Half a minute passes after a fault, and a minute until a claim is given up; not here."""
    cell.hurried += ("ready",)


def settled(cell: Cell) -> bool:
    """Out, or waiting for a person: where the database went between the attempt and the call, only she can tell."""
    if "work failed" in cell.processes.log():
        _lapse(cell)
    return cell.settled()


def _lapse(cell: Cell) -> None:
    """What was claimed and could not be begun is given up."""
    for platform in KINDS:
        found = cell.row(platform)
        if found.status == "committing" and not found.attempts:
            with atomic():
                db.session.get_one(Publication, found.id).claim_until = utcnow() - timedelta(seconds=1)


@ON_POSTGRESQL
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_database_is_restarted(cell: Cell, cluster: Cluster, mode: str, where: str) -> None:
    cell.processes.env["TANDEM_HEARTBEAT_SECONDS"] = "10"
    pid = cell.stop_at(WHERE[where])
    db.session.rollback()
    cluster.restart(mode)
    db.engine.dispose()
    os.kill(pid, signal.SIGCONT)
    cell.until(lambda: settled(cell))
    os.kill(pid, signal.SIGKILL)
    cell.verify()


@pytest.fixture
def disk(database_url: str, cell: Cell) -> Iterator[Disk]:
    made = Disk(database_url)
    yield made
    cell.forks.kill_all()
    db.session.remove()
    made.remove()


@pytest.mark.parametrize("where", WHERE)
def test_the_disk_is_full(cell: Cell, disk: Disk, where: str) -> None:
    """Nothing is sent that could not be recorded, and what was answered is recorded once there is room."""
    cell.processes.env["TANDEM_HEARTBEAT_SECONDS"] = "10"
    pid = cell.stop_at(WHERE[where], pages=disk.pages)
    disk.fill()
    os.kill(pid, signal.SIGCONT)
    if WHERE[where] == BEFORE:
        cell.processes.until("it was refused", lambda: "work failed" in cell.processes.log())
        assert (cell.accepted("weibo"), cell.accepted("wechat")) == (0, 0)
    else:
        # It tries again and again meanwhile.
        time.sleep(1)
        assert (cell.row("weibo").status, cell.accepted("weibo")) == ("committing", 1)
    disk.free()
    cell.until(lambda: settled(cell))
    os.kill(pid, signal.SIGKILL)
    cell.verify()


@ON_POSTGRESQL
@pytest.mark.parametrize("where", WHERE)
def test_a_scheduler_is_cut_off(cell: Cell, cluster: Cluster, database_url: str, where: str) -> None:
    """Its connections die and no new one is let in; another takes its claims over; then it is back."""
    line = Line(cluster.port)
    own = make_url(database_url).set(port=line.port).render_as_string(hide_password=False)
    cell.processes.env["TANDEM_DATABASE_URL"] = own
    pid = cell.stop_at(WHERE[where])
    line.cut()
    os.kill(pid, signal.SIGCONT)
    cell.processes.env["TANDEM_DATABASE_URL"] = database_url
    cell.settle()
    line.mend()
    lost = "claim lost" if WHERE[where] == AFTER else "work failed"
    cell.processes.until("it noticed", lambda: lost in cell.processes.log())
    os.kill(pid, signal.SIGKILL)
    line.close()
    assert set(KINDS) == set(cell.statuses())
    cell.verify()
