"""From outside: does the address that citizens and platforms are given lead to this installation?"""

from __future__ import annotations

from datetime import datetime

from app.db import release
from app.system import reaching
from connectors.errors import OutcomeUnknown, Unavailable
from connectors.http import Http
from scheduler.runtime import Runtime

_TIMEOUT = 10


def tick(runtime: Runtime, now: datetime) -> bool:
    """Try the address if it is this scheduler's turn; True when it was tried."""
    url = reaching.due(now)
    if url is None:
        return False
    release()
    why = _why_not(Http(clock=runtime.clock), url)
    reaching.record(url, why, runtime.clock())
    return True


def _why_not(http: Http, url: str) -> str:
    """Chinese; "" when our own /healthz answered."""
    try:
        answer = http.call("GET", f"{url}/healthz", write=False, timeout=_TIMEOUT, longest=_TIMEOUT)
    except (Unavailable, OutcomeUnknown) as error:
        return reaching.WHY.get(error.code, reaching.NO_ANSWER)
    try:
        told = answer.json()
    except ValueError:
        return reaching.NOT_OURS
    ours = answer.status == 200 and isinstance(told, dict) and told.get("status") == "ok"
    return "" if ours else reaching.NOT_OURS
