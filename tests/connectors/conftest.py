"""A running simulator, an odd server, and the memory of a connector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.simulator.app import serve
from tests.connectors.fakes import CountingMeter, MemoryMedia, Odd, SimulatorControl, odd_server

SAMPLES = Path(__file__).parent.parent / "samples"
TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".bmp": "image/bmp", ".gif": "image/gif"}


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorControl]:
    """A simulator of its own for each test, over real HTTP."""
    server = serve("127.0.0.1", 0, tmp_path / "simulator.sqlite3")
    try:
        yield SimulatorControl(server.url)
    finally:
        server.stop()


@pytest.fixture
def odd() -> Iterator[Odd]:
    with odd_server() as server:
        yield server


@pytest.fixture
def media() -> MemoryMedia:
    """The pictures of tests/samples/images, by sha256."""
    store = MemoryMedia()
    for path in sorted((SAMPLES / "images").iterdir()):
        store.add(path.read_bytes(), TYPES[path.suffix], media_id=path.name)
    return store


@pytest.fixture
def meter() -> CountingMeter:
    return CountingMeter()
