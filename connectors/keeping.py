"""Connections that are kept alive between calls, by whichever thread and account, without carrying anything over."""

from __future__ import annotations

import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool

# Seconds after which a kept connection is not used again: what the other side closes in the very moment of a write would
# leave its outcome unknown.
IDLE = 10.0
# One session serves many accounts: what the platform tells one of them is never sent for another.
NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])


class Kept(HTTPConnectionPool):
    def _get_conn(self, timeout: float | None = None) -> Any:
        found: Any = super()._get_conn(timeout)
        if found.sock is not None and time.monotonic() - getattr(found, "kept_since", 0.0) > IDLE:
            found.close()
        return found

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.kept_since = time.monotonic()
        super()._put_conn(conn)
