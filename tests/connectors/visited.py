"""A site to be looked at, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """Answers by path: /200, /404, …; /to/X leads to X; /head/N refuses HEAD with N and has the page; /silent says nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.agents: set[str] = set()
        site, ended = self, threading.Event()

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.command, self.path))
                site.agents.add(self.headers["User-Agent"])
                what, _, rest = self.path.strip("/").partition("/")
                if what == "silent":
                    ended.wait(30)
                    return
                refused = what == "head" and self.command == "HEAD"
                status = (
                    int(rest) if refused else 302 if what == "to" else 200 if what in ("head", "film") else int(what)
                )
                self.send_response(status)
                if what == "to":
                    self.send_header("Location", f"/{rest}" if "://" not in rest else rest)
                self.send_header("Content-Length", "99999999999" if what == "film" else "0")
                self.end_headers()

            do_HEAD = do_GET

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self._ended = ended
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._ended.set()
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def served() -> Iterator[Site]:
    site = Site()
    try:
        yield site
    finally:
        site.close()
