from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.app.accounts.kit import app_on_simulator, free_port, office, running_simulator, sim

__all__ = ["app_on_simulator", "office", "running_simulator", "sim"]


@pytest.fixture
def served(app_on_simulator: Flask) -> Iterator[str]:
    """The app over real HTTP; its address."""
    port = free_port()
    server = make_server("127.0.0.1", port, app_on_simulator, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()
    server.server_close()
