"""What the platforms say of the accounts themselves: allowances and day figures, once a day and when a limit was met."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from app.accounts import readings
from app.accounts.services import note_refused
from scheduler.runtime import Runtime

# Accounts in flight in one process, however slow their platform: publishing keeps the rest of the pool.
AT_ONCE = 4


def tick(runtime: Runtime, now: datetime) -> int:
    """One round. Returns how many accounts were taken on."""
    room = runtime.room("reading", AT_ONCE)
    if room <= 0:
        return 0
    ids = readings.claim(now, room)
    for account_id in ids:
        runtime.submit(partial(_read, runtime, account_id), "reading")
    return len(ids)


def _read(runtime: Runtime, account_id: str) -> None:
    failure = readings.read(account_id, runtime.clock())
    if failure is not None:
        note_refused(account_id, failure, runtime.clock())
