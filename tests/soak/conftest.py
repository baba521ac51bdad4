from __future__ import annotations

from tests.scheduler.conftest import app_on_simulator, desk, running_simulator, sim

__all__ = ["app_on_simulator", "desk", "running_simulator", "sim"]
