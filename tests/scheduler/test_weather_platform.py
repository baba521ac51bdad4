"""Bad weather at the platforms: no answer, a broken line, a gateway's page, dead tokens, used-up quotas.

Real schedulers against the simulator over HTTP. Each platform accepts at most once, nothing is lost without a word, and
the rows say what is true. docs/crash-matrix.md lists the cells.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.accounts.quotas import bounds
from app.accounts.services import update_account
from app.db import utcnow
from app.publishing import services as publishing
from tests.app.accounts.kit import GH, UID, WECHAT, WEIBO, Sim
from tests.app.publishing.kit import Desk
from tests.scheduler.fleet import Line
from tests.scheduler.forks import Forks, kill
from tests.scheduler.matrix import KINDS, Cell, told
from tests.scheduler.processes import Processes
from tests.scheduler.rigging import PATIENCE

# Longer than the impatient wait for an answer.
HANG = 2 * PATIENCE
COMMITS = ("statuses/share", "freepublish/submit")
# By name: the fault, and whether the platform accepted for all that.
LOST = {
    "no answer, not accepted": ({"kind": "hang", "seconds": HANG}, False),
    "no answer, accepted": ({"kind": "drop_answer", "seconds": HANG}, True),
    "connection reset": ({"kind": "reset"}, False),
    "502 page": ({"kind": "http_502"}, False),
}
PREPARING = {
    "no answer": {"kind": "hang", "seconds": HANG},
    "connection reset": {"kind": "reset"},
    "502 page": {"kind": "http_502"},
    "call quota (45009)": {"kind": "exhaust_quota"},
}
DAY = 86400


@pytest.fixture(autouse=True)
def patient(processes: Processes) -> None:
    """Nobody dies here, so that nobody has to be taken for dead soon."""
    processes.env["TANDEM_HEARTBEAT_SECONDS"] = "10"


@pytest.fixture
def mass(app_on_simulator: Flask, sim: Sim, processes: Processes, forks: Forks) -> Iterator[Cell]:
    yield Cell(Desk(utcnow(), wechat_mode="mass"), sim, processes, forks)
    forks.kill_all()


@pytest.fixture
def day() -> None:
    """Enough of the day is left, in Beijing, for a quota to come back too late."""
    left = (bounds("day", utcnow())[1] - utcnow()).total_seconds()
    time.sleep(left + 1 if left < 120 else 0)


def strike(cell: Cell, fault: dict[str, Any], *paths: str) -> None:
    for path in paths:
        cell.sim.call("POST", "/_sim/faults", {**fault, "path": path})


def struck(cell: Cell) -> bool:
    """Whether every fault hit."""
    return cell.sim.call("GET", "/_sim/faults")["items"] == []


@pytest.mark.parametrize("weather", LOST)
def test_the_committing_call(cell: Cell, weather: str) -> None:
    fault, taken = LOST[weather]
    strike(cell, fault, *COMMITS)
    cell.settle(impatient=COMMITS)
    if taken:
        # What stands there is found by asking, at the latest when the platform shows it; nobody has to decide that.
        pid = cell.start("")
        cell.until(lambda: set(cell.statuses().values()) == {"published"})
        kill(pid)
    assert struck(cell)
    for platform in KINDS:
        assert "unknown" in cell.went(platform)
        assert cell.accepted(platform) == taken
        assert (cell.row(platform).status == "published") == taken
    cell.verify()


@pytest.mark.parametrize("weather", LOST)
def test_a_mass_send(mass: Cell, weather: str) -> None:
    fault, taken = LOST[weather]
    strike(mass, fault, "mass/sendall")
    mass.settle(unseen=True, impatient=("mass/sendall",))
    assert struck(mass)
    assert (mass.row("wechat").status, mass.accepted("wechat")) == ("unknown", taken)
    # Without its number a mass send cannot be asked for; the event that tells of its end goes to no console here.
    mass.verify(unseen=True)


@pytest.mark.parametrize("weather", PREPARING)
def test_a_call_of_preparing(cell: Cell, day: None, weather: str) -> None:
    """Said, waited for, done again, and nobody has to decide anything."""
    calls = ("material/add_material", "draft/add")
    strike(cell, PREPARING[weather], *calls)
    pid = cell.start("", impatient=calls, delays=(3600,))
    for tries in (1, 2):
        cell.processes.until("a failure", lambda: cell.row("wechat").prepare_tries == tries)  # noqa: B023
        found = told(cell.row("wechat"))
        assert "稍后重试" in found.why
        # The second time it was hurried, perhaps once more already.
        assert found.at is not None or tries == 2
        assert (cell.accepted("weibo"), cell.accepted("wechat")) == (0, 0)
        if "quota" in weather:
            return
        cell.until(lambda: cell.row("wechat").prepare_tries != tries)  # noqa: B023
    assert struck(cell)
    cell.until(lambda: set(cell.statuses().values()) == {"published"})
    os.kill(pid, signal.SIGKILL)
    cell.verify()


# The simulator's form parser leaves half of an upload to the garbage collector.
@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning")
def test_the_line_is_cut_in_the_middle_of_an_upload(desk: Desk, sim: Sim, processes: Processes, forks: Forks) -> None:
    """Half of a picture went: to Weibo with the committing call itself, to WeChat before it."""
    line = Line(sim.server.port)
    line.cut_in("POST /2/statuses/share", 20_000)
    line.cut_in("POST /cgi-bin/material/add_material", 20_000)
    processes.env["TANDEM_SIMULATOR_URL"] = f"http://127.0.0.1:{line.port}"
    cell = Cell(desk, sim, processes, forks, picture=True)
    cell.settle()
    assert line.hits
    assert cell.statuses() == {"weibo": "unknown", "wechat": "published"}
    assert cell.accepted("weibo") == 0
    cell.verify()
    line.close()


def test_tokens_expire_meanwhile(cell: Cell) -> None:
    """WeChat's is renewed without a word; Weibo's only a person can renew: said, and sent once it was."""
    strike(cell, {"kind": "expire_token"}, "draft/add", *COMMITS)
    pid = cell.start("")
    cell.until(lambda: cell.statuses() == {"weibo": "failed", "wechat": "published"})
    assert struck(cell)
    assert cell.accepted("weibo") == 0
    assert told(cell.row("weibo")).who == "账号运营人员"
    renew(cell)
    cell.until(lambda: cell.statuses()["weibo"] == "published")
    os.kill(pid, signal.SIGKILL)
    cell.verify()


def test_rights_are_revoked_meanwhile(cell: Cell) -> None:
    """The owner cancels Weibo's authorisation, WeChat's secret is changed: after preparing, before the hour."""
    pid = cell.stop_at("saved claims.claim_commits 1")
    cell.sim.call("POST", "/_sim/revocations", {"external_id": UID})
    changed = {**WECHAT, "name": "青岚发布", "app_secret": "another-secret-4567"}
    cell.sim.call("PUT", f"/_sim/accounts/wechat/{GH}", changed)
    strike(cell, {"kind": "expire_token"}, "draft/get")
    os.kill(pid, signal.SIGCONT)
    cell.until(lambda: "committing" not in cell.statuses().values() and cell.statuses()["weibo"] == "failed")
    cell.until(lambda: cell.statuses()["wechat"] in ("held", "failed"))
    for platform in KINDS:
        assert cell.accepted(platform) == 0
        told(cell.row(platform))
    renew(cell, app_secret="another-secret-4567")
    if cell.statuses()["wechat"] == "held":
        publishing.release(cell.desk.publisher, cell.row("wechat").id, reason="已重新连接", now=utcnow())
    else:
        publishing.retry(cell.desk.publisher, cell.row("wechat").id, reason="已重新连接", now=utcnow())
    cell.until(lambda: set(cell.statuses().values()) == {"published"})
    os.kill(pid, signal.SIGKILL)
    cell.verify()


def renew(cell: Cell, app_secret: str = WECHAT["app_secret"]) -> None:
    """The administrator connects both accounts again, and the publisher retries Weibo's part."""
    desk, token = cell.desk, "2.00SecondToken"
    cell.sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {**WEIBO, "name": "青岚发布", "access_token": token})
    update_account(desk.admin, desk.weibo.id, credentials={"access_token": token}, now=utcnow())
    update_account(desk.admin, desk.wechat.id, credentials={"app_secret": app_secret}, now=utcnow())
    publishing.retry(desk.publisher, cell.row("weibo").id, reason="已重新授权", now=utcnow())


def test_quotas_used_up_beyond_lateness_hold(cell: Cell, day: None) -> None:
    cell.processes.env["TANDEM_LATENESS_SECONDS"] = "60"
    strike(cell, {"kind": "exhaust_quota"}, *COMMITS)
    pid = cell.start("")
    cell.until(lambda: set(cell.statuses().values()) == {"held"})
    os.kill(pid, signal.SIGKILL)
    assert struck(cell)
    for platform in KINDS:
        found = told(cell.row(platform))
        assert "次数已用完" in found.why
        assert found.who == "发布人"
        assert cell.accepted(platform) == 0


def test_a_mass_quota_used_up_beyond_lateness_holds(mass: Cell, day: None) -> None:
    mass.processes.env["TANDEM_LATENESS_SECONDS"] = "60"
    strike(mass, {"kind": "exhaust_quota"}, "mass/sendall")
    pid = mass.start("")
    mass.until(lambda: mass.statuses() == {"weibo": "published", "wechat": "held"})
    os.kill(pid, signal.SIGKILL)
    assert "群发次数已用完" in told(mass.row("wechat")).why
    assert mass.accepted("wechat") == 0


def test_quotas_used_up_within_lateness_wait_for_the_next_day(cell: Cell, day: None) -> None:
    """Ready with why and next_attempt_at; the day after it goes out, once."""
    cell.processes.env["TANDEM_LATENESS_SECONDS"] = str(3 * DAY)
    strike(cell, {"kind": "exhaust_quota"}, *COMMITS)
    pid = cell.start("")
    cell.until(lambda: struck(cell) and set(cell.statuses().values()) == {"ready"})
    os.kill(pid, signal.SIGKILL)
    midnight = bounds("day", utcnow())[1]
    for platform in KINDS:
        found = told(cell.row(platform))
        assert "次数已用完" in found.why
        assert found.at is not None
        assert abs(found.at - midnight) <= timedelta(minutes=5)
        assert cell.accepted(platform) == 0
    cell.sim.call("POST", "/_sim/clock", {"offset_seconds": DAY + 60})
    tomorrow = cell.processes.home / "clock"
    tomorrow.write_text(str(DAY))
    pid = cell.start("", clock=str(tomorrow))
    cell.until(lambda: set(cell.statuses().values()) == {"published"})
    os.kill(pid, signal.SIGKILL)
    cell.verify()
