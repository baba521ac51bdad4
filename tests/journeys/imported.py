"""Imported once, by the process that tests.journeys.programs forks from: all that our programs import."""

from __future__ import annotations

import tempfile
from importlib import import_module

from app import create_app
from app.config import load

with tempfile.TemporaryDirectory() as home:
    # What registers itself is imported when an app is made; this one serves nobody.
    create_app(load({"TANDEM_INSTANCE_PATH": home}))
for name in (
    "flask_migrate.cli",
    "granian.cli",
    "connectors.registry",
    "scheduler.__main__",
    "connectors.simulator.__main__",
    "tests.journeys.programs",
):
    import_module(name)
