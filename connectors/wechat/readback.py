"""What WeChat kept of a draft: comparing it with what was approved, and its fingerprint.

WeChat may reorder attributes, turn http into https, move src to data-src, add parameters to picture addresses and change
whitespace; none of that counts. Titles, digests, links, pictures, tables and every character of text do.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from connectors.values import Json
from connectors.wechat import payloads

_SILENT = frozenset({"script", "style"})
# Blanks of any kind, zero-width ones and byte order marks too: pasted texts are full of them, nobody sees them go.
_UNSEEN = re.compile(r"[\s\u200b\ufeff]+")


# What a picture post has and an article has not.
_PICTURE_PARTS = ("article_type", "image_info", "cover_info")


@dataclass(kw_only=True)
class Shape:
    """The parts of an HTML content that must survive."""

    text: str = ""
    images: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    # Per table: its cells as "colspan x rowspan", in order.
    tables: list[list[str]] = field(default_factory=list)


def shape_of(html: str) -> Shape:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Shape(
        text=_UNSEEN.sub("", "".join(reader.text)),
        images=reader.images,
        links=reader.links,
        tables=reader.tables,
    )


def losses(payload: Json, seen: Mapping[str, Any]) -> list[str]:
    """What the draft `seen` (an article of draft/get) lacks of `payload`, in Chinese; nothing when all is there."""
    found = [
        name
        for name, key, theirs in (
            ("标题", "title", "title"),
            ("作者", "author", "author"),
            ("摘要", "digest", "digest"),
            ("原文链接", "source_url", "content_source_url"),
        )
        if payload[key] and unescape(str(payload[key])) != unescape(str(seen.get(theirs) or ""))
    ]
    ours, theirs_shape = shape_of(str(payload["content_html"])), shape_of(str(seen.get("content") or ""))
    if ours.text != theirs_shape.text:
        found.append(f"正文文字（{_first_difference(ours.text, theirs_shape.text)}）")
    # A picture that was filtered may leave its tag behind, without an address.
    kept = [address for address in theirs_shape.images if address]
    if len(ours.images) != len(kept):
        found.append(f"图片（应有 {len(ours.images)} 张，留下 {len(kept)} 张）")
    if sorted(ours.links) != sorted(theirs_shape.links):
        found.append(f"链接（应有 {len(ours.links)} 个，留下 {len(theirs_shape.links)} 个）")
    if ours.tables != theirs_shape.tables:
        found.append("表格结构")
    if "need_open_comment" in seen and payloads.switch(seen["need_open_comment"]) != bool(payload["comments"]):
        found.append("留言开关")
    return found


def same_text(ours: str, theirs: str) -> str:
    """Where a plain text differs from what WeChat shows of it, in Chinese; "" when a reader sees no difference."""
    mine, kept = _UNSEEN.sub("", unescape(ours)), shape_of(theirs).text
    return "" if mine == kept else _first_difference(mine, kept)


def fingerprint(seen: Mapping[str, Any]) -> str:
    """A hash of an article of draft/get that changes when a person edits the draft, and not otherwise."""
    kept = {
        name: unescape(str(seen.get(name) or ""))
        for name in ("title", "author", "digest", "content_source_url", "thumb_media_id")
    }
    whole = {
        **kept,
        "comments": str(seen.get("need_open_comment") or 0),
        "only_fans": str(seen.get("only_fans_can_comment") or 0),
        **({name: seen.get(name) for name in _PICTURE_PARTS} if seen.get("article_type") == "newspic" else {}),
        **asdict(shape_of(str(seen.get("content") or ""))),
    }
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.images: list[str] = []
        self.links: list[str] = []
        self.tables: list[list[str]] = []
        self._open_tables: list[int] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self._silent += 1
        elif tag == "img":
            self.images.append(_address(given.get("data-src") or given.get("src", "")))
        elif tag == "a" and given.get("href"):
            self.links.append(_address(given["href"], query=True))
        elif tag == "table":
            self._open_tables.append(len(self.tables))
            self.tables.append([])
        elif tag in ("td", "th") and self._open_tables:
            self.tables[self._open_tables[-1]].append(f"{given.get('colspan') or 1}x{given.get('rowspan') or 1}")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "table" and self._open_tables:
            self._open_tables.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


def _address(url: str, *, query: bool = False) -> str:
    """An address without scheme; pictures also without parameters, which WeChat adds at will."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    return f"{parts.netloc}{parts.path}" + (f"?{parts.query}" if query and parts.query else "")


def _first_difference(ours: str, theirs: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    lacking = ours[max(0, at - 4) : at + 12]
    return f"从“{lacking}”处开始不同" if lacking else "多出了文字"
