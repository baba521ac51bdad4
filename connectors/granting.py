"""Platforms where a person grants access by signing in there: the address to send them to, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.errors import Forged, NotEntitled
from connectors.values import AccountEvent, Callback, Token


@dataclass(frozen=True, kw_only=True)
class Grant:
    """An access token that the account's own person just granted."""

    token: Token
    uid: str


class Granting:
    """The default of every platform: none. `Capabilities.offers` names "authorize" where it works."""

    def authorize_url(self, *, redirect_uri: str, state: str, switch: bool = False) -> str:
        """Where the person signs in and agrees; `switch` makes the platform ask for an account anew. Pure."""
        raise NotEntitled("这个平台不用授权登录。", remedy="请在账号页填写凭据。", who="账号管理员")

    def exchange(self, code: str, *, redirect_uri: str) -> Grant:
        """The token for the code that came back. A code works once: never repeated by itself, whatever happened.

        Raises CredentialsRefused for a used code, and for a token of another account or app than this one.
        """
        raise NotEntitled("这个平台不用授权登录。", remedy="请在账号页填写凭据。", who="账号管理员")

    def read_revocation(self, callback: Callback) -> AccountEvent:
        """The platform's word that somebody took the authorisation back: a hint, nobody signed it. Raises Forged."""
        raise Forged("这个平台没有取消授权的回调。")
