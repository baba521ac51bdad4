"""How Weibo counts a text: half-width units, of which two are one 字. 280 units (140 字) are the limit.

The algorithm is the client's own (STK kit.extra.count), links discounted, https included. Whether the server
discounts links is not known, so a text is also counted literally: stop at the first count, warn at the second.
"""

from __future__ import annotations

import re

LIMIT = 280
_LINK = re.compile(
    r"https?://[a-zA-Z0-9]+(?:\.[a-zA-Z0-9]+)+[-A-Z0-9a-z_$.+!*()/,:;@&=?~#%]*", re.IGNORECASE | re.ASCII
)
_LITERAL = re.compile(r"^https?://t\.cn", re.IGNORECASE)
_OWN = re.compile(r"^https?://(?:t\.sina\.com\.cn|t\.sina\.cn|weibo\.com|weibo\.cn)", re.IGNORECASE)


def literal_units(text: str) -> int:
    """Half-width units of `text` as it stands: UTF-16 units, those above U+00FF twice."""
    text = text.replace("\r\n", "\n")
    return sum(1 if char <= "\xff" else 2 if char <= "\uffff" else 4 for char in text)


def half_units(text: str) -> int:
    """Half-width units by Weibo's algorithm: each link counts 20 (more when longer than 140), t.cn as it stands."""
    text = text.replace("\r\n", "\n")
    total, rest = 0, text
    for link in _LINK.findall(text):
        if _LITERAL.match(link):
            continue
        size = literal_units(link)
        if size <= 140:
            total += size if size <= 41 and _OWN.match(link) else 20
        else:
            total += size - 140 + 20
        rest = rest.replace(link, "", 1)
    return total + literal_units(rest)


def count(text: str) -> int:
    """字, rounded up."""
    return (half_units(text) + 1) // 2


def literal_count(text: str) -> int:
    return (literal_units(text) + 1) // 2
