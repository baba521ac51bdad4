"""Looking whether an address that a text links to leads anywhere: HEAD, then GET, a few redirects, nothing read.

Never asks a machine inside (connectors.guard) and no port where no pages are, spends no allowance of a platform, and is sure of nothing but what the
site itself said: 404 and 410 are dead, refusals and silence are not known.
"""

from __future__ import annotations

import time
from collections.abc import Container
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin, urlsplit

from connectors.errors import ConnectorError
from connectors.guard import Allows, LookUp, is_public, is_web, look_up
from connectors.http import Answer, Http, new_session

Verdict = Literal["alive", "dead", "unsure"]
# Why not alive: what the site said ("gone", "refused", "failing"), or what kept it from saying anything.
Reason = Literal[
    "", "gone", "refused", "failing", "timeout", "unreachable", "untrusted", "inside", "loop", "address", "port"
]

AGENT = "Mozilla/5.0 (compatible; Tandem-LinkCheck/1.0)"
_MAX_HOPS = 5
_TIMEOUT, _LONGEST_CALL, _LONGEST = 8.0, 10.0, 25.0
_HEADERS = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Language": "zh-CN,zh;q=0.9"}
# Where pages are: whoever writes a post shall not have this machine knock at any other door of the world.
_PORTS = frozenset((80, 443, *range(8000, 9001)))
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
# Others of the five hundreds are the answers of guards before the site, to whoever is no browser.
_FAILING = (500, 502, 503, 504)
_REASONS: dict[str, Reason] = {
    "barred": "inside",
    "untrusted": "untrusted",
    "connect_timeout": "timeout",
    "timeout": "timeout",
    "disconnected": "unreachable",
    "address": "address",
}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one look told. `status` is that of the last answer, None where none came."""

    verdict: Verdict
    reason: Reason = ""
    status: int | None = None


class Visitor:
    """Looks at addresses. `allows`, `look_up` and `ports` are other ones in tests only."""

    def __init__(
        self, *, allows: Allows = is_public, look_up: LookUp = look_up, ports: Container[int] = _PORTS
    ) -> None:
        self._ports = ports
        self._http = Http(session=new_session(1, allows=allows, look_up=look_up))

    def visit(self, url: str) -> Seen:
        """At most twice five hops and 25 seconds. Raises nothing that a site can cause."""
        until = time.monotonic() + _LONGEST
        seen = self._follow("HEAD", url, until)
        # Many a site treats HEAD otherwise than what readers send.
        if (seen.status is not None and seen.verdict != "alive") or seen.reason == "timeout":
            seen = self._follow("GET", url, until)
        return seen

    def _follow(self, method: str, url: str, until: float) -> Seen:
        for _hop in range(_MAX_HOPS + 1):
            left = until - time.monotonic()
            if left <= 1:
                return Seen(verdict="unsure", reason="timeout")
            if not is_web(url):
                return Seen(verdict="unsure", reason="address")
            if _port(url) not in self._ports:
                return Seen(verdict="unsure", reason="port")
            try:
                answer = self._http.call(
                    method,
                    url,
                    write=False,
                    headers=_HEADERS,
                    timeout=min(_TIMEOUT, left),
                    longest=min(_LONGEST_CALL, left),
                    body=False,
                )
            except ConnectorError as error:
                return Seen(verdict="unsure", reason=_REASONS.get(error.code, "unreachable"))
            location = _location(answer)
            if answer.status not in _REDIRECTS or not location:
                return _judged(answer.status)
            try:
                url = urljoin(url, location)
            except ValueError:
                return Seen(verdict="unsure", reason="address", status=answer.status)
        return Seen(verdict="unsure", reason="loop")


def _port(url: str) -> int:
    """Of an address of the web (is_web), which says no port that there is none of."""
    parts = urlsplit(url)
    return parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80


def _judged(status: int) -> Seen:
    if status < 400:
        return Seen(verdict="alive", status=status)
    if status in _GONE:
        return Seen(verdict="dead", reason="gone", status=status)
    return Seen(verdict="unsure", reason="failing" if status in _FAILING else "refused", status=status)


def _location(answer: Answer) -> str:
    return next((value for key, value in answer.headers.items() if key.lower() == "location"), "").strip()
