"""A lean stand-in for the platforms, in a process of its own: python -m benchmarks.standin --port P.

The shipped simulator keeps all it takes in SQLite and manages some 690 statuses a second on this sort of machine; it
would be what is measured. This one knows only the paths that a delivery asks, answers them in the simulator's shapes
after a latency, and remembers in memory when each came in. Its own paths: POST /_bench/reset?latency=S,
GET /_bench/count, GET /_bench/accepted.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TOKEN = re.compile(rb"\r\nauthorization: *OAuth2 +([^\r]+)", re.IGNORECASE)
# The link's unique parameter, in a form-encoded text.
_MARK = re.compile(rb"w%3D([A-Za-z0-9_-]+)")
_EPOCH = 515_483_463
_BEIJING = timezone(timedelta(hours=8))


class Platform:
    """What came in, [[seconds, platform, account, mark], …], and how long answers take."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.accepted: list[tuple[float, str, str, str]] = []
        self.strays: dict[str, int] = {}
        self._last_id = 0

    def answer(self, path: str, head: bytes, body: bytes, now: float) -> tuple[bytes, float]:
        """(the whole HTTP answer, seconds to wait with it)."""
        if path == "/2/statuses/share.json":
            token, mark = _TOKEN.search(head), _MARK.search(body)
            uid = token[1].decode().rpartition("-")[2] if token else ""
            self.accepted.append((now, "weibo", uid, mark[1].decode() if mark else ""))
            return _http(200, self._status(uid, body, now)), self.latency
        if path.startswith("/_bench/"):
            return _http(200, json.dumps(self._control(path)).encode()), 0
        self.strays[path.partition("?")[0]] = self.strays.get(path.partition("?")[0], 0) + 1
        return _http(404, b'{"error":"Request Api not found!","error_code":10020,"request":""}'), self.latency

    def _control(self, path: str) -> Any:
        parts = urlsplit(path)
        if parts.path == "/_bench/reset":
            self.latency = float(parse_qs(parts.query).get("latency", ["0"])[0])
            self.accepted, self.strays = [], {}
        if parts.path == "/_bench/accepted":
            return {"accepted": self.accepted, "strays": self.strays}
        return {"count": len(self.accepted)}

    def _status(self, uid: str, body: bytes, now: float) -> bytes:
        self._last_id = max(int((now - _EPOCH) * 2**22), self._last_id + 1)
        made = datetime.fromtimestamp(now, _BEIJING).strftime("%a %b %d %H:%M:%S %z %Y")
        return _STATUS % {b"id": str(self._last_id).encode(), b"uid": uid.encode(), b"at": made.encode()}


def _template() -> bytes:
    """The simulator's answer to statuses/share, with places for id, uid and time."""
    picture = "http://tp1.sinaimg.cn/%(uid)s/50/0/1"
    user = {
        "id": 0,
        "idstr": "%(uid)s",
        "screen_name": "青岚发布",
        "name": "青岚发布",
        "province": "37",
        "city": "2",
        "location": "山东 青岛",
        "description": "青岚发布官方微博",
        "url": "",
        "profile_image_url": picture,
        "profile_url": "u/%(uid)s",
        "domain": "",
        "gender": "m",
        "followers_count": 0,
        "friends_count": 0,
        "statuses_count": 1,
        "created_at": "Fri Aug 28 00:00:00 +0800 2009",
        "verified": True,
        "verified_type": 1,
        "avatar_large": picture,
        "lang": "zh-cn",
    }
    status = {
        "created_at": "%(at)s",
        "id": 0,
        "mid": "%(id)s",
        "idstr": "%(id)s",
        "text": "【住房租赁新政解读】租金押金有了上限，备案网上办。 http://t.cn/A6benchm",
        "source": '<a href="http://app.weibo.com/t/feed/6vtZb0" rel="nofollow">青岚发布</a>',
        "favorited": False,
        "truncated": False,
        "pic_urls": [],
        "reposts_count": 0,
        "comments_count": 0,
        "attitudes_count": 0,
        "visible": {"type": 0, "list_id": 0},
        "isLongText": False,
        "user": user,
    }
    text = json.dumps(status, ensure_ascii=False, separators=(",", ":"))
    numbers = text.replace('"id":0,"mid"', '"id":%(id)s,"mid"').replace('"id":0,"idstr"', '"id":%(uid)s,"idstr"')
    return numbers.encode()


_STATUS = _template()


def _http(status: int, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Not Found'}\r\nContent-Type: application/json; charset=utf-8"
    )
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Line(asyncio.Protocol):
    """One connection, kept alive; requests are read whole before they count as arrived."""

    def __init__(self, platform: Platform, later: Callable[..., Any]) -> None:
        self._platform, self._later, self._buffer = platform, later, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[: end + 2]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            path = head.split(b" ", 2)[1].decode("latin-1")
            answer, wait = self._platform.answer(path, head, body, time.time())
            if wait:
                self._later(wait, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def serve(port: int) -> None:
    loop, platform = asyncio.get_running_loop(), Platform()
    server = await loop.create_server(lambda: Line(platform, loop.call_later), "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.standin")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    # A collection in the middle of the rush would be measured as the senders' lateness.
    gc.disable()
    asyncio.run(serve(options.port))


if __name__ == "__main__":
    main()
