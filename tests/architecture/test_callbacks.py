"""Every callback route, of every platform there is, refuses what the platform did not sign."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from app.accounts.forms import PLATFORMS
from app.accounts.models import CallbackSeen
from app.db import db
from connectors.registry import CONNECTORS
from tests.app.accounts.kit import Office, connect_wechat, connect_weibo, office

__all__ = ["office"]

CONNECT: dict[str, Any] = {"weibo": connect_weibo, "wechat": connect_wechat}


def callback_rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("callbacks.")]


def test_every_platform_is_covered() -> None:
    assert set(CONNECT) == set(CONNECTORS) == set(PLATFORMS)


def test_there_are_callback_routes_and_none_elsewhere(app: Flask) -> None:
    assert callback_rules(app)
    stray = [rule for rule in app.url_map.iter_rules() if "callback" in rule.rule and rule not in callback_rules(app)]
    assert not stray


@pytest.mark.parametrize("platform", sorted(CONNECTORS))
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"signature": "0" * 40, "timestamp": "1783818000", "nonce": "1", "echostr": "1"},
        {"signature": "", "msg_signature": "", "timestamp": "", "nonce": ""},
        {"msg_signature": "é" * 40, "signature": "é" * 40, "timestamp": "x", "nonce": "1", "encrypt_type": "aes"},
    ],
)
def test_a_bad_signature_is_refused_and_leaves_nothing(
    app: Flask, office: Office, platform: str, method: str, query: dict[str, str]
) -> None:
    account = CONNECT[platform](office)
    for rule in callback_rules(app):
        path = rule.rule.replace("<platform>", platform).replace("<key>", account.callback_key)
        for body in (b"", b"<xml><Encrypt>AAAA</Encrypt></xml>", b'{"type":"text"}'):
            answer = app.test_client().open(path, method=method, query_string=query, data=body)
            assert answer.status_code == 403, (rule.rule, method, query, answer.status_code)
    assert db.session.scalar(select(func.count()).select_from(CallbackSeen)) == 0
