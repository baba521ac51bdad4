"""How long a test waits for what another process or thread does, before it calls it a fault.

It is no measure of speed: a machine may be busy with other things, and what works takes no longer for a longer bound.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

import requests

# Seconds.
PATIENCE = 240

T = TypeVar("T")


def wait_for(what: str, probe: Callable[[], T | None], *, every: float = 0.1) -> T:
    """The first truthy answer of `probe`, asked each `every` seconds; who does not listen or answer yet is asked again."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            found = probe()
            if found:
                return found
        time.sleep(every)
    raise AssertionError(f"{what}: not within {PATIENCE} s")
