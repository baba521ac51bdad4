"""The scheduler tries the public address over real HTTP and says in words what it met there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from app.db import utcnow
from app.system import reaching
from scheduler import outside
from tests.app.publishing.kit import Clockwork
from tests.cluster import free_port


@contextmanager
def served(site: object) -> Iterator[str]:
    port = free_port()
    server = make_server("127.0.0.1", port, site, threaded=True)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@Request.application
def another(_request: Request) -> Response:
    return Response("<h1>Welcome</h1>", mimetype="text/html")


def tried(app: Flask, url: str) -> reaching.Reached:
    app.extensions["tandem_config"] = replace(app.extensions["tandem_config"], public_url=url)
    clock = Clockwork.make()
    clock.aside(lambda: outside.tick(clock.runtime, clock.runtime.clock()))
    found = reaching.last()
    assert found is not None
    assert found.url == url
    return found


def test_our_own_answer(app: Flask) -> None:
    with served(app) as url:
        found = tried(app, url)
        assert (found.why, found.reached_at) == ("", found.at)
        clock = Clockwork.make()
        clock.aside(lambda: pytest.fail("asked again") if outside.tick(clock.runtime, utcnow()) else None)


def test_another_site_and_nobody(app: Flask) -> None:
    with served(another) as url:
        assert tried(app, url).why == reaching.NOT_OURS
    gone = f"http://127.0.0.1:{free_port()}"
    found = tried(app, gone)
    assert found.why in (reaching.WHY["disconnected"], reaching.NO_ANSWER)
    assert found.why == reaching.WHY["disconnected"]
    assert found.reached_at is None, "another address was reached, not this one"
    clock = Clockwork.make(clock=lambda: utcnow() + timedelta(minutes=6))
    clock.aside(lambda: outside.tick(clock.runtime, clock.runtime.clock()))
    again = reaching.last()
    assert again is not None
    assert again.at > found.at
