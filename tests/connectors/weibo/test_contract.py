"""Weibo keeps what every connector must keep, at each of its levels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import pytest

from connectors.base import Connector
from connectors.values import Callback
from connectors.weibo.connector import WeiboConnector
from tests.connectors.contract_publishing import PublishingContract
from tests.connectors.fakes import SimulatorControl
from tests.connectors.weibo.conftest import UID, Clock, Make, register
from tests.connectors.weibo.test_callback import signed


class OfWeibo(PublishingContract):
    level = "share"
    not_entitled_code = 10014
    dead_code = 21332

    def pushed(self, connector: Connector, text: str) -> Callback:
        moment = connector.clock()
        told = {
            "type": "text",
            "receiver_id": int(UID),
            "sender_id": 2489518277,
            "created_at": moment.strftime("%a %b %d %H:%M:%S +0000 %Y"),
            "text": text,
            "data": {},
        }
        return signed(moment, body=json.dumps(told).encode())

    def private_target(self, citizen: str) -> Mapping[str, str]:
        return {"kind": "private", "receiver_id": citizen}

    @pytest.fixture
    def connector(self, simulator: SimulatorControl, make: Make) -> WeiboConnector:
        register(simulator, level=self.level)
        return make(simulator.url, mode=self.level)

    @pytest.fixture
    def deadline(self, clock: Clock) -> datetime:
        return clock.soon

    @pytest.fixture
    def now(self, clock: Clock) -> datetime:
        return clock.now


class TestShare(OfWeibo):
    commit_path = "statuses/share"


class TestFull(OfWeibo):
    level = "full"
    commit_path = "statuses/upload"


class TestBusiness(OfWeibo):
    level = "business"
    commit_path = "statuses/upload_url_text/biz"
