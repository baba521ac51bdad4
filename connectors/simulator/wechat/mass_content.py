"""What may be mass-sent besides drafts: words, a voice, pictures; cards and films are refused as the platform does."""

from __future__ import annotations

from typing import Any

from connectors.simulator.call import Call
from connectors.simulator.wechat import media
from connectors.simulator.wechat.errors import WeChatError

MOST_PICTURES = 20


def check(call: Call, kind: str, branch: dict[str, Any]) -> None:
    """Raises the platform's code for content that cannot be mass-sent; drafts are looked at elsewhere."""
    if kind == "text" and not str(branch.get("content") or ""):
        raise WeChatError(44004)
    if kind == "wxcard":
        raise WeChatError(45113)
    if kind == "voice":
        _held(call, branch.get("media_id"), "voice")
    if kind == "mpvideo":
        _held(call, branch.get("media_id"), "video")
        raise WeChatError(48022)  # every film here was uploaded through the API
    if kind == "image":
        ids = branch.get("media_ids")
        if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_PICTURES:
            raise WeChatError(40215)
        for each in ids:
            _held(call, each, "image")


def _held(call: Call, media_id: Any, kind: str) -> None:
    held = call.state.get("material", call.me.owner, str(media_id)) or media.temporary(call, str(media_id))
    if held is None or held["type"] != kind:
        raise WeChatError(40007)
