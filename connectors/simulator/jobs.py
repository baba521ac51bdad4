"""What the platforms do later: due by the simulator's own clock, run by a thread and before any answer that depends."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

from connectors.simulator.state import State

Work = Callable[[State, dict[str, Any]], None]
WORK: dict[str, Work] = {}
TICK = 0.1


def job(name: str) -> Callable[[Work], Work]:
    """Register what is done for jobs of this name; it runs inside one transaction and must not talk to the network."""

    def register(work: Work) -> Work:
        WORK[name] = work
        return work

    return register


def schedule(state: State, name: str, after: float, **args: Any) -> None:
    state.put("job", "", uuid.uuid4().hex, {"name": name, "args": args}, at=state.now() + after)


def run_due(state: State) -> None:
    """Do everything whose hour has come, each once."""
    with state.transaction():
        for due in state.all("job", "", until=state.now(), oldest_first=True):
            state.delete("job", "", due["key"])
            WORK[due["name"]](state, due["args"])


class Runner:
    """Looks for due jobs ten times a second until stopped."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="simulator-jobs")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while not self._stopping.wait(TICK):
            run_due(self._state)
