"""A call that takes too long in all is ended: timeouts of reading start anew with every byte that drips in."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Limit:
    """Shuts the watched connection `seconds` after it was made, unless stopped before."""

    def __init__(self, seconds: float) -> None:
        self._passed = self._stopped = False
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True
        self._timer.start()

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
        self._timer.cancel()
        return self._passed

    def _pass(self) -> None:
        with self._lock:
            if self._stopped:
                return
            self._passed = True
            _shut(self._sock)


def _shut(sock: socket.socket | None) -> None:
    if sock is None:
        return
    with suppress(OSError):
        # Not SSLSocket's own, which would forget its keys under the hands of the reading thread.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
