"""Weibo's text: how long it is, which links and topics it holds, how links are shortened."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import urlsplit

LIMIT = 280  # half-width units, 140 汉字
# The published counter (STK kit.extra.count), its later form that knows https.
COUNTED_URL = re.compile(r"https?://[a-zA-Z0-9]+(?:\.[a-zA-Z0-9]+)+[-A-Z0-9a-z_$.+!*()/,:;@&=?~#%]*", re.I)
OWN_URL = re.compile(r"http://(?:t\.sina\.com\.cn|t\.sina\.cn|weibo\.com|weibo\.cn)", re.I)
SHORT_URL = re.compile(r"http://t\.cn", re.I)
# ASCII: without it, ignoring case also takes i, k and s out of the class (their capitals İ, K, ſ stand in it).
WRITTEN_URL = re.compile(r"https?://[^\s\u0080-\U0010ffff]+", re.I | re.A)
TOPIC = re.compile(r"#[^#\s][^#\n]*#")
BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _units(text: str) -> int:
    """UTF-16 units, those above 0xFF counted twice."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return sum(2 if raw[at + 1] else 1 for at in range(0, len(raw), 2))


def half_units(text: str) -> int:
    """Length in half-width units by the published counter: most links count 20."""
    text = text.replace("\r\n", "\n")
    total = 0
    for url in COUNTED_URL.findall(text):
        length = _units(url)
        if SHORT_URL.match(url):
            continue
        if OWN_URL.match(url) and length <= 41:
            total += length
        else:
            total += 20 if length <= 140 else length - 140 + 20
        text = text.replace(url, "", 1)
    return total + _units(text)


def names_domain(text: str, domain: str) -> bool:
    """Whether a link of this very host stands in the text: with scheme, all ASCII, spaces (or the ends) around it."""
    wanted = domain.lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    for word in text.split():
        if word.isascii() and re.match(r"https?://", word, re.I):
            try:
                parts = urlsplit(word)
            except ValueError:
                continue
            if wanted in (parts.netloc.lower(), parts.hostname):
                return True
    return False


def without_topics(text: str) -> str:
    """``#话题#`` silently taken out, links left alone."""
    pieces, at = [], 0
    for url in WRITTEN_URL.finditer(text):
        pieces += [TOPIC.sub("", text[at : url.start()]), url.group()]
        at = url.end()
    return "".join([*pieces, TOPIC.sub("", text[at:])])


def shortened(text: str) -> tuple[str, list[dict[str, object]]]:
    """The text with every link as t.cn, and the url_objects that tell what they stand for."""
    links: list[dict[str, object]] = []

    def shorten(match: re.Match[str]) -> str:
        url = match.group()
        if SHORT_URL.match(url):
            return url
        short = f"http://t.cn/{short_code(url)}"
        links.append({"url_short": short, "url_ori": url, "url_long": url, "url_type": 0, "result": True})
        return short

    return WRITTEN_URL.sub(shorten, text), links


def short_code(url: str) -> str:
    number = int.from_bytes(sha256(url.encode()).digest()[:8], "big")
    return "A" + "".join(BASE62[number // 62**place % 62] for place in range(7))


def base62(mid: str) -> str:
    """The form of a status id in addresses: groups of seven digits from the right, each in base 62."""
    groups: list[str] = []
    while mid:
        mid, group = mid[:-7], int(mid[-7:])
        digits = ""
        while group:
            group, digit = divmod(group, 62)
            digits = BASE62[digit] + digits
        groups.insert(0, digits.rjust(4, "0") if mid else digits)
    return "".join(groups)


def from_base62(text: str) -> str:
    """Back to digits. Raises ValueError for other characters."""
    groups: list[str] = []
    while text:
        text, group = text[:-4], text[-4:]
        number = 0
        for letter in group:
            number = number * 62 + BASE62.index(letter)
        groups.insert(0, str(number).rjust(7, "0") if text else str(number))
    return "".join(groups)
