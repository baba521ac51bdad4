"""OAuth 2: authorise, exchange a code once, ask about a token, revoke it."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from connectors.simulator import accounts
from connectors.simulator.accounts import Account
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.templating import page
from connectors.simulator.weibo.api import check_token, endpoint
from connectors.simulator.weibo.errors import OAuthError, WeiboError

CODE_LIFE = 600
SCOPES = {
    "all": "以下全部权限",
    "email": "你的邮箱",
    "direct_messages_write": "发送私信",
    "direct_messages_read": "读取私信",
    "invitation_write": "发送邀请",
    "friendships_groups_read": "读取好友分组",
    "friendships_groups_write": "修改好友分组",
    "statuses_to_me_read": "读取定向微博",
    "follow_app_official_microblog": "关注应用的官方微博",
}
HINTS = {
    21322: "链接里的回调地址与应用登记的“授权回调页”不一致或没有登记，差一个斜杠、http 与 https 之别都算。",
    21323: "链接里缺少 client_id 或 redirect_uri。",
    21324: "没有这个 App Key。",
    21329: "response_type 只能是 code。",
}


def _of_app(call: Call) -> list[Account]:
    """The accounts whose app this is, after checking key and callback address."""
    wanted = call.params.get("client_id") or call.params.get("source", "")
    if not wanted or not call.params.get("redirect_uri"):
        raise OAuthError(21323)
    found = [each for each in accounts.everyone(call.state, "weibo") if each.settings["app_key"] == wanted]
    if not found:
        raise OAuthError(21324)
    if found[0].get("redirect_uri") != call.params["redirect_uri"]:
        raise OAuthError(21322)
    return found


@endpoint("/oauth2/authorize", "GET", "POST", needs_token=False)
def authorize(call: Call) -> Response:
    """GET shows whom one may sign in as; POST with uid is the press of 同意授权. A wrong link is told as a page."""
    try:
        found = _of_app(call)
        if call.params.get("response_type", "code") != "code":
            raise OAuthError(21329, "", "不支持的ResponseType.")
    except OAuthError as error:
        if "text/html" not in call.request.headers.get("Accept", ""):
            raise
        call.problem = str(error.code)
        return page("authorize_refused.html", 400, error=error, hint=HINTS.get(error.code, ""))
    if call.request.method == "GET":
        return page("authorize.html", form_anywhere=True, people=found, fields=call.params, scopes=_scopes(call))
    chosen = next((each for each in found if each.external_id == call.params.get("uid")), found[0])
    back: Doc = {"state": call.params["state"]} if call.params.get("state") else {}
    if call.params.get("action") == "cancel":
        back |= {"error": "access_denied", "error_code": 21330}
    else:
        back["code"] = secrets.token_hex(16)
        held = {"external_id": chosen.external_id, "redirect_uri": call.params["redirect_uri"], "used": False}
        call.state.put("code", "weibo", back["code"], held)
    uri = call.params["redirect_uri"]
    return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(back)}", 302, Response)


def _scopes(call: Call) -> list[str]:
    asked = [each.strip() for each in call.params.get("scope", "").split(",")]
    return [SCOPES.get(each, each) for each in asked if each]


@endpoint("/oauth2/access_token", "POST", needs_token=False)
def access_token(call: Call) -> Doc:
    """A code works once, for ten minutes; no web app gets a refresh token."""
    found = _of_app(call)
    if call.params.get("client_secret") != found[0].settings["app_secret"]:
        raise OAuthError(21324)
    if call.params.get("grant_type") != "authorization_code":
        raise OAuthError(21328)
    code = call.params.get("code", "")
    held = call.state.get("code", "weibo", code)
    if held is None or held["used"] or call.now - held["at"] > CODE_LIFE:
        raise OAuthError(21325, "", f"invalid authorization code:{code}")
    if held["redirect_uri"] != call.params["redirect_uri"]:
        raise OAuthError(21322)
    call.state.change("code", "weibo", code, used=True)
    return _issue(call, next(each for each in found if each.external_id == held["external_id"]))


def _issue(call: Call, account: Account) -> Doc:
    seconds = accounts.token_life(account) - 1
    token = f"2.00{secrets.token_urlsafe(21)}"
    body = {"external_id": account.external_id, "issued": call.now, "expires": call.now + seconds}
    call.state.put("token", "weibo", token, body)
    told = {"access_token": token, "remind_in": str(seconds), "expires_in": seconds}
    return told | {"uid": account.external_id, "isRealName": "true"}


@endpoint("/oauth2/get_token_info", "POST", needs_token=False)
def get_token_info(call: Call) -> Doc:
    """The key is ``expire_in``; numbers, although the documentation's table says strings."""
    check_token(call)
    held = call.state.get("token", "weibo", call.token)
    if held is None:
        raise WeiboError(21332)
    key = str(call.me.settings["app_key"])
    return {
        "uid": int(call.me.external_id) if call.me.external_id.isdigit() else call.me.external_id,
        "appkey": int(key) if key.isdigit() else key,
        "scope": None,
        "create_at": int(held["issued"]),
        "expire_in": int(held["expires"] - call.now),
    }


@endpoint("/oauth2/revokeoauth2", "GET", "POST", needs_token=False)
def revoke(call: Call) -> Doc:
    check_token(call)
    call.state.change("token", "weibo", call.token, revoked=True)
    return {"result": "true"}
