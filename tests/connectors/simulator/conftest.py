"""A simulator of its own for these tests, two registered accounts, and a callback address that writes down."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from connectors.simulator.app import Server, serve
from tests.patience import wait_for

UID, WEIBO_TOKEN = "1902538057", "2.00FirstToken"
GH, APP_ID, APP_SECRET = "gh_97417a04a28d", "wxba5fad812f8e6fb9", "0123456789abcdef"
TOKEN, AES_KEY = "AAAAA", "A" * 43
LINK = "https://www.example.gov.cn/p/abc?w=1"
JsonObject = dict[str, Any]
T = TypeVar("T")


def png(width: int = 8, height: int = 8, padding: int = 0) -> bytes:
    """A real PNG, as heavy as wanted."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"teXt", b"x" * padding)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


@dataclass
class Sim:
    """The control calls."""

    url: str
    server: Server

    def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = requests.request(method, self.url + path, json=body, timeout=20)
        assert answer.status_code == status, answer.text
        return answer.json()

    def put(self, platform: str, external_id: str, **settings: Any) -> Any:
        return self.call("PUT", f"/_sim/accounts/{platform}/{external_id}", settings)

    def fault(self, kind: str, **fields: Any) -> str:
        return str(self.call("POST", "/_sim/faults", {"kind": kind, **fields})["id"])

    def accepted(self, kind: str = "") -> list[JsonObject]:
        return [each for each in self.call("GET", "/_sim/accepted")["items"] if kind in ("", each["kind"])]

    def shift(self, seconds: float) -> None:
        self.call("POST", "/_sim/clock", {"offset_seconds": seconds})

    def comment(self, platform: str, post: Any, text: str = "请问怎么办理", **more: Any) -> str:
        who = {"platform": platform, "external_id": UID if platform == "weibo" else GH}
        return str(self.call("POST", "/_sim/comments", {**who, "post": str(post), "text": text, **more})["id"])

    def message(self, platform: str, text: str = "你好", sender: str = "小林", **more: Any) -> JsonObject:
        who = {"platform": platform, "external_id": UID if platform == "weibo" else GH}
        body = {**who, "from": sender, **({"text": text} if text else {}), **more}
        answer: JsonObject = self.call("POST", "/_sim/messages", body)
        return answer


@dataclass
class Weibo:
    url: str
    token: str = WEIBO_TOKEN

    def get(self, path: str, **params: Any) -> requests.Response:
        return requests.get(f"{self.url}/2/{path}.json", params={"access_token": self.token, **params}, timeout=20)

    def post(self, path: str, files: Any = None, **data: Any) -> requests.Response:
        body = {"access_token": self.token, **data}
        return requests.post(f"{self.url}/2/{path}.json", data=body, files=files, timeout=20)

    def share(self, text: str = f"【公告】今日停水 {LINK}", files: Any = None, **data: Any) -> requests.Response:
        return self.post("statuses/share", files, **{"status": text, "rip": "211.156.0.1", **data})


@dataclass
class WeChat:
    url: str
    token: str = ""

    def fetch_token(self, **more: Any) -> JsonObject:
        body = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET, **more}
        return self._read(requests.post(f"{self.url}/cgi-bin/stable_token", json=body, timeout=20))

    def get(self, path: str, **params: Any) -> JsonObject:
        query = {"access_token": self._token(), **params}
        return self._read(requests.get(f"{self.url}{_full(path)}", params=query, timeout=20))

    def post(self, path: str, body: Any, raw: bytes | None = None) -> JsonObject:
        data = raw if raw is not None else json.dumps(body, ensure_ascii=False).encode()
        query = {"access_token": self._token()}
        return self._read(requests.post(f"{self.url}{_full(path)}", params=query, data=data, timeout=20))

    def upload(self, path: str, name: str, data: bytes, field: str = "media") -> JsonObject:
        place, _, more = path.partition("?")
        address = f"{self.url}{_full(place)}?access_token={self._token()}&{more}"
        return self._read(requests.post(address, files={field: (name, data, "image/png")}, timeout=20))

    def article(self, **fields: Any) -> JsonObject:
        cover = self.upload("material/add_material?type=image", "cover.png", png())["media_id"]
        return {"title": "标题", "content": "<p>正文</p>", "thumb_media_id": cover, "need_open_comment": 1, **fields}

    def draft(self, **fields: Any) -> str:
        return str(self.post("draft/add", {"articles": [self.article(**fields)]})["media_id"])

    def mass(self, media_id: str, key: str = "", **more: Any) -> JsonObject:
        body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": media_id}, **more}
        return self.post("message/mass/sendall", {**body, **({"clientmsgid": key} if key else {})})

    def publish(self, media_id: str) -> JsonObject:
        """Submit and wait until it is decided."""
        publish_id = self.post("freepublish/submit", {"media_id": media_id})["publish_id"]
        return until(lambda: self._decided(publish_id))

    def _decided(self, publish_id: str) -> JsonObject | None:
        told = self.post("freepublish/get", {"publish_id": publish_id})
        return told if told["publish_status"] != 1 else None

    def _token(self) -> str:
        self.token = self.token or self.fetch_token()["access_token"]
        return self.token

    def _read(self, answer: requests.Response) -> JsonObject:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain", "the platform sends no charset"
        read: JsonObject = json.loads(answer.content.decode("utf-8"))
        return read


def _full(path: str) -> str:
    return path if path.startswith("/") else f"/cgi-bin/{path}"


def until(look: Callable[[], T | None]) -> T:
    return wait_for("what the simulator does later", look, every=0.02)


@dataclass
class Listener:
    """A callback address: what came, and what it answers."""

    url: str
    got: list[tuple[str, bytes]] = field(default_factory=list)
    status: int = 200
    answer: Callable[[str, bytes], bytes] = field(default=lambda query, body: b"success")


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            here.got.append((self.path.partition("?")[2], body))
            answer = here.answer(self.path.partition("?")[2], body)
            self.send_response(here.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = _take

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Listener(f"http://127.0.0.1:{server.server_port}/callback")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield here
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = serve("127.0.0.1", 0, Path(tmp_path_factory.mktemp("simulator")) / "state.sqlite3")
    yield server
    server.stop()


@pytest.fixture
def sim(running: Server) -> Sim:
    """Emptied, with one account on each platform."""
    sim = Sim(running.url, running)
    sim.call("POST", "/_sim/reset")
    weibo = {"app_key": "1352222456", "app_secret": "xyz123xyz", "access_token": WEIBO_TOKEN}
    back = "https://console.example.gov.cn/connect"
    sim.put("weibo", UID, name="青岚发布", safe_domain="www.example.gov.cn", redirect_uri=back, **weibo)
    wechat = {"app_id": APP_ID, "app_secret": APP_SECRET, "token": TOKEN, "encoding_aes_key": AES_KEY}
    sim.put("wechat", GH, name="青岚发布", review_seconds=0.05, **wechat)
    return sim


@pytest.fixture
def weibo(sim: Sim) -> Weibo:
    return Weibo(sim.url)


@pytest.fixture
def wechat(sim: Sim) -> WeChat:
    return WeChat(sim.url)
