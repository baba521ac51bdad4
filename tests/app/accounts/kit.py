"""A unit, its people as actors, a simulator with accounts known on both sides: shared by accounts, media, callbacks."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from app.accounts import connections
from app.accounts.ledger import Ledger
from app.accounts.models import Account
from app.accounts.services import create_account
from app.config import Config
from app.db import atomic, db, utcnow
from app.units.access import Actor, Held
from app.units.models import Unit
from connectors.errors import RateLimited
from connectors.simulator.app import Server, serve

UID, GH = "1902538057", "gh_97417a04a28d"
WEIBO: dict[str, str] = {
    "app_key": "1352222456",
    "app_secret": "weibo-app-secret-xyz",
    "access_token": "2.00FirstToken",
    "safe_domain": "127.0.0.1:8000",
    "expires_at": "2099-01-01T00:00:00+08:00",
}
WECHAT: dict[str, str] = {
    "app_id": "wxba5fad812f8e6fb9",
    "app_secret": "wechat-app-secret-0123",
    "token": "callbackTOKEN",
    "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


@dataclass
class Office:
    """One city office, a county below, another city beside; `admin` and `author` of the city, `stranger` of the other."""

    city: Unit
    county: Unit
    other: Unit

    def actor(self, *roles: str, unit: Unit | None = None, origin: str = "203.0.113.9") -> Actor:
        where = unit or self.city
        held = tuple(Held(role=role, path=where.path) for role in roles)
        return Actor(user_id=f"u-{'-'.join(roles)}"[:32], name="王敏", unit_id=where.id, held=held, origin=origin)

    @property
    def admin(self) -> Actor:
        return self.actor("administrator")

    @property
    def author(self) -> Actor:
        return self.actor("author")

    @property
    def stranger(self) -> Actor:
        return self.actor("administrator", unit=self.other)


def build_office(now: datetime) -> Office:
    def unit(name: str, level: str, parent: Unit | None = None) -> Unit:
        made = Unit(name=name, level=level, parent_id=parent.id if parent else None, created_at=now)
        db.session.add(made)
        db.session.flush()
        made.path = f"{parent.path if parent else '/'}{made.id}/"
        return made

    with atomic():
        city = unit("青岚市政府办公室", "city")
        found = Office(city=city, county=unit("东河县", "county", city), other=unit("别市", "city"))
    return found


@pytest.fixture
def office(app: Flask, now: datetime) -> Office:
    return build_office(now)


@dataclass
class Sim:
    """The control calls of a running simulator."""

    server: Server

    @property
    def url(self) -> str:
        return self.server.url

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, self.url + path, json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def register(self, callback: dict[str, str] | None = None) -> None:
        """Both accounts, with what WEIBO and WECHAT say."""
        urls = callback or {}
        back = "http://127.0.0.1:8000/accounts/authorization"
        weibo = {**WEIBO, "name": "青岚发布", "redirect_uri": back, "callback_url": urls.get("weibo")}
        self.call("PUT", f"/_sim/accounts/weibo/{UID}", weibo)
        wechat = {**WECHAT, "name": "青岚发布", "callback_url": urls.get("wechat")}
        self.call("PUT", f"/_sim/accounts/wechat/{GH}", wechat)

    def asked(self, path: str) -> int:
        """How many requests for `path` came in."""
        items = self.call("GET", "/_sim/requests")["items"]
        return sum(1 for item in items if item["path"].endswith(path))

    def fault(self, kind: str, **more: Any) -> None:
        self.call("POST", "/_sim/faults", {"kind": kind, **more})


@pytest.fixture(scope="session")
def running_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = serve("127.0.0.1", 0, Path(tmp_path_factory.mktemp("simulator")) / "state.sqlite3")
    yield server
    server.stop()


@pytest.fixture
def sim(running_simulator: Server) -> Sim:
    sim = Sim(running_simulator)
    sim.call("POST", "/_sim/reset")
    sim.register()
    return sim


@pytest.fixture
def app_on_simulator(app: Flask, config: Config, sim: Sim) -> Flask:
    """The app, its simulator accounts reaching the running simulator."""
    app.extensions["tandem_config"] = replace(config, simulator_url=sim.url)
    return app


def connect_weibo(office: Office, **changes: Any) -> Account:
    given: dict[str, Any] = {
        "unit_id": office.city.id,
        "platform": "weibo",
        "name": "青岚发布",
        "external_id": UID,
        "environment": "simulator",
        "mode": "share",
        "credentials": dict(WEIBO),
        "now": utcnow(),
    }
    return create_account(changes.pop("actor", office.admin), **{**given, **changes})


def connect_wechat(office: Office, **changes: Any) -> Account:
    given: dict[str, Any] = {
        "unit_id": office.city.id,
        "platform": "wechat",
        "name": "青岚发布",
        "external_id": GH,
        "environment": "simulator",
        "mode": "mass",
        "credentials": dict(WECHAT),
        "settings": {"comments": True},
        "now": utcnow(),
    }
    return create_account(changes.pop("actor", office.admin), **{**given, **changes})


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def use_up_the_tests(account: Account) -> None:
    """No call is left today for looking at the account's rights."""
    meter = Ledger(account.id, purpose="history", clock=utcnow, quotas=connections.quotas_of(account))
    with contextlib.suppress(RateLimited):
        while True:
            meter.spend("statuses/user_timeline")
