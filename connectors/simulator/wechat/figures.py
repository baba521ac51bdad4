"""Who read, shared, liked or kept an article, by day in Beijing: what the statistics later tell."""

from __future__ import annotations

from connectors.simulator import clock
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State

ACTS = ("read", "share", "like", "zaikan", "collection")
SHOWN = {"read": "views", "like": "likes"}  # kept on the article as well, for its page


def _owner(account: Account, article_id: str, index: int) -> str:
    return f"{account.owner}:{article_id}:{index}"


def add(state: State, account: Account, issue: Doc, index: int, act: str, n: int = 1, at: float | None = None) -> None:
    """Count `n` people who did `act` (one of ACTS) to the article at a 0-based index."""
    day = clock.day(state.now() if at is None else at)
    state.add(_owner(account, issue["key"], index), act, day, n)
    if act in SHOWN:
        issue["items"][index][SHOWN[act]] += n
        state.change("issue", account.owner, issue["key"], items=issue["items"])


def on(state: State, account: Account, issue: Doc, index: int, day: str) -> dict[str, int]:
    """What was done to an article on one day."""
    owner = _owner(account, issue["key"], index)
    return {act: state.counted(owner, act, day) for act in ACTS}


def until(state: State, account: Account, issue: Doc, index: int, day: str) -> dict[str, int]:
    """What was done to an article up to and on a day."""
    owner = _owner(account, issue["key"], index)
    return {act: state.counted_until(owner, act, day) for act in ACTS}
