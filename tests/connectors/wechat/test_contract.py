"""WeChat keeps what every connector keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from connectors.base import Connector
from connectors.values import Content, Receipt
from connectors.wechat.connector import WeChatConnector
from tests.connectors.contract import ConnectorContract
from tests.connectors.fakes import MemoryMedia, SimulatorControl
from tests.connectors.wechat.conftest import Clock, Make, post
from tests.connectors.wechat.test_adapt import sha


class TestWeChat(ConnectorContract):
    commit_path = "freepublish/submit"
    not_entitled_code = 48001

    def settle(self, connector: Connector, simulator: SimulatorControl, receipt: Receipt) -> None:
        clock = connector.clock
        assert isinstance(clock, Clock)
        clock.later(seconds=3)

    @pytest.fixture
    def connector(self, make: Make, registered: Callable[..., str]) -> WeChatConnector:
        return make(registered())

    @pytest.fixture
    def content(self, media: MemoryMedia) -> Content:
        cover = media.images[sha(media, "cover-rain.jpg")]
        return post(cover=cover, body_html=f'<p>预警。</p><img src="/media/{sha(media, "crowd-noise.jpg")}">')

    @pytest.fixture
    def now(self, clock: Clock) -> datetime:
        return clock()

    @pytest.fixture
    def deadline(self, now: datetime) -> datetime:
        return now + timedelta(minutes=1)
