"""A Weibo account on the simulator, at any level, and a connector for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.http import Http
from connectors.values import AccountConfig, Content, Exchange, Image
from connectors.weibo.connector import WeiboConnector
from tests.connectors.fakes import CountingMeter, MemoryMedia, MemoryTokens, SimulatorControl

UID, DOMAIN = "1902538057", "www.qinglan.gov.cn"
LINK = f"https://{DOMAIN}/p/k3v9x2?w=a1b2c3"
Make = Callable[..., WeiboConnector]


def account(base_url: str | None = None, **changes: Any) -> AccountConfig:
    credentials = {
        "app_key": "100100",
        "app_secret": "weibo-app-secret",
        "access_token": "tok-1",
        "uid": UID,
        "safe_domain": DOMAIN,
        "expires_at": "",
    }
    fields: dict[str, Any] = {
        "id": "acc-1",
        "platform": "weibo",
        "external_id": UID,
        "name": "青岚发布",
        "mode": "share",
        "environment": "simulator",
        "credentials": credentials,
        "base_url": base_url,
    }
    return AccountConfig(**(fields | changes))


class Clock:
    """The wall clock of the test, moved by hand when a test needs it."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    @property
    def soon(self) -> datetime:
        return self.now + timedelta(minutes=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
def make(media: MemoryMedia, meter: CountingMeter, clock: Clock, exchanges: list[Exchange]) -> Make:
    """A connector for `account(**changes)`; `tokens` may be given."""

    def build(base_url: str | None = None, tokens: MemoryTokens | None = None, **changes: Any) -> WeiboConnector:
        return WeiboConnector(
            account(base_url, **changes),
            http=Http(base_url=base_url, clock=clock, on_exchange=exchanges.append),
            tokens=tokens or MemoryTokens("tok-1", clock() + timedelta(days=30)),
            media=media,
            meter=meter,
            clock=clock,
        )

    return build


def register(simulator: SimulatorControl, level: str = "share", **settings: Any) -> None:
    simulator.account(
        "weibo",
        UID,
        **{
            "name": "青岚发布",
            "app_key": "100100",
            "app_secret": "weibo-app-secret",
            "access_token": "tok-1",
            "level": level,
            "safe_domain": DOMAIN,
            **settings,
        },
    )


@pytest.fixture
def weibo(simulator: SimulatorControl, make: Make) -> WeiboConnector:
    """A connector of level share for an account that the simulator knows."""
    register(simulator)
    return make(simulator.url)


@pytest.fixture
def picture(media: MemoryMedia) -> Image:
    return next(image for image in media.images.values() if image.media_id == "cover-rain.jpg")


@pytest.fixture
def content(picture: Image) -> Content:
    return Content(
        title="青岚市气象台升级发布暴雨橙色预警信号",
        summary="预计未来3小时我市北部和沿江乡镇降雨量将达50毫米以上，局地伴有8级雷暴大风，请注意防范。",
        body_html="<p>请市民朋友注意。</p>",
        cover=picture,
        link=LINK,
    )
