"""Telling a picture by its bytes, never by its name: kind and size in pixels."""

from __future__ import annotations

import struct
from dataclasses import dataclass

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Picture:
    kind: str  # jpeg, png, gif, bmp
    width: int
    height: int

    @property
    def content_type(self) -> str:
        return f"image/{self.kind}"


def look(data: bytes) -> Picture | None:
    """What kind of picture these bytes are, or None."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return Picture("png", *struct.unpack(">II", data[16:24]))
        if data[:6] in (b"GIF87a", b"GIF89a"):
            return Picture("gif", *struct.unpack("<HH", data[6:10]))
        if data.startswith(b"BM"):
            width, height = struct.unpack("<ii", data[18:26])
            return Picture("bmp", abs(width), abs(height))
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data)
    except struct.error:
        return None
    return None


def _jpeg(data: bytes) -> Picture | None:
    at = 2
    while at + 9 < len(data):
        if data[at] != 0xFF:
            at += 1
            continue
        marker = data[at + 1]
        if marker in START_OF_FRAME:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Picture("jpeg", width, height)
        at += (
            2 if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8 else 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        )
    return Picture("jpeg", 0, 0)
