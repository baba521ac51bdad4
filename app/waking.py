"""Waking the schedulers when something may be due: by PostgreSQL's notifications."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
from sqlalchemy import func, select

from app.db import TIMELY, db

WAKE_CHANNEL = "tandem_wake"
_listener: psycopg.Connection[Any] | None = None
_listener_lock = threading.Lock()


def wake() -> None:
    """Tell waiting schedulers that something may be due (PostgreSQL, at commit; on SQLite they look by themselves)."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(select(func.pg_notify(WAKE_CHANNEL, "")))


def wait_for_wake(timeout: float, here: threading.Event) -> bool:
    """Sleep until wake() or `timeout` seconds; True when woken. Listens on its own autocommit connection.

    SQLite tells nobody: there only `here`, set by this process's own work, ends the sleep early.
    """
    global _listener
    if db.engine.dialect.name != "postgresql":
        woken = here.wait(timeout)
        here.clear()
        return woken
    with _listener_lock:
        try:
            if _listener is None or _listener.closed or _listener.info.dbname != db.engine.url.database:
                stop_listening()
                _listener = _listen()
            return any(True for _notify in _listener.notifies(timeout=timeout, stop_after=1))
        except psycopg.OperationalError:
            # The server went away: the next wait connects afresh; this one must not spin.
            _listener = None
            time.sleep(timeout)
            return False


def stop_listening() -> None:
    """Close the connection that wait_for_wake() keeps."""
    global _listener
    if _listener is not None:
        _listener.close()
        _listener = None


def _listen() -> psycopg.Connection[Any]:
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg.connect(url, autocommit=True, **TIMELY)
    connection.execute(f"LISTEN {WAKE_CHANNEL}")
    return connection
