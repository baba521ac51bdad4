"""WeChat keeps what every connector keeps, in each of its three modes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest

from connectors.base import Connector
from connectors.errors import NotEntitled
from connectors.values import Callback, Content, Receipt
from connectors.wechat.connector import WeChatConnector
from tests.connectors.contract import ConnectorContract, chinese, prepare_all
from tests.connectors.contract_publishing import PublishingContract
from tests.connectors.fakes import MemoryMedia, SimulatorControl
from tests.connectors.wechat.conftest import GH, Clock, Make, post
from tests.connectors.wechat.test_adapt import sha
from tests.connectors.wechat.test_callback import push

Register = Callable[..., str]
PRIVATE = (
    "<xml><ToUserName>{gh}</ToUserName><FromUserName>oUser</FromUserName><CreateTime>{at}</CreateTime>"
    "<MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>9007199254740993</MsgId></xml>"
)


def clock_of(connector: Connector) -> Clock:
    assert isinstance(connector.clock, Clock)
    return connector.clock


class OfWeChat(ConnectorContract):
    def pushed(self, connector: Connector, text: str) -> Callback:
        clock = clock_of(connector)
        return push(PRIVATE.format(gh=GH, at=int(clock().timestamp()), text=text), clock)

    def private_target(self, citizen: str) -> Mapping[str, str]:
        return {"kind": "private", "openid": citizen}

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


class TestPublish(OfWeChat, PublishingContract):
    commit_path = "freepublish/submit"
    not_entitled_code = 48001
    dead_code = 40013
    # Without msg_data_id, which only a mass send gives.
    comments_can_be_had = False

    def settle(self, connector: Connector, simulator: SimulatorControl, receipt: Receipt) -> None:
        clock_of(connector).later(seconds=3)

    @pytest.fixture
    def connector(self, make: Make, registered: Register) -> WeChatConnector:
        return make(registered())


class TestMass(OfWeChat, PublishingContract):
    commit_path = "mass/sendall"
    not_entitled_code = 48001
    dead_code = 40013
    # mass/get tells no time, and mass-sent articles are listed in the statistics of the next day alone.
    tells_time = False

    def settle(self, connector: Connector, simulator: SimulatorControl, receipt: Receipt) -> None:
        clock_of(connector).later(seconds=3)

    def until_listed(self, connector: Connector) -> None:
        clock_of(connector).later(hours=36)

    @pytest.fixture
    def connector(self, make: Make, registered: Register) -> WeChatConnector:
        return make(registered(), mode="mass")


class TestDraft(OfWeChat):
    """An account without verification: drafts alone."""

    @pytest.fixture
    def connector(self, make: Make, registered: Register) -> WeChatConnector:
        return make(registered(rights=[]), mode="draft", settings={"comments": False})

    def test_it_is_never_published_by_interface(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        payload = connector.adapt(content).payload
        with pytest.raises(NotEntitled) as caught:
            connector.publish(payload, prepare_all(connector, payload), key="k", send_before=deadline)
        assert chinese(caught.value.remedy)
        assert self.accepted(simulator, connector) == []
