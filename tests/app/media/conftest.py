from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from tests.app.accounts.kit import app_on_simulator, office, running_simulator, sim
from tests.app.accounts.people import people
from tests.app.posts.helpers import World

__all__ = ["app_on_simulator", "office", "people", "running_simulator", "sim"]


@pytest.fixture
def world(app: Flask, now: datetime) -> World:
    return World(now)
