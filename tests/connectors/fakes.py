"""What a connector is given, kept in memory; the simulator's control calls; a server for odd answers."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from connectors.errors import RateLimited
from connectors.images import size_of
from connectors.values import Image, Token

FIXTURES = Path(__file__).parent.parent / "fixtures"


class MemoryTokens:
    """A TokenStore without processes: `fetched` counts how often a new token was asked for."""

    def __init__(self, value: str = "", expires_at: datetime | None = None) -> None:
        self.token = Token(value=value, expires_at=expires_at) if value else None
        self.fetched = 0
        self._lock = threading.Lock()

    def current(self) -> Token | None:
        return self.token

    def renew(self, stale: str | None, fetch: Callable[[], Token]) -> Token:
        with self._lock:
            if self.token is None or self.token.value == stale:
                self.token = fetch()
                self.fetched += 1
            return self.token


class MemoryMedia:
    """A MediaStore: add() takes bytes in; what derive() makes is counted in `derived`."""

    def __init__(self) -> None:
        self.images: dict[str, Image] = {}
        self.data: dict[str, bytes] = {}
        self.memory: dict[tuple[str, str, str], str] = {}
        self.recipes: dict[tuple[str, str], str] = {}
        self.derived = 0

    def add(self, data: bytes, content_type: str, media_id: str = "") -> Image:
        sha256 = hashlib.sha256(data).hexdigest()
        width, height = size_of(data)
        image = Image(
            sha256=sha256,
            content_type=content_type,
            width=width,
            height=height,
            size=len(data),
            media_id=media_id or f"m-{sha256[:8]}",
        )
        self.images.setdefault(sha256, image)
        self.data[sha256] = data
        return self.images[sha256]

    def get(self, sha256: str) -> Image | None:
        return self.images.get(sha256)

    def read(self, sha256: str) -> bytes:
        return self.data[sha256]

    def derive(self, sha256: str, recipe: str, make: Callable[[bytes], tuple[bytes, str]]) -> Image:
        known = self.recipes.get((sha256, recipe))
        if known is None:
            data, content_type = make(self.data[sha256] if sha256 else b"")
            self.derived += 1
            known = self.add(data, content_type).sha256
            self.recipes[sha256, recipe] = known
        return self.images[known]

    def remembered(self, sha256: str, account_id: str, use: str) -> str | None:
        return self.memory.get((sha256, account_id, use))

    def remember(self, sha256: str, account_id: str, use: str, value: str) -> None:
        self.memory[sha256, account_id, use] = value


class CountingMeter:
    """A Meter: `calls` in order; refuses whatever `closed_until` names."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.closed_until: dict[str, datetime] = {}

    def spend(self, call: str) -> None:
        if call in self.closed_until:
            error = RateLimited("本系统为该用途预留的调用次数已用完。")
            error.until = self.closed_until[call]
            raise error
        self.calls.append(call)


class SimulatorControl:
    """The simulator's own calls under /_sim."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self.url}/_sim/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def account(self, platform: str, external_id: str, **settings: Any) -> None:
        self.call("PUT", f"accounts/{platform}/{external_id}", settings)

    def fault(self, kind: str, **settings: Any) -> None:
        self.call("POST", "faults", {"kind": kind, **settings})

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def comment(self, platform: str, external_id: str, post: str, text: str, **settings: Any) -> str:
        body = {"platform": platform, "external_id": external_id, "post": post, "text": text, **settings}
        return str(self.call("POST", "comments", body)["id"])

    def message(self, platform: str, external_id: str, **settings: Any) -> Any:
        return self.call("POST", "messages", {"platform": platform, "external_id": external_id, **settings})

    def accepted(self, platform: str, external_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"accepted?platform={platform}&external_id={external_id}")[
            "items"
        ]
        return found

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "requests")["items"]
        return found


class Odd:
    """A local server that answers every request with what `answers` says, and keeps what it was sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[tuple[int, str, bytes]] = []
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    def say(self, body: Any, status: int = 200, content_type: str = "text/html") -> None:
        """Queue an answer; the last one is repeated. Bytes go out as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.answers.append((status, content_type, data))

    def fixture(self, platform: str, name: str, status: int = 200) -> None:
        """Queue a recorded answer of tests/fixtures, without a charset, as the platforms send it."""
        self.say((FIXTURES / platform / name).read_bytes(), status, "application/json")


@contextmanager
def odd_server() -> Iterator[Odd]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            odd.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status, kind, data = odd.answers.pop(0) if len(odd.answers) > 1 else odd.answers[0]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    odd = Odd(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield odd
    finally:
        server.shutdown()
        server.server_close()
