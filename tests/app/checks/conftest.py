from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from tests.app.posts.helpers import World


@pytest.fixture
def world(app: Flask, now: datetime) -> World:
    return World(now)
