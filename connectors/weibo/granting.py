"""OAuth 2 of Weibo: authorise, exchange the code once, and the hint that an authorisation was taken back.

Source: Oauth2/authorize, Oauth2/access_token, Oauth2/get_token_info, 授权机制 (取消授权回调页). A web app gets no refresh
token, so nothing renews itself; only `expires_in` tells how long a token lives.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from connectors.errors import CredentialsRefused, Forged, NotEntitled, RateLimited, Unavailable
from connectors.granting import Grant
from connectors.http import Http
from connectors.values import AccountConfig, AccountEvent, Callback, Token
from connectors.weibo import codes
from connectors.weibo.api import OPEN, Api
from connectors.weibo.ids import is_number

REVOKED = "authorization_revoked"
# Centuries are no lifetime, and soon more than a calendar holds.
_LONGEST_DIGITS = 10


def authorize_url(account: AccountConfig, http: Http, redirect_uri: str, state: str, switch: bool) -> str:
    """The page where the person agrees. Signed in and still authorised, they only see it flash by."""
    query = {
        "client_id": account.credentials.get("app_key", ""),
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "state": state,
        **({"forcelogin": "true"} if switch else {}),
    }
    return http.locate(f"{OPEN}/oauth2/authorize?{urlencode(query)}")


def exchange(account: AccountConfig, api: Api, code: str, redirect_uri: str, now: datetime) -> Grant:
    """One call for the token and one that asks whose it really is: the uid beside a token is no proof by itself."""
    form = {
        "client_id": account.credentials.get("app_key", ""),
        "client_secret": account.credentials.get("app_secret", ""),
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
    }
    answer = api.exchange(form)
    value, uid = str(answer.get("access_token") or ""), _text(answer.get("uid"))
    if not re.fullmatch(r"[!-~]{1,512}", value):
        row = codes.UNKNOWN_WRITE
        raise row.error("微博没有给出授权。", remedy="请从头重新授权。", who=row.who)
    _check_uid(account, uid)
    try:
        info = api.token_info(value)
    except (NotEntitled, RateLimited, Unavailable):
        pass
    else:
        # An answer that does not say whose the token is vouches for nobody.
        _check_uid(account, _text(info.get("uid")))
        _check_app(account, _text(info.get("appkey")))
    return Grant(token=Token(value=value, expires_at=_end(answer.get("expires_in"), now)), uid=uid)


def read_revocation(account: AccountConfig, callback: Callback, now: datetime) -> AccountEvent:
    """How `verification` is computed is documented nowhere: who calls must at least know app and account."""
    body = callback.body[:4096].decode("utf-8", "replace")
    told = {**dict(parse_qsl(body)), **callback.query}
    app = told.get("source") or told.get("client_id") or ""
    known = account.credentials.get("app_key", "")
    if not known or app != known or told.get("uid") != account.external_id:
        raise Forged("取消授权的通知不属于本账号。")
    uid = account.external_id
    return AccountEvent(external_id=f"revoked:{uid}:{int(now.timestamp())}", kind=REVOKED, sender_id=uid, at=now)


def _check_uid(account: AccountConfig, uid: str) -> None:
    if uid != account.external_id:
        raise CredentialsRefused(
            f"授权的是微博账号 {uid or '（未知）'}，不是本账号 {account.external_id}。原有授权未改动。",
            remedy="请换用本账号登录微博后重新授权。",
            who=codes.OPERATOR,
            code="uid",
        )


def _check_app(account: AccountConfig, app_key: str) -> None:
    known = account.credentials.get("app_key", "")
    if app_key and known and app_key != known:
        raise CredentialsRefused(
            f"授权来自应用 {app_key}，不是所填的 {known}。原有授权未改动。",
            remedy="请核对账号设置中的 App Key 后重新授权。",
            who=codes.ADMIN,
            code="appkey",
        )


def _end(expires_in: Any, now: datetime) -> datetime | None:
    """`remind_in` and tables of lifetimes are not to be trusted; without a sensible `expires_in` the end is unknown."""
    seconds = _text(expires_in)
    return now + timedelta(seconds=int(seconds)) if is_number(seconds) and len(seconds) <= _LONGEST_DIGITS else None


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
