from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.db import utcnow
from tests.app.accounts.kit import Sim, app_on_simulator, running_simulator, sim
from tests.app.publishing.kit import Desk
from tests.scheduler.fleet import Fleet
from tests.scheduler.forks import Forks
from tests.scheduler.matrix import Cell
from tests.scheduler.processes import Processes

__all__ = ["app_on_simulator", "running_simulator", "sim"]


@pytest.fixture
def desk(app_on_simulator: Flask) -> Desk:
    """On the real clock and the simulator over real HTTP."""
    return Desk(utcnow(), alone=True)


@pytest.fixture
def processes(app_on_simulator: Flask, sim: Sim, forks: Forks) -> Iterator[Processes]:
    made = Processes(app_on_simulator.extensions["tandem_config"], sim.url, forks)
    yield made
    made.kill_all()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def cell(desk: Desk, sim: Sim, processes: Processes, forks: Forks) -> Iterator[Cell]:
    """One cell of the crash matrix: a post for both platforms, due now."""
    yield Cell(desk, sim, processes, forks)
    forks.kill_all()


@pytest.fixture
def fleet(processes: Processes, forks: Forks) -> Iterator[Fleet]:
    """Schedulers of this test alone."""
    yield Fleet(processes)
    forks.kill_all()
