"""Access tokens in their two separate spaces.

``/cgi-bin/token``: every call issues a new one and the one before dies five minutes later. ``/cgi-bin/stable_token``:
the same one with its remaining seconds, renewed in its last five minutes, or at once by ``force_refresh``.
"""

from __future__ import annotations

import secrets
from typing import Any

from connectors.simulator import accounts, clock
from connectors.simulator.accounts import Account
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat import quotas
from connectors.simulator.wechat.errors import WeChatError

LIFETIME = 7200
OVERLAP = 300
FORCED_PER_DAY = 20
FORCED_APART = 30
CONFIRMING = {"ask": 89503, "refused_hour": 89507, "refused_day": 89506}


def check(call: Call) -> None:
    """Refuse a call without a living token: 41001, 40014 (malformed), 40001 (unknown or not latest), 42001 (old)."""
    if not call.token:
        raise WeChatError(41001)
    held = call.state.get("token", "wechat", call.token)
    if held is None or call.account is None:
        raise WeChatError(40001 if len(call.token) >= 100 else 40014)
    if held.get("dies") and call.now >= held["dies"]:
        raise WeChatError(40001)
    if call.now >= held["expires"]:
        raise WeChatError(42001)


def issue_plain(call: Call) -> Doc:
    account = _credentials(call, call.params)
    return _issue(call, account, "plain", OVERLAP)


def issue_stable(call: Call) -> Doc:
    asked = call.json
    account = _credentials(call, asked)
    if asked.get("force_refresh"):
        _spend_force(call, account)
        return _issue(call, account, "stable", 0)
    latest = _latest(call, account, "stable")
    if latest and latest["expires"] - call.now > OVERLAP and not latest.get("dies"):
        return {"access_token": latest["key"], "expires_in": int(latest["expires"] - call.now)}
    return _issue(call, account, "stable", OVERLAP)


def _credentials(call: Call, asked: dict[str, Any]) -> Account:
    if not asked.get("appid"):
        raise WeChatError(41002)
    if not asked.get("secret"):
        raise WeChatError(41004)
    if asked.get("grant_type") != "client_credential":
        raise WeChatError(40002)
    account = accounts.by_app_id(call.state, str(asked["appid"]))
    if account is None:
        raise WeChatError(40013)
    call.account = account
    if account.get("secret_frozen"):
        raise WeChatError(40243)
    if asked["secret"] != account.settings["app_secret"]:
        raise WeChatError(40125)
    if account.get("account_frozen"):
        raise WeChatError(50007)
    _whitelisted(call, account)
    quotas.spend(call.state, account, call.path, call.now)
    return account


def _whitelisted(call: Call, account: Account) -> None:
    allowed = account.settings.get("ip_whitelist")
    if allowed is not None and call.remote_ip not in allowed:
        ip = call.remote_ip
        raise WeChatError(40164, f"invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist")
    if account.get("ip_confirm"):
        raise WeChatError(CONFIRMING[account.settings["ip_confirm"]])


def _spend_force(call: Call, account: Account) -> None:
    last = call.state.get("forced", "wechat", account.external_id)
    if last and call.now - last["at"] < FORCED_APART:
        raise WeChatError(45011)
    if call.state.counted(account.owner, "force_refresh", clock.day(call.now)) >= FORCED_PER_DAY:
        raise WeChatError(45009)
    call.state.add(account.owner, "force_refresh", clock.day(call.now))
    call.state.put("forced", "wechat", account.external_id, {})


def _latest(call: Call, account: Account, space: str) -> Doc | None:
    pointer = call.state.get("latest_token", account.owner, space)
    return call.state.get("token", "wechat", pointer["token"]) if pointer else None


def _issue(call: Call, account: Account, space: str, overlap: int) -> Doc:
    before = _latest(call, account, space)
    if before and not before.get("dies"):
        call.state.change("token", "wechat", before["key"], dies=call.now + overlap)
    token = f"90_{secrets.token_urlsafe(100)}"
    body = {"external_id": account.external_id, "space": space, "expires": call.now + LIFETIME}
    call.state.put("token", "wechat", token, body)
    call.state.put("latest_token", account.owner, space, {"token": token})
    return {"access_token": token, "expires_in": LIFETIME}


def forget(call: Call) -> None:
    """The fault `expire_token`: this token is dead from now on, for everybody who holds it."""
    if call.state.get("token", "wechat", call.token):
        call.state.change("token", "wechat", call.token, expires=call.now, dies=None)
