"""A WeChat account on the simulator, in any mode, and a connector for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.http import Http
from connectors.values import AccountConfig, Attempted, Content, Exchange, Json, Prepared, Receipt
from connectors.wechat.connector import WeChatConnector
from tests.connectors.fakes import CountingMeter, MemoryMedia, MemoryTokens, SimulatorControl

GH, APP_ID, SECRET = "gh_3f5a1c9d2b7e", "wx0a1b2c3d4e5f6a7b", "0123456789abcdef0123456789abcdef"
TOKEN, AES_KEY = "QinglanToken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
LINK = "https://www.qinglan.gov.cn/p/k3v9x2?w=a1b2c3"
Make = Callable[..., WeChatConnector]


class Clock:
    """The test's wall clock; `later` moves it, and the simulator's with it when there is one."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self.start = datetime.now(UTC)
        self.simulator: SimulatorControl | None = None

    def __call__(self) -> datetime:
        return self.start + self.offset

    def later(self, **duration: float) -> None:
        self.offset += timedelta(**duration)
        if self.simulator is not None:
            self.simulator.call("POST", "clock", {"offset_seconds": self.offset.total_seconds()})

    @property
    def soon(self) -> datetime:
        return self() + timedelta(minutes=1)


def account(base_url: str | None = None, settings: Json | None = None, **changes: Any) -> AccountConfig:
    credentials = {"app_id": APP_ID, "app_secret": SECRET, "token": TOKEN, "encoding_aes_key": AES_KEY}
    fields: dict[str, Any] = {
        "id": "acc-2",
        "platform": "wechat",
        "external_id": GH,
        "name": "青岚发布",
        "mode": "publish",
        "environment": "simulator",
        "credentials": {**credentials, **changes.pop("credentials", {})},
        "settings": {"kind": "subscription", "callback_mode": "safe", "comments": True, **(settings or {})},
        "base_url": base_url,
    }
    return AccountConfig(**(fields | changes))


def post(**changes: Any) -> Content:
    fields: dict[str, Any] = {
        "title": "青岚市发布暴雨橙色预警",
        "summary": "今晚至明天有暴雨，请减少外出。",
        "body_html": "<p>市气象台今天十七时发布暴雨橙色预警信号。</p><p>请减少外出。</p>",
        "source": "青岚市气象局",
        "author": "青岚发布",
        "link": LINK,
    }
    return Content(**(fields | changes))


def prepared(connector: WeChatConnector, payload: Json) -> Prepared:
    """Every step until ready, as the scheduler would."""
    done = Prepared()
    for _ in range(40):
        if done.ready:
            return done
        done = connector.prepare(payload, done)
    raise AssertionError("never ready")


def attempted(payload: Json, done: Prepared, sent_at: datetime, receipt: Receipt | None, asked: int = 0) -> Attempted:
    return Attempted(key="pub-1", payload=payload, prepared=done, sent_at=sent_at, receipt=receipt, asked=asked)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
def tokens() -> MemoryTokens:
    return MemoryTokens()


@pytest.fixture
def make(
    media: MemoryMedia, meter: CountingMeter, clock: Clock, exchanges: list[Exchange], tokens: MemoryTokens
) -> Make:
    """A connector for `account(**changes)`."""

    def build(base_url: str | None = None, **changes: Any) -> WeChatConnector:
        return WeChatConnector(
            account(base_url, **changes),
            http=Http(base_url=base_url, clock=clock, on_exchange=exchanges.append),
            tokens=changes.pop("tokens", tokens),
            media=media,
            meter=meter,
            clock=clock,
        )

    return build


@pytest.fixture
def registered(simulator: SimulatorControl, clock: Clock) -> Callable[..., str]:
    """Registers the account at the simulator (settings may be given) and returns the simulator's address."""
    clock.simulator = simulator

    def register(**settings: Any) -> str:
        defaults = {"name": "青岚发布", "app_id": APP_ID, "app_secret": SECRET, "token": TOKEN}
        known = {**defaults, "encoding_aes_key": AES_KEY, "review_seconds": 0, **settings}
        simulator.account("wechat", GH, **known)
        return simulator.url

    return register
