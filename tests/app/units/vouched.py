"""Installations with an identity platform, and browsers that go there and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.db import db, utcnow
from app.units.access import SYSTEM
from app.units.models import BrowserSession, IdentityProvider, User
from app.units.provider import Settings, save_provider
from tests.app.units.identity_platform import CLIENT_ID, SECRET, IdentityPlatform

NAME = "省统一身份认证"


def settings_of(platform: IdentityPlatform, **instead: Any) -> Settings:
    given: dict[str, Any] = {
        "name": NAME,
        "issuer": platform.issuer,
        "client_id": CLIENT_ID,
        "secret": SECRET,
        "no_secret": False,
        "scopes": "openid profile email",
        "claim": "sub",
        "allowed": "",
        "trusts_mfa": False,
        "active": True,
    }
    return Settings(**{**given, **instead})


def set_up(platform: IdentityPlatform, now: datetime | None = None, **instead: Any) -> IdentityProvider:
    return save_provider(SYSTEM, settings_of(platform, **instead), now=now or utcnow())


def leave(client: FlaskClient, path: str = "/sign-in/provider") -> str:
    """Off to the platform, whose page agrees at once: the address to which it sends the browser back."""
    off = client.get(path)
    assert off.status_code == 302, off.get_data(as_text=True)
    agreed = requests.get(off.headers["Location"], allow_redirects=False, timeout=10)
    assert agreed.status_code == 302, agreed.text
    back = urlsplit(agreed.headers["Location"])
    return f"{back.path}?{back.query}"


def enter(client: FlaskClient, path: str = "/sign-in/provider") -> TestResponse:
    """There and back."""
    return client.get(leave(client, path))


def session_of(user: User) -> BrowserSession:
    """Their one open session."""
    db.session.rollback()
    return db.session.query(BrowserSession).filter_by(user_id=user.id).one()


def sessions_open(user: User) -> int:
    db.session.rollback()
    return db.session.query(BrowserSession).filter_by(user_id=user.id).count()
