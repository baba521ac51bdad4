"""Calls a day (Beijing) and a minute, per account and path; the defaults are a new account's.

``quotas`` of an account overrides them by the path without its first part: ``{"freepublish/submit": 3}``, and by the
minute: ``{"draft/add/minute": 2}``. Mass sends have their own: ``mass_per_day`` (subscription accounts, 1) and
``mass_per_month`` (service accounts, 4).
"""

from __future__ import annotations

from connectors.simulator import clock
from connectors.simulator.accounts import Account
from connectors.simulator.state import State
from connectors.simulator.wechat.errors import WeChatError

EVERYTHING_ELSE = 1_000_000
PER_DAY = {
    "token": 2000,
    "stable_token": 500_000,
    "media/upload": 100_000,
    "media/uploadimg": 100_000,
    "material/add_material": 100_000,
    "material/get_material": 200_000,
    "media/get": 200_000,
    "message/custom/send": 500_000,
    "message/mass/sendall": 100,
    "message/mass/send": 100,
    "message/mass/preview": 100,
    "draft/add": 1000,
    "draft/update": 1000,
    "draft/delete": 1000,
    "draft/count": 1000,
    "draft/batchget": 1000,
    "draft/get": 500,
    "freepublish/submit": 100,
    "freepublish/get": 100,
    "freepublish/delete": 10,
    "freepublish/getarticle": 100,
    "freepublish/batchget": 100,
    "user/get": 500,
    "user/info": 500_000,
    "user/info/updateremark": 10_000,
}
PER_MINUTE = {"stable_token": 10_000, "message/mass/sendall": 60, "message/mass/send": 60}


def short(path: str) -> str:
    """``/cgi-bin/draft/add`` -> ``draft/add``."""
    return path.removeprefix("/cgi-bin/").removeprefix("/")


def per_day(account: Account, path: str) -> int:
    return account.quota(short(path), PER_DAY.get(short(path), EVERYTHING_ELSE))


def per_minute(account: Account, path: str) -> int:
    return account.quota(f"{short(path)}/minute", PER_MINUTE.get(short(path), EVERYTHING_ELSE))


def used_today(state: State, account: Account, path: str, now: float) -> int:
    return state.counted(account.owner, short(path), clock.day(now))


def spend(state: State, account: Account, path: str, now: float) -> None:
    """Count one call. Raises 45011 (this minute) or 45009 (today); a refused call is not counted."""
    name = short(path)
    if state.counted(account.owner, name, clock.minute(now)) >= per_minute(account, path):
        raise WeChatError(45011)
    if used_today(state, account, path, now) >= per_day(account, path):
        raise WeChatError(45009)
    state.add(account.owner, name, clock.minute(now))
    state.add(account.owner, name, clock.day(now))


def spend_mass(state: State, account: Account, now: float) -> None:
    """One successful mass send a day, or four a month. Raises 45028."""
    if account.get("kind") == "service":
        period, limit = clock.month(now), account.quota("mass_per_month", 4)
    else:
        period, limit = clock.day(now), account.quota("mass_per_day", 1)
    if state.counted(account.owner, "mass_sent", period) >= limit:
        raise WeChatError(45028)
    state.add(account.owner, "mass_sent", period)


def give_back_mass(state: State, account: Account, sent_at: float) -> None:
    """A job that failed did not use the quota up: only successful ones count."""
    period = clock.month(sent_at) if account.get("kind") == "service" else clock.day(sent_at)
    state.add(account.owner, "mass_sent", period, -1)
