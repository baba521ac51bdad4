"""One city with an office and a bureau, its accounts, and people who answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import Account
from app.db import atomic, db, utcnow
from app.units.access import Actor, actor_for
from app.units.models import Grant, Unit, User
from app.units.passwords import hash_password
from app.units.services import issue_token
from connectors.values import InboundMessage


@dataclass
class City:
    """What the tests work on."""

    office: Unit
    bureau: Unit
    elsewhere: Unit
    weibo: Account
    wechat: Account
    wang: Actor
    li: Actor
    chen: Actor
    stranger: Actor
    reader: Actor


def add_unit(name: str, parent: Unit | None, now: datetime, level: str = "city") -> Unit:
    unit = Unit(name=name, level=level, parent_id=parent.id if parent else None, created_at=now)
    db.session.add(unit)
    db.session.flush()
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    db.session.flush()
    return unit


def add_user(name: str, unit: Unit, roles: tuple[str, ...], now: datetime) -> User:
    user = User(email=f"{name}@example.gov.cn", name=name, password_hash="-", unit_id=unit.id, created_at=now)
    user.grants = [Grant(role=role, unit_id=unit.id) for role in roles]
    db.session.add(user)
    db.session.flush()
    return user


def add_account(unit: Unit, platform: str, now: datetime, **more: Any) -> Account:
    credentials = {
        "weibo": {
            "app_key": "1",
            "app_secret": "s",
            "access_token": "t",
            "uid": "100",
            "safe_domain": "127.0.0.1:8000",
        },
        "wechat": {"app_id": "wx1", "app_secret": "s", "token": "t", "encoding_aes_key": "a" * 43},
    }[platform]
    values: dict[str, Any] = {
        "unit_id": unit.id,
        "platform": platform,
        "external_id": {"weibo": "100", "wechat": "gh_1"}[platform],
        "name": f"青岚发布 {platform}",
        "environment": "simulator",
        "mode": {"weibo": "share", "wechat": "mass"}[platform],
        "credentials": credentials,
        "settings": {"comments": True} if platform == "wechat" else {},
        "callback_key": f"key-{platform}",
        "created_at": now - timedelta(days=400),
    }
    account = Account(**{**values, **more})
    db.session.add(account)
    db.session.flush()
    return account


@pytest.fixture
def city(app: Flask, now: datetime) -> City:
    with atomic():
        office = add_unit("青岚市政府办", None, now)
        bureau = add_unit("市住建局", office, now, "county")
        elsewhere = add_unit("别的城市", None, now)
        weibo, wechat = add_account(office, "weibo", now), add_account(office, "wechat", now)
        wang = add_user("王敏", office, ("responder",), now)
        li = add_user("李强", office, ("responder",), now)
        chen = add_user("陈静", bureau, ("responder",), now)
        stranger = add_user("外人", elsewhere, ("responder",), now)
        reader = add_user("督查", office, ("inspector",), now)
        ids = [user.id for user in (wang, li, chen, stranger, reader)]
    people = [actor_for(db.session.get_one(User, user_id), origin="211.156.0.1") for user_id in ids]
    return City(office, bureau, elsewhere, weibo, wechat, *people)


@pytest.fixture
def comment(now: datetime) -> Callable[..., InboundMessage]:
    """A comment on Weibo; every field can be set."""

    def make(number: int = 1, **more: Any) -> InboundMessage:
        values: dict[str, Any] = {
            "external_id": f"comment:{number}",
            "kind": "comment",
            "thread": "777:500",
            "sender_id": "777",
            "sender_name": "青岚小张",
            "text": "公租房什么时候开始登记？",
            "sent_at": now - timedelta(minutes=10 - number),
            "post_external_id": "500",
            "post_text": "【住房租赁新政解读】",
            "target": {"kind": "comment", "cid": str(number), "id": "500"},
        }
        return InboundMessage(**{**values, **more})

    return make


@pytest.fixture
def letter(now: datetime) -> Callable[..., InboundMessage]:
    """A private message to the WeChat account."""

    def make(number: int = 1, openid: str = "oCitizen0001", **more: Any) -> InboundMessage:
        values: dict[str, Any] = {
            "external_id": f"msg:2398765432109876{number:03}",
            "kind": "private",
            "thread": openid,
            "sender_id": openid,
            "text": "我的社保卡丢了，怎么补办？",
            "sent_at": now - timedelta(minutes=10 - number),
            "target": {"kind": "private", "openid": openid},
        }
        return InboundMessage(**{**values, **more})

    return make


@pytest.fixture
def remark(now: datetime) -> Callable[..., InboundMessage]:
    """A comment under a mass-sent WeChat article."""

    def make(number: int = 1, **more: Any) -> InboundMessage:
        values: dict[str, Any] = {
            "external_id": f"comment:2247001:0:{number}",
            "kind": "article_comment",
            "thread": "oCitizen0001:2247001:0",
            "sender_id": "oCitizen0001",
            "text": "讲得清楚，谢谢！",
            "sent_at": now - timedelta(minutes=10 - number),
            "post_external_id": "2247001",
            "target": {
                "kind": "article_comment",
                "msg_data_id": "2247001",
                "index": "0",
                "user_comment_id": str(number),
            },
        }
        return InboundMessage(**{**values, **more})

    return make


@pytest.fixture
def browse(app: Flask) -> Callable[[Actor], FlaskClient]:
    """A browser signed in as this person (CSRF off: the shell's own test switches it on)."""
    app.config["WTF_CSRF_ENABLED"] = False

    def enter(actor: Actor) -> FlaskClient:
        with atomic():
            user = db.session.get_one(User, actor.user_id)
            user.password_hash = hash_password("correct horse 12")
            email = user.email
        client = app.test_client()
        answer = client.post("/sign-in", data={"email": email, "password": "correct horse 12"})
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return client

    return enter


@pytest.fixture
def bearer() -> Callable[[Actor], dict[str, str]]:
    """Authorization headers with a fresh token of this person."""

    def headers(actor: Actor) -> dict[str, str]:
        token = issue_token(actor, user_id=actor.user_id, name="test", days=1, scopes=[], now=utcnow())
        return {"Authorization": f"Bearer {token}"}

    return headers
