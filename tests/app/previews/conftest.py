from __future__ import annotations

import pytest
from flask import Flask

from app.db import utcnow
from tests.app.accounts.kit import app_on_simulator, running_simulator, sim
from tests.app.publishing.kit import Desk

__all__ = ["app_on_simulator", "running_simulator", "sim"]


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(utcnow())
