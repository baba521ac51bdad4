"""A connector of either platform that stands in front of an odd server, at a fixed moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.base import Connector
from connectors.http import Http, new_session
from connectors.registry import CONNECTORS
from connectors.values import AccountConfig
from tests.connectors.fakes import CountingMeter, MemoryMedia, MemoryTokens
from tests.connectors.wechat import conftest as wechat
from tests.connectors.weibo import conftest as weibo

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LIVING = "tok-living-0123456789"
NOWHERE = "http://127.0.0.1:9"
ACCOUNTS: dict[str, Any] = {"weibo": weibo.account, "wechat": wechat.account}
PLATFORMS = tuple(ACCOUNTS)
IMAGES = Path(__file__).parent.parent / "samples" / "images"


def level(platform: str, ask: str) -> str:
    if platform == "wechat":
        return "mass" if ask == "publish mass" else "publish"
    return "business" if ask in ("prepare 1", "prepare article", "recall 0") else "share"


def _media() -> MemoryMedia:
    media = MemoryMedia()
    media.add((IMAGES / "cover-rain.jpg").read_bytes(), "image/jpeg")
    return media


MEDIA = _media()
SESSION = new_session()


def build(platform: str, url: str, mode: str) -> Connector:
    account: AccountConfig = ACCOUNTS[platform](url, mode=mode)
    media = media_copy()
    return CONNECTORS[platform](
        account,
        http=Http(base_url=url, clock=lambda: NOW, session=SESSION),
        tokens=MemoryTokens(LIVING, NOW + timedelta(days=30)),
        media=media,
        meter=CountingMeter(),
        clock=lambda: NOW,
    )


def media_copy() -> MemoryMedia:
    """The pictures without the memory of what was uploaded."""
    copy = MemoryMedia()
    copy.images, copy.data, copy.recipes = MEDIA.images, MEDIA.data, MEDIA.recipes
    return copy
