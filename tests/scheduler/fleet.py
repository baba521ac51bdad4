"""Several forked schedulers beside each other, and a TCP line to a server that a test can cut."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.app.accounts.kit import Sim
from tests.patience import PATIENCE
from tests.scheduler.forks import alive
from tests.scheduler.processes import Processes


@dataclass
class Fleet:
    """Schedulers by their process ids. They write no steps down."""

    processes: Processes

    def start(self, *, threads: int = 4, env: dict[str, str] | None = None, **rig: Any) -> int:
        return self.processes.fork(threads=threads, env=env, whole=False, **rig)

    def end(self, pid: int) -> None:
        """SIGTERM, and wait until it is gone."""
        os.kill(pid, signal.SIGTERM)
        self.until("its end", lambda: not alive(pid))

    def until(self, what: str, done: Callable[[], bool], seconds: float = PATIENCE) -> None:
        self.processes.until(what, done, seconds)


def accepted_each(sim: Sim) -> Counter[str]:
    """How often each of the posts that call themselves 第…篇 was accepted, by platform."""
    items = [item for item in sim.call("GET", "/_sim/accepted")["items"] if item["kind"] in ("status", "publish")]
    return Counter(f"{item['platform']} {re.findall('第[0-9]+篇', str(item))[0]}" for item in items)


class Line:
    """A TCP line on a port of its own to a server. Cut, it resets what stands and refuses what comes."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._whole = True
        self._cut_in: dict[bytes, int] = {}
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole = False
        for end in list(self._ends):
            _reset(end)
        self._ends.clear()

    def mend(self) -> None:
        self._whole = True

    def cut_in(self, request: str, after: int) -> None:
        """Once, when so many bytes of a request have passed that begins so."""
        self._cut_in[request.encode()] = after

    @property
    def hits(self) -> bool:
        """Whether every cut that was asked for was made."""
        return not self._cut_in

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._whole:
                _reset(client)
                continue
            server = socket.create_connection(("127.0.0.1", self._server))
            self._ends += [client, server]
            threading.Thread(target=self._carry, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, asking: bool) -> None:
        left = -1
        try:
            while piece := source.recv(4096):
                if asking and left < 0:
                    left = next((self._cut_in.pop(each) for each in list(self._cut_in) if piece.startswith(each)), -1)
                if 0 <= left < len(piece):
                    target.sendall(piece[:left])
                    break
                left = left - len(piece) if left >= 0 else -1
                target.sendall(piece)
        except OSError:
            left = 0
        for end in (source, target):
            _reset(end) if left >= 0 else _close(end)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _close(end)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Who waits at the other thread is woken.
        end.shutdown(socket.SHUT_RDWR)
    end.close()
