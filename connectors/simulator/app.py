"""The WSGI application and its server: whose path it is, which fault hits it, what is written down about it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request, Response

from connectors.simulator import accounts, control, faults, jobs, pages
from connectors.simulator.call import Call
from connectors.simulator.state import State
from connectors.simulator.wechat import api as wechat
from connectors.simulator.wechat import (
    basics,
    comments,
    custom,
    datacube,
    drafts,
    kf,
    mass,
    mass_outcome,
    media,
    previews,
    publish,
    readership,
    tags,
    users,
)
from connectors.simulator.weibo import api as weibo
from connectors.simulator.weibo import article, fans, mentions, messages, oauth, reading, statuses
from connectors.simulator.weibo import comments as weibo_comments

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Importing these registers their interfaces.
WECHAT = (
    basics,
    comments,
    custom,
    datacube,
    drafts,
    kf,
    mass,
    mass_outcome,
    media,
    previews,
    publish,
    readership,
    tags,
    users,
)
WEIBO = (article, fans, mentions, messages, oauth, reading, statuses, weibo_comments)

PREFIXES = {
    "weibo": ("/2/", "/oauth2/", "/proxy/"),
    "wechat": ("/cgi-bin/", "/datacube/", "/customservice/"),
}
MOST_BYTES = 32 * 1024 * 1024
SECRET = re.compile(r"\b(access_token|secret|appsecret|client_secret|code)=[^&]*")


class _Request(Request):
    """Closes every upload it began to read, those of a caller who hung up in the middle too."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        super().__init__(environ)
        self._begun: list[IO[bytes]] = []

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        begun = super()._get_file_stream(total_content_length, content_type, filename, content_length)
        self._begun.append(begun)
        return begun

    def close(self) -> None:
        super().close()
        for begun in self._begun:
            begun.close()


class Simulator:
    """Both platforms in one WSGI application over one state file."""

    def __init__(self, state: State) -> None:
        self.state = state

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = _Request(environ)
        request.max_content_length = MOST_BYTES
        request.max_form_memory_size = MOST_BYTES
        try:
            answer: Response | HTTPException = self.answer(request)
        except HTTPException as error:  # too large, or a body that is no form
            answer = error
        finally:
            request.close()  # uploads above half a megabyte are temporary files
        return answer(environ, start_response)

    def answer(self, request: Request) -> Response:
        platform = next((name for name, starts in PREFIXES.items() if request.path.startswith(starts)), "")
        if platform:
            return self._platform(request, platform)
        if request.path.startswith("/_sim"):
            return control.handle(self.state, request)
        return pages.handle(self.state, request)

    def _platform(self, request: Request, platform: str) -> Response:
        """Answer as the platform, and write the request down whatever becomes of it."""
        began, status, outcome = time.perf_counter(), 0, "cut"
        call = self._call(request, platform)
        try:
            answer = self._with_faults(call)
            status, outcome = answer.status_code, call.problem or "ok"
            return answer
        finally:
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            who = call.account.external_id if call.account else ""
            query = SECRET.sub(r"\1=***", request.query_string.decode("latin-1"))
            place = (call.now, request.method, request.path, query, platform, who)
            self.state.log_request((*place, status, milliseconds, outcome))

    def _call(self, request: Request, platform: str) -> Call:
        # Read all of it first: an answer before the end of an upload would reach the client as a broken line.
        if request.mimetype == "multipart/form-data":
            request.form  # noqa: B018
        else:
            request.get_data(cache=True, parse_form_data=False)
        token = request.args.get("access_token", "")
        if platform == "weibo":
            scheme, _, value = request.headers.get("Authorization", "").partition(" ")
            token = token or request.form.get("access_token", "") or (value.strip() if scheme == "OAuth2" else "")
        call = Call(self.state, request, platform, token, None, self.state.now())
        call.account = accounts.by_token(self.state, platform, token) if token else self._by_app_id(call)
        return call

    def _by_app_id(self, call: Call) -> accounts.Account | None:
        """Whose token is asked for, so that a fault can hit one account's token calls."""
        if call.platform != "wechat" or not call.path.endswith("token"):
            return None
        found = re.search(rb'"appid"\s*:\s*"([^"]*)"', call.body) if call.request.method == "POST" else None
        app_id = found[1].decode("utf-8", "replace") if found else call.request.args.get("appid", "")
        return accounts.by_app_id(self.state, app_id)

    def _with_faults(self, call: Call) -> Response:
        who = call.account.external_id if call.account else ""
        fault = faults.take(self.state, faults.REQUEST_KINDS, call.platform, who, call.path)
        platform: Any = wechat if call.platform == "wechat" else weibo
        if fault is None:
            with self.state.transaction():
                return self._handled(call)
        connection = call.request.environ.get("werkzeug.socket")
        answer = faults.before(fault, connection)
        call.now = self.state.now()
        with self.state.transaction():
            answer = answer or platform.fault_answer(call, fault) or self._handled(call)
            if fault["kind"] == "slow_success" and call.platform == "weibo":
                answer = weibo.slow_success(call, answer)
        if fault["kind"] == "drop_answer":
            time.sleep(float(fault.get("seconds") or 0))
            faults.cut(connection)
        return answer

    def _handled(self, call: Call) -> Response:
        return wechat.handle(call) if call.platform == "wechat" else weibo.handle(call)


class _Handler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """The requests are in the state file; the terminal stays quiet."""

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Whether the client went or a fault cut the line: nothing more is read from it."""
        self.close_connection = True


class _Threaded(ThreadedWSGIServer):
    request_queue_size = 1024
    daemon_threads = True
    block_on_close = False


class Server:
    """A running simulator: ``url``, and ``stop()``."""

    def __init__(self, host: str, port: int, state_path: str | Path) -> None:
        self.state = State(state_path)
        self._runner = jobs.Runner(self.state)
        self._server = _Threaded(host, port, Simulator(self.state), handler=_Handler)
        self.port = self._server.port
        self.url = f"http://{host}:{self.port}"
        self._runner.start()

    def run(self) -> None:
        """Serve until stopped, in this thread."""
        self._server.serve_forever(poll_interval=0.1)

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.run, daemon=True, name="simulator").start()

    def stop(self) -> None:
        self._server.shutdown()
        self.close()

    def close(self) -> None:
        """Let go of everything, of a server that serves no more or never did."""
        self._server.server_close()
        self._runner.stop()
        self.state.close()


def create_app(state_path: str | Path) -> Simulator:
    """The bare WSGI application. Jobs run when it is asked; use `serve` for events that come by themselves."""
    return Simulator(State(state_path))


def serve(host: str, port: int, state_path: str | Path) -> Server:
    """Start serving in a thread; port 0 takes a free one. The caller stops it."""
    server = Server(host, port, state_path)
    server.start()
    return server


__all__ = ["Server", "Simulator", "create_app", "serve"]
