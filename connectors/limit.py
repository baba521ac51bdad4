"""A call that takes too long in all is ended: timeouts of reading start anew with every byte that drips in."""

from __future__ import annotations

import heapq
import itertools
import os
import socket
import threading
import time
from contextlib import suppress


class Limit:
    """Shuts the watched connection `seconds` after it was made, unless stopped before."""

    def __init__(self, seconds: float) -> None:
        self._passed = self._stopped = False
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()
        _watch.over_at(time.monotonic() + seconds, self)

    def watch(self, sock: socket.socket | None) -> None:
        """The connection on which the answer is awaited."""
        with self._lock:
            self._sock = sock
            if self._passed:
                _shut(sock)

    def stop(self) -> bool:
        """The call is over, or ended; whether by this limit."""
        with self._lock:
            self._stopped, self._sock = True, None
        return self._passed

    def over(self) -> None:
        """The time is up: called once, by the watch."""
        with self._lock:
            if self._stopped:
                return
            self._passed = True
            _shut(self._sock)


class _Watch:
    """One thread for all limits of the process: a timer of its own would be one more thread for each call."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Anew, as after a fork: the thread stayed behind, and whoever held the lock."""
        self._limits: list[tuple[float, int, Limit]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def over_at(self, at: float, limit: Limit) -> None:
        with self._changed:
            heapq.heappush(self._limits, (at, next(self._numbers), limit))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="limits", daemon=True)
                self._thread.start()
            elif self._limits[0][2] is limit:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._limits or self._limits[0][0] > time.monotonic():
                    self._changed.wait(self._limits[0][0] - time.monotonic() if self._limits else None)
                limit = heapq.heappop(self._limits)[2]
            limit.over()


_watch = _Watch()
os.register_at_fork(after_in_child=_watch.begin)


def _shut(sock: socket.socket | None) -> None:
    if sock is None:
        return
    with suppress(OSError):
        # Not SSLSocket's own, which would forget its keys under the hands of the reading thread.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
