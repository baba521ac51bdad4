"""Every call to a platform goes through here: explicit timeouts, no transport retries, secrets masked.

`requests` is imported nowhere else. A write that may have reached the platform and got no readable answer raises
OutcomeUnknown; anything that certainly did nothing raises Unavailable.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connectors.errors import OutcomeUnknown, Unavailable
from connectors.guard import Allows, LookUp, look_up
from connectors.guarded import Guarded
from connectors.keeping import NO_COOKIES, Kept
from connectors.limit import Limit
from connectors.masking import describe, mask, show
from connectors.values import Exchange

CONNECT_TIMEOUT = 3.05
READ_TIMEOUT = 15.0
# One call in all, however slowly the answer drips: whoever waits holds a thread and a lease.
LONGEST = 35.0
MAX_ANSWER_BYTES = 12 * 1024 * 1024
# At DEBUG it writes every address with its query, and WeChat's token stands there.
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)


@dataclass(frozen=True, kw_only=True)
class File:
    """One part of a multipart upload; `name` must be ASCII with an extension (WeChat answers 41005 otherwise)."""

    field: str
    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer as it came. `text` is decoded as UTF-8 whatever the headers say."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ValueError for HTML, empty or broken bodies, and for numbers without end."""
        try:
            return json.loads(self.body.decode("utf-8"), parse_float=_finite, parse_constant=_finite)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _finite(written: str) -> float:
    """1e999 and NaN are no numbers that anybody can go on with."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"not a finite number: {written[:20]}")
    return number


class Http:
    """Calls for one account. Thread-safe as far as requests.Session with a pool is.

    `base_url` replaces scheme and host of every URL, paths kept. `on_exchange` gets the evidence of each call.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_exchange: Callable[[Exchange], None] | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self._base = base_url.rstrip("/") if base_url else None
        self._clock = clock
        self._on_exchange = on_exchange
        self._session = session or new_session()

    def locate(self, url: str) -> str:
        """The URL that is really asked: the host replaced when a base is configured."""
        if self._base is None:
            return url
        base, parts = urlsplit(self._base), urlsplit(url)
        return urlunsplit((base.scheme, base.netloc, base.path + parts.path, parts.query, ""))

    def call(
        self,
        method: str,
        url: str,
        *,
        write: bool,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json_body: Any = None,
        raw_body: bytes | None = None,
        files: tuple[File, ...] = (),
        multipart: bool = False,
        headers: Mapping[str, str] | None = None,
        send_before: datetime | None = None,
        timeout: float = READ_TIMEOUT,
        longest: float = LONGEST,
        body: bool = True,
    ) -> Answer:
        """One request, never repeated. `json_body` goes out as raw UTF-8, never as backslash-u escapes; `multipart` sends
        a form without files so. Not `body`: only status and headers are wanted, what follows them is never read.

        Raises Unavailable (nothing was sent, or a read failed) or OutcomeUnknown (a write may have arrived).
        """
        data, all_headers = _encode(form, json_body, raw_body, files, dict(headers or {}))
        self._check_deadline(send_before)
        sent_at = self._clock()
        # The address as the platform documents it, and beside it the one really asked, whichever base is configured.
        asked = describe(params, form, json_body, raw_body, files)
        record = _Record(method=method, url=url, asked=self.locate(url), request=asked, at=sent_at)
        _present.check, _present.connecting = partial(self._check_deadline, send_before), False
        limit = _present.limit = Limit(longest)
        try:
            response = self._session.request(
                method,
                self.locate(url),
                params=params,
                data=None if multipart else data,
                files=_parts(form if multipart else None, files),
                headers=all_headers,
                timeout=(CONNECT_TIMEOUT, timeout),
                allow_redirects=False,
                stream=True,
            )
            content = _read_bounded(response) if body else _unread(response)
            if limit.stop():
                # Cut short it may look like an ending.
                raise requests.exceptions.ReadTimeout("time is up")
        except requests.RequestException as problem:
            error = requests.exceptions.ReadTimeout() if limit.stop() else problem
            self._record(record, None, "", fault_words(error))
            raise _failure(error, write) from None
        finally:
            limit.stop()
            _present.check = _present.limit = None
        self._record(record, response.status_code, show(content), "")
        return Answer(status=response.status_code, body=content, headers=dict(response.headers))

    def _check_deadline(self, send_before: datetime | None) -> None:
        if send_before is not None and self._clock() >= send_before:
            raise Unavailable("未发送：已超过本次发送的最晚时刻。", remedy="系统会重新安排。", who="系统")

    def _record(self, record: _Record, status: int | None, answer: str, error: str) -> None:
        if self._on_exchange is None:
            return
        self._on_exchange(
            Exchange(
                method=record.method,
                url=mask(record.url),
                asked=mask(record.asked),
                request=record.request,
                status=status,
                answer=mask(answer),
                sent_at=record.at,
                answered_at=self._clock(),
                error=error,
            )
        )


@dataclass(frozen=True, kw_only=True)
class _Record:
    method: str
    url: str
    asked: str
    request: dict[str, Any]
    at: datetime


class _Present(threading.local):
    """The thread's present call: what it must not outlast, and whether it is still without a connection."""

    check: Callable[[], None] | None = None
    limit: Limit | None = None
    connecting = False


_present = _Present()


class _Timely(Guarded):
    """Connecting (names, handshakes) may take long: the clock is asked once more before the first byte goes out.

    What fails before that was certainly never sent, an untrusted certificate too.
    """

    def connect(self) -> None:
        _present.connecting = True
        super().connect()
        _present.connecting = False
        if _present.check is not None:
            _present.check()

    def endheaders(self, *args: Any, **options: Any) -> None:
        # A connection that was kept alive connects no more: the clock is asked here.
        if self.sock is not None and _present.check is not None:
            _present.check()
        super().endheaders(*args, **options)

    def getresponse(self) -> Any:
        if _present.limit is not None:
            _present.limit.watch(self.sock)
        return super().getresponse()


class _TimelySecure(_Timely, HTTPSConnection):
    pass


class _TimelyPool(Kept, HTTPConnectionPool):
    ConnectionCls = _Timely


class _TimelySecurePool(Kept, HTTPSConnectionPool):
    ConnectionCls = _TimelySecure


class _TimelyAdapter(HTTPAdapter):
    def __init__(self, allows: Allows | None, found: LookUp, **options: Any) -> None:
        asked = {"allows": staticmethod(allows) if allows else None, "look_up": staticmethod(found)}
        self._pools = {
            scheme: type("Pool", (pool,), {"ConnectionCls": type("Connection", (pool.ConnectionCls,), asked)})
            for scheme, pool in (("http", _TimelyPool), ("https", _TimelySecurePool))
        }
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: even told not to follow, requests reads the whole answer and takes the next address apart, whatever
        they hold. Where a redirect leads is decided by who asked."""


def new_session(pool: int = 256, *, allows: Allows | None = None, look_up: LookUp = look_up) -> requests.Session:
    """A session with a connection pool and no transport retries; proxies and .netrc of the environment are ignored.

    With `allows` (connectors.guard), for addresses that people give: others raise Refused with the code "barred".
    """
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(NO_COOKIES)
    adapter = _TimelyAdapter(allows, look_up, pool_connections=16, pool_maxsize=pool, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _encode(
    form: Mapping[str, str] | None,
    json_body: Any,
    raw_body: bytes | None,
    files: tuple[File, ...],
    headers: dict[str, str],
) -> tuple[Any, dict[str, str]]:
    for file in files:
        if not file.name.isascii() or "." not in file.name:
            raise ValueError(f"file name must be ASCII with an extension: {file.name!r}")
    if json_body is not None:
        headers.setdefault("Content-Type", "application/json; charset=utf-8")
        return json.dumps(json_body, ensure_ascii=False).encode(), headers
    if raw_body is not None:
        return raw_body, headers
    return (dict(form) if form is not None else None), headers


def _parts(form: Mapping[str, str] | None, files: tuple[File, ...]) -> list[tuple[str, Any]] | None:
    """The parts of a multipart body: fields without a file name, then files; None for another body."""
    fields: list[tuple[str, Any]] = [(name, (None, value)) for name, value in (form or {}).items()]
    return [*fields, *((f.field, (f.name, f.content, f.content_type)) for f in files)] or None


def _unread(response: requests.Response) -> bytes:
    """Closed instead of kept: what nobody reads would stand before the next answer."""
    response.close()
    return b""


def _read_bounded(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(65536):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            response.close()
            raise requests.exceptions.ContentDecodingError("answer too large")
    return bytes(body)


# The more special first: a ConnectTimeout is a Timeout and a ConnectionError, too.
_FAULTS: tuple[tuple[type[requests.RequestException], str, str], ...] = (
    (requests.exceptions.SSLError, "untrusted", "证书不可信"),
    (requests.exceptions.ProxyError, "proxy", "代理连接不上"),
    (requests.exceptions.ConnectTimeout, "connect_timeout", "连接超时"),
    (requests.exceptions.Timeout, "timeout", "等待答复超时"),
    (requests.exceptions.ContentDecodingError, "unreadable", "答复太大或无法解读"),
    (requests.exceptions.ChunkedEncodingError, "cut_off", "答复中断"),
    (requests.exceptions.ConnectionError, "disconnected", "连接不上或连接中断"),
    (requests.exceptions.InvalidURL, "address", "网址不对"),
    (requests.exceptions.MissingSchema, "address", "网址不对"),
)


def _kind(error: requests.RequestException) -> tuple[str, str]:
    """(code, words) of a call without an answer: no name of an exception ever reaches a screen."""
    return next(((code, words) for kind, code, words in _FAULTS if isinstance(error, kind)), ("network", "网络故障"))


def fault_words(error: requests.RequestException) -> str:
    return _kind(error)[1]


def _failure(error: requests.RequestException, write: bool) -> Unavailable | OutcomeUnknown:
    """Never sent -> Unavailable; later, on a write -> OutcomeUnknown. The error text may hold secrets: dropped."""
    never_sent = isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema)
    if never_sent or _present.connecting or not write:
        return Unavailable(
            "平台暂时连接不上。",
            remedy="系统会稍后自动重试；若持续出现，请检查服务器网络。",
            who="系统管理员",
            code=_kind(error)[0],
        )
    return OutcomeUnknown(
        "请求已发出，但没有收到平台的完整答复。",
        remedy="系统会去平台核实，核实前不会重发。",
        who="系统",
        code=_kind(error)[0],
    )
