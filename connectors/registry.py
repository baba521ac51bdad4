"""The list of platforms."""

from __future__ import annotations

from connectors.base import Connector
from connectors.wechat.connector import WeChatConnector
from connectors.weibo.connector import WeiboConnector

CONNECTORS: dict[str, type[Connector]] = {
    WeiboConnector.platform: WeiboConnector,
    WeChatConnector.platform: WeChatConnector,
}
