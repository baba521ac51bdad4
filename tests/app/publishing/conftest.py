from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from tests.app.accounts.kit import app_on_simulator, running_simulator, sim
from tests.app.publishing.kit import Desk

__all__ = ["app_on_simulator", "running_simulator", "sim"]


@pytest.fixture
def desk(app: Flask, now: datetime) -> Desk:
    return Desk(now)
