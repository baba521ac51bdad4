"""Weibo's ids: text always. 18-digit mids do not survive floating point, official samples show rounded numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# (id >> 22) + this = the second of creation (Unix time); observed, not documented.
_EPOCH = 515483463


def id_of(item: Mapping[str, Any]) -> str:
    """The id of a status, comment or user: `idstr` where there is one, else `id` as text, else ""."""
    for key in ("idstr", "id"):
        value = item.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            return str(value)
    return ""


def is_number(text: str) -> bool:
    """Whether an id can be compared as a number ("²" is a digit to Python, and int() refuses it)."""
    return text.isascii() and text.isdigit() and len(text) <= 32


def mid_of(item: Mapping[str, Any]) -> str:
    value = item.get("mid")
    return str(value) if isinstance(value, str | int) and str(value) else id_of(item)


def to_base62(mid: str) -> str:
    """The form of a mid that stands in addresses: each seven digits, from the right, become four characters."""
    if not (mid.isascii() and mid.isdigit()):
        raise ValueError(f"a mid is digits: {mid!r}")
    parts: list[str] = []
    while mid:
        mid, group = mid[:-7], mid[-7:]
        encoded = _encode(int(group))
        parts.append(encoded.rjust(4, "0") if mid else encoded)
    return "".join(reversed(parts))


def from_base62(text: str) -> str:
    """The mid of the form in addresses."""
    parts: list[str] = []
    while text:
        text, group = text[:-4], text[-4:]
        number = 0
        for char in group:
            number = number * 62 + _DIGITS.index(char)
        parts.append(str(number).rjust(7, "0") if text else str(number))
    return "".join(reversed(parts))


def _encode(number: int) -> str:
    out = ""
    while True:
        number, digit = divmod(number, 62)
        out = _DIGITS[digit] + out
        if not number:
            return out


def created_second(status_id: str) -> datetime | None:
    """When a status with this id came to be (aware UTC), None for ids of the old kind."""
    if not (status_id.isascii() and status_id.isdigit() and len(status_id) == 16):
        return None
    return datetime.fromtimestamp((int(status_id) >> 22) + _EPOCH, UTC)


def status_url(uid: str, mid: str) -> str:
    return f"https://weibo.com/{uid}/{to_base62(mid)}" if uid and mid.isascii() and mid.isdigit() else ""
