"""Kept connections: used again by other accounts, but nothing is carried over and none that lay idle is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors import keeping
from connectors.http import Http, new_session


class _Platform(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Platform

    def do_GET(self) -> None:
        self.server.seen.append((self.client_address[1], self.headers.get("Cookie", "")))
        self.send_response(200)
        self.send_header("Set-Cookie", "who=the-first-account; Path=/")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def platform() -> Iterator[_Platform]:
    server = _Platform()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def asked_twice(platform: _Platform) -> list[tuple[int, str]]:
    """Two accounts, one session."""
    session = new_session()
    for _account in range(2):
        http = Http(base_url=f"http://127.0.0.1:{platform.server_port}", session=session)
        http.call("GET", "https://api.weibo.com/2/x.json", write=False)
    session.close()
    return platform.seen


def test_one_connection_serves_two_accounts_and_carries_no_cookie(platform: _Platform) -> None:
    (port, _none), (again, cookie) = asked_twice(platform)
    assert port == again
    assert cookie == ""


def test_a_connection_that_lay_idle_is_not_used_again(platform: _Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "IDLE", -1.0)
    (port, _none), (other, _cookie) = asked_twice(platform)
    assert port != other
