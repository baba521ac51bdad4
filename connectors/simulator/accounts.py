"""The accounts that exist on the simulated platforms: what is asked when they are registered, and how to find them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.simulator.state import Doc, State

DAY = 86400
FIVE_YEARS = 1825 * DAY  # 157 680 000 seconds
SECRETS = ("app_secret", "access_token", "token", "encoding_aes_key")

# Every key that may be sent: its type. `None` is allowed where a key may be taken back.
WEIBO_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "app_key": (str,),
    "app_secret": (str,),
    "access_token": (str,),
    "expires_at": (str, type(None)),
    "level": (str,),
    "rights": (list,),
    "denied": (list,),
    "safe_domain": (str, type(None)),
    "audited": (bool,),
    "redirect_uri": (str, type(None)),
    "revoke_url": (str, type(None)),
    "callback_url": (str, type(None)),
    "push_format": (str,),
    "quotas": (dict,),
    "tester": (bool,),
    "owns_app": (bool,),
    "audit": (str,),
    "audit_seconds": (int, float),
}
WECHAT_KEYS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "app_id": (str,),
    "app_secret": (str,),
    "token": (str,),
    "encoding_aes_key": (str,),
    "kind": (str,),
    "verified": (bool,),
    "rights": (list,),
    "callback_url": (str, type(None)),
    "callback_mode": (str,),
    "ip_whitelist": (list, type(None)),
    "quotas": (dict,),
    "review_seconds": (int, float),
    "review_result": (int,),
    "admin_confirm": (bool,),
    "empty_article_urls": (bool,),
    "open_platform": (bool,),
    "kf_enabled": (bool,),
    "mark_fail_after": (int,),
    "verification_expired": (bool,),
    "secret_frozen": (bool,),
    "account_frozen": (bool,),
    "ip_confirm": (str, type(None)),
    "originality": (str,),
}
REQUIRED = {
    "weibo": ("name", "app_key", "app_secret", "access_token"),
    "wechat": ("name", "app_id", "app_secret", "token", "encoding_aes_key"),
}
DEFAULTS: dict[str, Doc] = {
    "weibo": {"level": "share", "rights": [], "denied": [], "safe_domain": "", "audited": True, "push_format": "json"},
    "wechat": {"kind": "subscription", "verified": True, "callback_mode": "safe", "review_seconds": 2},
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "level": ("share", "full", "business"),
    "kind": ("subscription", "service"),
    "callback_mode": ("plain", "compatible", "safe"),
    "push_format": ("json", "xml"),
    "review_result": (0, 2, 3, 4),
    "originality": ("none", "may_reprint", "may_not_reprint", "check_failed"),
    "ip_confirm": ("ask", "refused_hour", "refused_day", None),
    "audit": ("pass", "hide", "remove"),
}
VERIFIED_RIGHTS = ("freepublish", "mass", "comment", "custom", "datacube")


class Misregistered(Exception):
    """What was sent to register an account is not right; the message names the key."""


@dataclass(frozen=True)
class Account:
    platform: str
    external_id: str
    settings: Mapping[str, Any]

    @property
    def owner(self) -> str:
        return f"{self.platform}:{self.external_id}"

    @property
    def name(self) -> str:
        return str(self.settings["name"])

    def get(self, key: str, default: Any = None) -> Any:
        value = self.settings.get(key)
        return default if value is None else value

    @property
    def rights(self) -> frozenset[str]:
        """The rights given by name, else what a verified WeChat account has; an unverified one has none of them."""
        given = self.settings.get("rights")
        if given is None and self.platform == "wechat":
            given = VERIFIED_RIGHTS if self.settings["verified"] else ()
        return frozenset(given or ())

    def quota(self, name: str, default: int) -> int:
        return int(self.get("quotas", {}).get(name, default))

    def public(self) -> Doc:
        shown = {key: value for key, value in self.settings.items() if key not in (*SECRETS, "seq", "key", "at")}
        return {"platform": self.platform, "external_id": self.external_id, **shown}


def register(state: State, platform: str, external_id: str, body: Mapping[str, Any]) -> Account:
    """Create the account, or change the keys given. Raises Misregistered naming what is unknown, missing or wrong."""
    if platform not in REQUIRED:
        raise Misregistered(f"unknown platform: {platform}")
    _validate(platform, body)
    before = state.get("account", platform, external_id)
    settings = {**(before or DEFAULTS[platform]), **body}
    missing = [key for key in REQUIRED[platform] if not settings.get(key)]
    if missing:
        raise Misregistered(f"missing keys: {', '.join(missing)}")
    account = Account(platform, external_id, settings)
    state.put("account", platform, external_id, dict(settings), at=(before or {}).get("at"))
    if platform == "weibo":
        _remember_token(state, account, before)
    else:
        state.put("app", "wechat", str(settings["app_id"]), {"external_id": external_id})
    return account


def _validate(platform: str, body: Mapping[str, Any]) -> None:
    keys = WEIBO_KEYS if platform == "weibo" else WECHAT_KEYS
    unknown = sorted(set(body) - set(keys))
    if unknown:
        raise Misregistered(f"unknown keys: {', '.join(unknown)}")
    for key, value in body.items():
        if not isinstance(value, keys[key]) or (isinstance(value, bool) and bool not in keys[key]):
            raise Misregistered(f"{key}: wrong type {type(value).__name__}")
        if key in CHOICES and value not in CHOICES[key]:
            raise Misregistered(f"{key}: must be one of {', '.join(map(str, CHOICES[key]))}")
    if len(body.get("encoding_aes_key", "x" * 43)) != 43:
        raise Misregistered("encoding_aes_key: must be 43 characters")
    if body.get("expires_at"):
        _timestamp(body["expires_at"])


def _timestamp(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misregistered(f"expires_at: not ISO 8601: {text}") from error
    if moment.tzinfo is None:
        raise Misregistered("expires_at: must carry an offset")
    return moment.timestamp()


def token_life(account: Account) -> int:
    """Seconds a Weibo token lives: the app owner's own five years, an audited app's 30 days, another's one day."""
    if account.get("owns_app"):
        return FIVE_YEARS
    return 30 * DAY if account.settings["audited"] else DAY


def _remember_token(state: State, account: Account, before: Doc | None) -> None:
    if before and before["access_token"] != account.settings["access_token"]:
        state.delete("token", "weibo", before["access_token"])
    expires_at = account.get("expires_at")
    expires = _timestamp(expires_at) if expires_at else state.now() + token_life(account)
    # A token that ends sooner than its kind lives was given earlier.
    issued = min(state.now(), expires - token_life(account))
    body = {"external_id": account.external_id, "issued": issued, "expires": expires}
    state.put("token", "weibo", str(account.settings["access_token"]), body)


def load(state: State, platform: str, external_id: str) -> Account | None:
    settings = state.get("account", platform, external_id)
    return Account(platform, external_id, settings) if settings else None


def by_app_id(state: State, app_id: str) -> Account | None:
    app = state.get("app", "wechat", app_id)
    return load(state, "wechat", app["external_id"]) if app else None


def by_token(state: State, platform: str, token: str) -> Account | None:
    """Whose token this is or was; says nothing about its being valid."""
    held = state.get("token", platform, token)
    return load(state, platform, held["external_id"]) if held else None


def everyone(state: State, platform: str | None = None) -> list[Account]:
    platforms = (platform,) if platform else ("weibo", "wechat")
    return [
        Account(each, settings["key"], settings)
        for each in platforms
        for settings in state.all("account", each, oldest_first=True)
    ]
