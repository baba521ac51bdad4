"""The heart of one scheduler: it beats in a thread of its own, however busy the rest is, and knows how late it was itself.

Who judges others by their silence must not have slept meanwhile: on a machine that stood still, or beside a database that was
away, everybody is silent. What it was late itself it allows the others on top.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from app.publishing.heartbeats import MISSED_BEATS

# Of so many times the silence after which others are taken for dead its own lateness is remembered.
_REMEMBERED = 10


class Heart:
    """`seconds` between beats."""

    def __init__(self, seconds: float = 10) -> None:
        self.seconds = seconds
        self._last: datetime | None = None
        self._late: deque[tuple[datetime, timedelta]] = deque()
        self._lock = threading.Lock()

    def begin(self, now: datetime) -> None:
        """From here on a beat is awaited."""
        with self._lock:
            self._last = now

    def beaten(self, now: datetime) -> None:
        """A beat was recorded."""
        with self._lock:
            late = self._gap(now)
            self._last = now
            if late > timedelta():
                self._late.append((now, late))

    def lateness(self, now: datetime) -> timedelta:
        """By how much its beats came late at most, in the last minutes and at this moment."""
        with self._lock:
            oldest = now - timedelta(seconds=self.seconds) * MISSED_BEATS * _REMEMBERED
            while self._late and self._late[0][0] < oldest:
                self._late.popleft()
            return max([self._gap(now), *(late for _at, late in self._late)])

    def _gap(self, now: datetime) -> timedelta:
        if self._last is None:
            return timedelta()
        return max(timedelta(), now - self._last - timedelta(seconds=self.seconds))


class Beating(threading.Thread):
    """Calls `beat` every `seconds` until stop(). It must bear that `beat` takes long; what that raises it must not be told."""

    def __init__(self, beat: Callable[[], object], seconds: float) -> None:
        super().__init__(name="heart", daemon=True)
        self._beat, self._seconds = beat, seconds
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(self._seconds):
            self._beat()

    def stop(self, timeout: float) -> None:
        """No beat begins any more; one that is under way is waited for."""
        self._over.set()
        if self.is_alive():
            self.join(timeout)
