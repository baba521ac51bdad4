"""Private networks for one machine: namespaces joined by a bridge, one of which can be cut off. Needs root and `ip`.

A hub holds the bridge and both servers; each worker has a namespace of its own with one line to it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

# A network for documentation and tests of equipment (RFC 2544); it exists in these namespaces alone.
_NET = "198.18.77"
HUB = f"{_NET}.1"
TRUSTED = f"{_NET}.0/24"


@dataclass(frozen=True)
class Networks:
    """`tag` makes the names of this run its own."""

    tag: str
    workers: int

    def hub(self) -> str:
        return f"tandem-{self.tag}-hub"

    def worker(self, place: int) -> str:
        return f"tandem-{self.tag}-{place}"

    def inside(self, name: str) -> list[str]:
        """What goes before a command that is to run in that namespace."""
        return ["ip", "netns", "exec", name]

    def cut(self, place: int) -> None:
        """The line goes dead without a word: nothing arrives, nobody is told."""
        self._in_hub("ip", "link", "set", f"line{place}", "down")

    def heal(self, place: int) -> None:
        self._in_hub("ip", "link", "set", f"line{place}", "up")

    def build(self) -> None:
        _ip("netns", "add", self.hub())
        self._in_hub("ip", "link", "set", "lo", "up")
        self._in_hub("ip", "link", "add", "bridge", "type", "bridge")
        self._in_hub("ip", "addr", "add", f"{HUB}/24", "dev", "bridge")
        self._in_hub("ip", "link", "set", "bridge", "up")
        for place in range(self.workers):
            name = self.worker(place)
            _ip("netns", "add", name)
            # Both ends are born inside: no name of ours is ever seen outside.
            self._in_hub("ip", "link", "add", f"line{place}", "type", "veth", "peer", "name", "eth0", "netns", name)
            self._in_hub("ip", "link", "set", f"line{place}", "master", "bridge", "up")
            run = self.inside(name)
            subprocess.run([*run, "ip", "link", "set", "lo", "up"], check=True)
            subprocess.run([*run, "ip", "addr", "add", f"{_NET}.{place + 10}/24", "dev", "eth0"], check=True)
            subprocess.run([*run, "ip", "link", "set", "eth0", "up"], check=True)

    def remove(self) -> None:
        """With a namespace go its links; what is not there is no matter."""
        for name in [*(self.worker(place) for place in range(self.workers)), self.hub()]:
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)

    def _in_hub(self, *command: str) -> None:
        subprocess.run([*self.inside(self.hub()), *command], check=True)


@contextlib.contextmanager
def networks(workers: int) -> Iterator[Networks]:
    """Built, and removed whatever happens. Raises PermissionError without root."""
    if os.geteuid() != 0:
        raise PermissionError("bin/soak partition makes network namespaces: run it as root")
    made = Networks(tag=secrets.token_hex(2), workers=workers)
    try:
        made.build()
        yield made
    finally:
        made.remove()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
