"""Tokens' addresses, quotas, rids, network checks and the menu."""

from __future__ import annotations

import re

from connectors.simulator import accounts, clock
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat import quotas, tokens
from connectors.simulator.wechat.api import ENDPOINTS, OK, endpoint
from connectors.simulator.wechat.errors import WeChatError

CLEARED_PER_MONTH = 10
ONE_CLEARED_PER_MONTH = 50
RID_LIFE = 7 * 86400
RID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}")
HIDDEN = ("seq", "key", "at", "external_id")


@endpoint("/cgi-bin/token", "GET", needs_token=False)
def token(call: Call) -> Doc:
    return tokens.issue_plain(call)


@endpoint("/cgi-bin/stable_token", needs_token=False)
def stable_token(call: Call) -> Doc:
    return tokens.issue_stable(call)


@endpoint("/cgi-bin/openapi/quota/get")
def quota(call: Call) -> Doc:
    path = str(call.json.get("cgi_path", ""))
    if path not in ENDPOINTS:
        raise WeChatError(76021)
    limit, used = quotas.per_day(call.me, path), quotas.used_today(call.state, call.me, path, call.now)
    rate = {"call_count": quotas.per_minute(call.me, path), "refresh_second": 60}
    return {**OK, "quota": {"daily_limit": limit, "used": used, "remain": limit - used}, "rate_limit": rate}


@endpoint("/cgi-bin/openapi/rid/get")
def rid(call: Call) -> Doc:
    """What an error was, for seven days, to the account that got it (76001 none, 76002 no rid, 76003 another's, 76004 old)."""
    asked = str(call.json.get("rid", ""))
    if not RID.fullmatch(asked):
        raise WeChatError(76002)
    held = call.state.get("rid", "", asked)
    if held is None:
        raise WeChatError(76001)
    if held["external_id"] not in ("", call.me.external_id):
        raise WeChatError(76003)
    if call.now - held["at"] > RID_LIFE:
        raise WeChatError(76004)
    return {**OK, "request": {key: value for key, value in held.items() if key not in HIDDEN}}


@endpoint("/cgi-bin/clear_quota")
def clear_quota(call: Call) -> Doc:
    if call.json.get("appid") != call.me.settings["app_id"]:
        raise WeChatError(40013)
    return _clear(call, call.me)


@endpoint("/cgi-bin/clear_quota/v2", needs_token=False)
def clear_quota_v2(call: Call) -> Doc:
    """By the secret, for when even the quota of tokens is gone."""
    asked = {**call.params, **(call.json if call.body else {})}
    account = accounts.by_app_id(call.state, str(asked.get("appid", "")))
    if account is None:
        raise WeChatError(40013)
    if asked.get("appsecret") != account.settings["app_secret"]:
        raise WeChatError(40125)
    return _clear(call, account)


def _clear(call: Call, account: accounts.Account) -> Doc:
    if call.state.counted(account.owner, "clear_quota", clock.month(call.now)) >= CLEARED_PER_MONTH:
        raise WeChatError(48006)
    sent = call.state.counted(account.owner, "mass_sent", clock.day(call.now))
    call.state.forget_counts(account.owner, clock.day(call.now))
    if sent:  # mass sends are no calls: they stay counted
        call.state.add(account.owner, "mass_sent", clock.day(call.now), sent)
    call.state.add(account.owner, "clear_quota", clock.month(call.now))
    return OK


@endpoint("/cgi-bin/openapi/quota/clear")
def clear_one(call: Call) -> Doc:
    path = str(call.json.get("cgi_path", ""))
    if path not in ENDPOINTS:
        raise WeChatError(76021)
    if call.state.counted(call.me.owner, "clear_one", clock.month(call.now)) >= ONE_CLEARED_PER_MONTH:
        raise WeChatError(48006)
    call.state.add(call.me.owner, "clear_one", clock.month(call.now))
    call.state.forget_counts(call.me.owner, clock.day(call.now), quotas.short(path))
    return OK


@endpoint("/cgi-bin/getcallbackip", "GET")
def getcallbackip(call: Call) -> Doc:
    return {"ip_list": ["106.55.206.146", "106.55.206.211"]}


@endpoint("/cgi-bin/get_api_domain_ip", "GET")
def get_api_domain_ip(call: Call) -> Doc:
    return {"ip_list": ["101.226.212.27"]}


@endpoint("/cgi-bin/callback/check")
def callback_check(call: Call) -> Doc:
    if call.json.get("action") not in ("dns", "ping", "all"):
        raise WeChatError(40201, "invalid action")
    operator = {"ip": "111.161.64.40", "real_operator": "UNICOM"}
    ping = {"ip": "111.161.64.40", "from_operator": "UNICOM", "package_loss": "0%", "time": "23.079ms"}
    return {"dns": [operator], "ping": [ping]}


@endpoint("/cgi-bin/menu/create")
def menu_create(call: Call) -> Doc:
    if not isinstance(call.json.get("button"), list) or not 1 <= len(call.json["button"]) <= 3:
        raise WeChatError(40097)
    call.state.put("menu", call.me.owner, "menu", {"button": call.json["button"]})
    return OK


@endpoint("/cgi-bin/menu/get", "GET")
def menu_get(call: Call) -> Doc:
    menu = call.state.get("menu", call.me.owner, "menu")
    if menu is None:
        raise WeChatError(46003)
    return {"menu": {"button": menu["button"]}}


@endpoint("/cgi-bin/menu/delete", "GET")
def menu_delete(call: Call) -> Doc:
    call.state.delete("menu", call.me.owner, "menu")
    return OK
