"""The people outside: who writes to an account, what was said both ways, and what WeChat still allows to answer."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State

HOURS_48 = 48 * 3600
# WeChat's customer-service guide: what a citizen's act allows the account to send, and for how long.
GRANTS = {"message": (5, HOURS_48), "menu": (3, 60), "subscribe": (3, 60), "scan": (3, 60)}


def meet(state: State, account: Account, who: str) -> Doc:
    """The citizen of that id or name, made known to this account when new."""
    known = state.get("citizen", account.owner, who)
    if known:
        return known
    for each in state.all("citizen", account.owner):
        if each["name"] == who:
            return each
    return settle(state, account, who, int(state.now()))


def settle(state: State, account: Account, who: str, since: int) -> Doc:
    """Make a citizen known who was not, as a follower since then."""
    identity = _identity(account, who)
    body = {"id": identity, "name": who, "subscribed": True, "since": since, "remark": "", "tags": []}
    state.put("citizen", account.owner, identity, body)
    return state.get("citizen", account.owner, identity) or body


def _identity(account: Account, who: str) -> str:
    """An openid belongs to one account; a uid is ten digits everywhere. What already looks like one is kept."""
    digest = sha256(f"{account.external_id}:{who}".encode()).digest()
    if account.platform == "wechat":
        is_openid = who.isascii() and who.startswith("o") and len(who) == 28
        return who if is_openid else "o" + urlsafe_b64encode(digest)[:27].decode()
    digits = int.from_bytes(sha256(who.encode()).digest()[:8], "big") % 2_000_000_000
    return who if who.isascii() and who.isdigit() else str(2_000_000_000 + digits)


def find(state: State, account: Account, identity: str) -> Doc | None:
    return state.get("citizen", account.owner, identity)


def follow(state: State, account: Account, identity: str, following: bool) -> None:
    changes: Doc = {"subscribed": following}
    known = state.get("citizen", account.owner, identity)
    if known is None or known["subscribed"] == following:
        return
    changes["since" if following else "left"] = int(state.now())
    state.change("citizen", account.owner, identity, **changes)


def say(
    state: State, account: Account, identity: str, direction: str, text: str, at: float | None = None, **more: Any
) -> str:
    """Write one line of the private talk down; ``direction`` is in (to the account) or out."""
    number = str(state.add(account.owner, "said", "ever"))
    body = {"citizen": identity, "direction": direction, "text": text, **more}
    state.put("said", account.owner, number, body, at)
    return number


def talk(state: State, account: Account, identity: str) -> list[Doc]:
    return [each for each in state.all("said", account.owner, oldest_first=True) if each["citizen"] == identity]


def grant(state: State, account: Account, identity: str, act: str, at: float) -> None:
    """A citizen's act opens (or renews) an allowance; acts of different kinds stand beside each other."""
    count, seconds = GRANTS[act]
    state.put("grant", f"{account.owner}:{identity}", act, {"left": count, "until": at + seconds})


def close_window(state: State, account: Account, identity: str) -> None:
    for act in GRANTS:
        state.delete("grant", f"{account.owner}:{identity}", act)


def allowances(state: State, account: Account, identity: str) -> list[Doc]:
    """Those still within their time, whether used up or not."""
    held = state.all("grant", f"{account.owner}:{identity}")
    return sorted((each for each in held if each["until"] > state.now()), key=lambda each: float(each["until"]))


def spend(state: State, account: Account, identity: str, act: str) -> None:
    owner = f"{account.owner}:{identity}"
    held = state.get("grant", owner, act)
    if held:
        state.change("grant", owner, act, left=held["left"] - 1)
