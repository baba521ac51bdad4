"""Weibo keeps what every connector must keep."""

from __future__ import annotations

from datetime import datetime

import pytest

from connectors.weibo.connector import WeiboConnector
from tests.connectors.contract import ConnectorContract
from tests.connectors.weibo.conftest import Clock


class TestWeibo(ConnectorContract):
    commit_path = "statuses/share"
    not_entitled_code = 10014

    @pytest.fixture
    def connector(self, weibo: WeiboConnector) -> WeiboConnector:
        return weibo

    @pytest.fixture
    def deadline(self, clock: Clock) -> datetime:
        return clock.soon

    @pytest.fixture
    def now(self, clock: Clock) -> datetime:
        return clock.now
