"""What WeChat kept of a draft: comparing it with what was approved, and its fingerprint.

WeChat may reorder attributes, turn http into https, move src to data-src, add parameters to picture addresses, wrap words
in elements that carry nothing and change whitespace; none of that counts. Titles, digests, cover and crops, links, pictures,
tables, every character of text and how it looks do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from html import unescape
from typing import Any

from connectors.values import Json
from connectors.wechat import payloads
from connectors.wechat.looks import Run, Shape, seen_of, shape_of
from connectors.wechat.properties import says_the_same

# What a picture post has and an article has not.
_PICTURE_PARTS = ("article_type", "image_info", "cover_info")
_FIELDS = (
    ("标题", "title", "title"),
    ("作者", "author", "author"),
    ("摘要", "digest", "digest"),
    ("原文链接", "source_url", "content_source_url"),
)
_CROPS = (("2.35:1", "pic_crop_235_1"), ("1:1", "pic_crop_1_1"))
# How an element may be kept as a style instead, and what people call it.
_EMPHASIS = {
    "strong": ("font-weight", "加粗"), "em": ("font-style", "斜体"), "u": ("text-decoration", "下划线"),
    "s": ("text-decoration", "删除线"), "sub": ("vertical-align", "上下标"), "sup": ("vertical-align", "上下标"),
    "blockquote": ("", "引用"), "ul": ("", "列表"), "ol": ("", "列表"), "li": ("", "列表"), "th": ("", "表头"),
}  # fmt: skip
_VERSION = "2:"
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def losses(payload: Json, seen: Mapping[str, Any], cover: str = "") -> list[str]:
    """What the draft `seen` (an article of draft/get) lacks of `payload`, in Chinese; nothing when all is there.

    `cover` is the media_id that was sent, where known. What draft/get does not tell at all (crops, in the documentation's sample) is
    not called lost.
    """
    found = [
        name
        for name, key, theirs in _FIELDS
        if payload[key] and unescape(str(payload[key])) != unescape(str(seen.get(theirs) or ""))
    ]
    if cover and "thumb_media_id" in seen and payloads.text_of(seen.get("thumb_media_id")) != cover:
        found.append("封面图片")
    crops = payload["cover"]["crops"]
    if any(key in seen and crop_of(seen.get(key)) != crop_of(crops.get(name)) for name, key in _CROPS):
        found.append("封面裁剪")
    ours, theirs_shape = shape_of(str(payload["content_html"])), shape_of(str(seen.get("content") or ""))
    if ours.text != theirs_shape.text:
        found.append(f"正文文字（{_first_difference(ours.text, theirs_shape.text)}）")
    else:
        found += _lost_looks(ours, theirs_shape)
    # A picture that was filtered may leave its tag behind, without an address.
    kept = [address for address in theirs_shape.images if address]
    if len(ours.images) != len(kept):
        found.append(f"图片（应有 {len(ours.images)} 张，留下 {len(kept)} 张）")
    if sorted(ours.links) != sorted(theirs_shape.links):
        found.append(f"链接（应有 {len(ours.links)} 个，留下 {len(theirs_shape.links)} 个）")
    if ours.tables != theirs_shape.tables:
        found.append("表格结构")
    if "need_open_comment" in seen and payloads.switch(seen.get("need_open_comment")) != bool(payload["comments"]):
        found.append("留言开关")
    return found


def same_text(ours: str, theirs: str) -> str:
    """Where a plain text differs from what WeChat shows of it, in Chinese; "" when a reader sees no difference."""
    mine, kept = seen_of(unescape(ours)), shape_of(theirs).text
    return "" if mine == kept else _first_difference(mine, kept)


def crop_of(value: object) -> tuple[float, ...]:
    """A crop as four numbers to four digits, however they are written; () for none."""
    parts = payloads.text_of(value).split("_")
    try:
        return tuple(round(float(part), 4) for part in parts) if len(parts) == 4 else ()
    except ValueError:
        return ()


def _lost_looks(ours: Shape, theirs: Shape) -> list[str]:
    """Headings, emphasis and styles that words of the same text have lost."""
    marks: dict[str, None] = {}
    styles: set[str] = set()
    for mine, kept in _pairs(ours, theirs):
        wanted, names = mine.properties(), kept.properties()
        # What was ours before says nothing about another of ours: margin-top is not kept because margin-bottom is, a
        # heading's colour not because the whole text has one.
        new = set(names - wanted)
        marks |= dict.fromkeys(_lost_marks(mine, kept, new))
        styles |= {name for name in wanted - names if not any(says_the_same(name, other) for other in new)}
    found = list(marks)
    return [*found, f"样式（{'、'.join(sorted(styles))}）"] if styles else found


def _pairs(ours: Shape, theirs: Shape) -> Iterator[tuple[Run, Run]]:
    """Each run of ours with each run of theirs that shares words with it; the texts are equal."""
    mine, kept = iter(ours.runs), iter(theirs.runs)
    one, other = next(mine, None), next(kept, None)
    left, right = (len(run.text) if run else 0 for run in (one, other))
    while one is not None and other is not None:
        yield one, other
        step = min(left, right)
        left, right = left - step, right - step
        if not left:
            one = next(mine, None)
            left = len(one.text) if one else 0
        if not right:
            other = next(kept, None)
            right = len(other.text) if other else 0


def _lost_marks(mine: Run, kept: Run, new: set[str]) -> Iterator[str]:
    """`new`: the properties that came beside those we sent."""
    if _HEADINGS & set(mine.marks) and not _HEADINGS & set(kept.marks):
        yield "小标题格式"
    for mark, (style, word) in _EMPHASIS.items():
        if mark in mine.marks and mark not in kept.marks and not (style and style in new):
            yield word


def departures(payload: Json, seen: Mapping[str, Any], cover: str, uploaded: Mapping[str, str]) -> list[str]:
    """As losses(), and what is there that was not approved: another picture in a place, words where there were none.

    `uploaded`: WeChat's address of each picture by its hash. For a draft whose fingerprint nobody can compare any more.
    """
    found = losses(payload, seen, cover)
    # A digest that was left out is made by WeChat from the first words.
    found += [name for name, key, theirs in _FIELDS if key != "digest" and not payload[key] and seen.get(theirs)]
    wanted = shape_of(payloads.uploaded_content(str(payload["content_html"]), uploaded))
    kept = shape_of(str(seen.get("content") or ""))
    if wanted.images != kept.images:
        found.append("图片（换成了别的图片或次序不同）")
    if wanted.things != kept.things:
        found.append("正文中的其他内容（如音视频、小程序、名片）")
    # What words have there and had not here: hidden, struck out.
    if wanted.text == kept.text and (more := _lost_looks(kept, wanted)):
        found.append(f"多出的格式（{'、'.join(more)}）")
    if payloads.switch(seen.get("only_fans_can_comment")):
        found.append("留言范围（改成了仅粉丝可留言）")
    return found


def is_current(known: str) -> bool:
    """Whether a fingerprint was taken of the things that fingerprint() looks at."""
    return known.startswith(_VERSION)


def fingerprint(seen: Mapping[str, Any]) -> str:
    """A hash of an article of draft/get that changes when a person edits the draft, and not otherwise.

    Drafts made ready before an upgrade are told apart by _VERSION: raise it whenever other things are looked at.
    """
    kept = {
        name: unescape(str(seen.get(name) or ""))
        for name in ("title", "author", "digest", "content_source_url", "thumb_media_id")
    }
    whole = {
        **kept,
        "comments": str(seen.get("need_open_comment") or 0),
        "only_fans": str(seen.get("only_fans_can_comment") or 0),
        "crops": [crop_of(seen.get(key)) for _, key in _CROPS],
        **({name: seen.get(name) for name in _PICTURE_PARTS} if seen.get("article_type") == "newspic" else {}),
        **asdict(shape_of(str(seen.get("content") or ""))),
    }
    return _VERSION + hashlib.sha256(json.dumps(whole, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _first_difference(ours: str, theirs: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    lacking = ours[max(0, at - 4) : at + 12]
    return f"从“{lacking}”处开始不同" if lacking else "多出了文字"
