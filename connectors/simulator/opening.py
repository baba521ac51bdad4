"""New accounts on the page of drills: opened by a person as at the platform, with what an app there is given.

Also what one registers there for an app: where pushes go, and the addresses and domains the platform checks.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.simulator import accounts, callbacks
from connectors.simulator.accounts import Account, Misregistered
from connectors.simulator.forms import account_of, own_origin
from connectors.simulator.state import Doc, State
from connectors.simulator.things import Impossible

LONGEST_NAME = 40
# What the page shows of an app, to be copied into the console; and what may be registered there: (key, words).
KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    "weibo": (
        ("external_id", "UID"),
        ("app_key", "App Key"),
        ("app_secret", "App Secret"),
        ("access_token", "Access Token（也可以不填，改用“用微博账号授权”）"),
    ),
    "wechat": (("external_id", "原始 ID"), ("app_id", "AppID"), ("app_secret", "AppSecret")),
}
REGISTERED = {
    "weibo": (
        ("safe_domain", "安全域名"),
        ("callback_url", "消息推送网址"),
        ("redirect_uri", "授权回调页（不填则不能授权）"),
        ("revoke_url", "取消授权回调页"),
    ),
    "wechat": (
        ("callback_url", "服务器地址（URL）"),
        ("token", "令牌（Token）"),
        ("encoding_aes_key", "消息加解密密钥（EncodingAESKey）"),
    ),
}
_URLS = ("callback_url", "redirect_uri", "revoke_url")


def keys(account: Account) -> list[tuple[str, str]]:
    """(words, value) of what the console asks for."""
    held = {**account.settings, "external_id": account.external_id}
    return [(words, str(held[key])) for key, words in KEYS[account.platform]]


def registered(account: Account) -> list[tuple[str, str, str]]:
    """(key, words, value) of what stands registered for the app."""
    return [(key, words, str(account.get(key, ""))) for key, words in REGISTERED[account.platform]]


def open_account(state: State, request: Request) -> Response:
    platform, name = request.form.get("platform", ""), request.form.get("name", "").strip()
    if platform not in REGISTERED:
        raise Impossible("没有新建账号。没有选平台。请选择微博或微信。")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Impossible(f"没有新建账号。名称要 1 至 {LONGEST_NAME} 个字。请改一改再试。")
    with state.transaction():
        external_id, body = _weibo(state) if platform == "weibo" else _wechat()
        account = accounts.register(state, platform, external_id, {**body, "name": name})
    return _shown("opened", account)


def _weibo(state: State) -> tuple[str, Doc]:
    """An ordinary, audited app; its safe domain is the neighbours', since one console serves them all."""
    domain = next(
        (str(each.get("safe_domain")) for each in accounts.everyone(state, "weibo") if each.get("safe_domain")), ""
    )
    body: Doc = {"app_key": _digits(10), "app_secret": secrets.token_hex(16), "safe_domain": domain}
    return _digits(10), body | {"access_token": f"2.00{secrets.token_urlsafe(21)}"}


def _wechat() -> tuple[str, Doc]:
    """A verified subscription account."""
    aes = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=").replace("+", "x").replace("/", "y")
    body: Doc = {"app_id": f"wx{secrets.token_hex(8)}", "app_secret": secrets.token_hex(16)}
    return f"gh_{secrets.token_hex(6)}", body | {"token": secrets.token_hex(12), "encoding_aes_key": aes}


def _digits(count: int) -> str:
    return str(secrets.choice("23456789")) + "".join(secrets.choice("0123456789") for _ in range(count - 1))


def register_app(state: State, request: Request) -> Response:
    """What the form says about the app; a push address is tried at once, as the platforms do."""
    account = account_of(state, request)
    changes: dict[str, Any] = {}
    for key, words in REGISTERED[account.platform]:
        value = request.form.get(key, str(account.get(key, ""))).strip()
        if key in _URLS and value and not re.match(r"https?://\S+$", value):
            raise Impossible(f"没有保存。“{words}”要以 http:// 或 https:// 开头。请从控制台的账号页复制。")
        changes[key] = value or (None if key in _URLS or key == "safe_domain" else "")
    try:
        with state.transaction():
            account = accounts.register(state, account.platform, account.external_id, changes)
    except Misregistered as error:
        raise Impossible("没有保存。令牌不能为空，密钥要 43 位。请从控制台完整复制。") from error
    if not changes["callback_url"]:
        return _shown("saved", account)
    return _shown("verified" if callbacks.verify(state, account)["ok"] else "not_verified", account)


def _shown(what: str, account: Account) -> Response:
    query = urlencode({"said": what, "opened": account.owner})
    return redirect(f"/drill?{query}#{account.platform}-{account.external_id}", 303, Response)


ROUTES: dict[tuple[str, str], Callable[..., Response]] = {
    ("POST", r"/drill/open"): own_origin(open_account),
    ("POST", r"/drill/app"): own_origin(register_app),
}
