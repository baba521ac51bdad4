"""MarkFail: a WeChat account whose callback fails too often gets nothing for one minute, and what fell out is lost.

How many failures make it is not documented; here it is five pushes in a row, or the account's ``mark_fail_after``.
"""

from __future__ import annotations

from connectors.simulator import clock
from connectors.simulator.accounts import Account
from connectors.simulator.state import State

FAILURES = 5
SECONDS = 60


def drops(state: State, account: Account) -> bool:
    """Whether pushes to this account are being dropped now."""
    return until(state, account) > state.now()


def until(state: State, account: Account) -> float:
    held = state.get("mark", account.owner, "fail")
    return float(held["until"]) if held else 0.0


def count(state: State, account: Account, delivered: bool, milliseconds: int) -> None:
    """Count one push for the statistics, and for the mark."""
    owner, now = f"{account.owner}:pushes", state.now()
    with state.transaction():
        for period in (clock.day(now), clock.hour(now)):
            state.add(owner, "count", period)
            state.add(owner, "ms", period, milliseconds)
            state.add(owner, "fail", period, int(not delivered))
            slowest = state.counted(owner, "slowest", period)
            state.add(owner, "slowest", period, max(0, milliseconds - slowest))
        if account.platform == "wechat":
            _mark(state, account, delivered, now)


def _mark(state: State, account: Account, delivered: bool, now: float) -> None:
    held = state.get("mark", account.owner, "fail") or {"failed": 0, "until": 0.0}
    failed = 0 if delivered else held["failed"] + 1
    full = failed >= int(account.get("mark_fail_after", FAILURES))
    body = {"failed": 0 if full else failed, "until": now + SECONDS if full else held["until"]}
    state.put("mark", account.owner, "fail", body)
