"""One delivery as all but Tandem make it: the same call to the same platform, by the same client."""

from __future__ import annotations

import threading
from typing import Any

import requests
from requests.adapters import HTTPAdapter

TIMEOUT = (3.05, 15)
_here = threading.local()


def text_of(number: int) -> str:
    """What delivery `number` says, as long as what Tandem makes of a short notice."""
    link = f"http://127.0.0.1:8000/p/benchmarkslug{number // 2:09d}?w={mark_of(number)}"
    return f"【住房租赁新政解读（{number // 2}）】租金押金有了上限，备案网上办。 {link}"


def mark_of(number: int) -> str:
    return f"{number:012d}"


def uid_of(number: int) -> str:
    return str(5_000_000_000 + number)


def token_of(number: int) -> str:
    return f"2.00token-{uid_of(number)}"


def send(url: str, number: int) -> dict[str, Any]:
    """POST statuses/share for delivery `number`; its answer. Each thread keeps one connection alive."""
    answer = _session().post(
        f"{url}/2/statuses/share.json",
        data={"status": text_of(number), "rip": "123.125.104.197"},
        headers={"Authorization": f"OAuth2 {token_of(number)}"},
        timeout=TIMEOUT,
    )
    status: dict[str, Any] = answer.json()
    if "idstr" not in status:
        raise RuntimeError(f"refused: {status}")
    return status


def _session() -> requests.Session:
    session: requests.Session | None = getattr(_here, "session", None)
    if session is None:
        session = _here.session = requests.Session()
        session.trust_env = False
        session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    return session
