"""What a citizen can send: words, a picture, a voice, a film, a place, a link, or a mere act (an event)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.simulator.pictures import look

SMALLEST_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
SMALLEST_AMR = b"#!AMR\n" + b"\x7c" * 50  # a second of silence
SMALLEST_MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08mdat"
DEFAULTS = {"image": SMALLEST_GIF, "voice": SMALLEST_AMR, "video": SMALLEST_MP4, "shortvideo": SMALLEST_MP4}
LABELS = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "shortvideo": "[小视频]"}
LABELS |= {"location": "[位置]", "link": "[链接]"}
KINDS = (*DEFAULTS, "location", "link", "text", "event")


class Impossible(Exception):
    """A citizen cannot do that; the message says why."""


@dataclass(frozen=True)
class Thing:
    kind: str
    words: str = ""
    data: bytes = b""
    content_type: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """How the talk shows it."""
        if self.kind in ("text", "event"):
            return self.words or f"[{self.details.get('event', '')}]"
        return f"{LABELS[self.kind]}{self.words}"


def read(asked: Mapping[str, Any]) -> Thing:
    """The one thing sent. Media are base64, or ``true`` for a smallest sample. Raises Impossible."""
    words = str(asked.get("text") or "")
    if asked.get("event"):
        return Thing("event", words, details=asked)
    kind = next((name for name in KINDS[:-2] if asked.get(name)), "text")
    if kind == "text":
        if not words:
            raise Impossible("nothing to send")
        return Thing("text", words, details=asked)
    if kind in DEFAULTS:
        data = _bytes(kind, asked[kind])
        return Thing(kind, "", data, content_type(kind, data), asked)
    if not isinstance(asked[kind], Mapping):
        raise Impossible(f"{kind}: not an object")
    details = dict(asked[kind])
    return Thing(kind, str(details.get("label") or details.get("title") or ""), details={**asked, **details})


def _bytes(kind: str, given: Any) -> bytes:
    if not isinstance(given, str):
        return DEFAULTS[kind]
    try:
        data = base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise Impossible(f"{kind}: not base64") from error
    if kind == "image" and look(data) is None:
        raise Impossible("image: not a picture")
    return data


def content_type(kind: str, data: bytes) -> str:
    """By the bytes where they tell, else what the platform keeps such things as."""
    seen = look(data)
    if seen:
        return seen.content_type
    if kind == "voice":
        return "audio/mpeg" if data[:3] == b"ID3" or data[:2] == b"\xff\xfb" else "audio/amr"
    return "video/mp4"
