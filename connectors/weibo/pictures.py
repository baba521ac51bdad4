"""Which pictures of a post go along, in which order, and as which bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from connectors import text as words
from connectors.base import MediaStore
from connectors.images import reencode
from connectors.values import Content, Image, Note, Problem
from connectors.weibo.levels import IMAGE_TYPES, MAX_IMAGE_BYTES

_MAX_SIDE = 2048
_RECIPE = f"weibo-jpeg-{_MAX_SIDE}-{MAX_IMAGE_BYTES}"
# A picture smaller than this (both sides, in pixels) is an icon: it goes along only where there is room for all.
_ICON = 160
# So much higher than wide, a picture is a poster to be read (一图读懂).
_LONG = 3


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A picture that could go along, and how people find it: 封面, 正文第 2 图."""

    sha256: str
    place: str
    cover: bool = False


def offered(content: Content, document: words.Document) -> list[Offered]:
    """The cover, then the pictures of the text in their order, each once."""
    cover = [content.cover.sha256] if content.cover else []
    found = [Offered(sha256=sha256, place="封面", cover=True) for sha256 in cover]
    numbered = enumerate(dict.fromkeys(document.images), 1)
    return found + [Offered(sha256=one, place=f"正文第 {at} 图") for at, one in numbered if one not in cover]


def named(hashes: Iterable[str]) -> list[Offered]:
    """Pictures that the author picked, in that order."""
    return [Offered(sha256=sha256, place=f"第 {at} 图") for at, sha256 in enumerate(dict.fromkeys(hashes), 1)]


def choose(media: MediaStore, given: list[Offered], most: int) -> tuple[list[Image], list[Note], list[Problem]]:
    """At most `most` of the pictures in their order, as they will be uploaded: JPEG, PNG or GIF of less than 5 MB.

    Where not all have room the cover goes first; icons stay behind; of one picture without a cover, a poster is it.
    """
    notes: list[Note] = []
    problems: list[Problem] = []
    chosen: list[Image] = []
    wanted = _wanted(media, given, most)
    for one in wanted:
        image = fit(media, one.sha256, notes, problems)
        if image is not None:
            chosen.append(image)
    left = [one.place for one in given if one not in wanted]
    if left:
        kept = "、".join(one.place for one in wanted)
        said = f"保留 {len(wanted)} 图（{kept}），其余 {len(left)} 图见正文链接：{'、'.join(left)}。"
        notes.append(Note(kind="images", message=said))
    return chosen, notes, problems


def _wanted(media: MediaStore, given: list[Offered], most: int) -> list[Offered]:
    def rank(one: Offered) -> tuple[bool, bool, bool]:
        image = media.get(one.sha256)
        icon = image is not None and max(image.width, image.height) < _ICON
        poster = image is not None and image.height >= image.width * _LONG
        return not one.cover, icon, not (poster and most == 1)

    ranked = sorted(given, key=rank)[:most]
    return [one for one in given if one in ranked]


def fit(media: MediaStore, sha256: str, notes: list[Note], problems: list[Problem]) -> Image | None:
    """One picture as it will be uploaded; None, with a problem, when there is none or it cannot be read."""
    found = media.get(sha256)
    if found is None:
        problems.append(_problem("weibo.image.missing", "图片在素材库中找不到。可能已被删除。请重新插入图片。"))
        return None
    try:
        return _fitting(media, found, notes)
    except ValueError:
        problems.append(_problem("weibo.image.unreadable", "图片无法转换为微博支持的格式。文件可能已损坏。请换一张。"))
        return None


def _fitting(media: MediaStore, image: Image, notes: list[Note]) -> Image:
    if image.content_type in IMAGE_TYPES and image.size < MAX_IMAGE_BYTES:
        return image
    made = media.derive(
        image.sha256, _RECIPE, lambda data: reencode(data, max_bytes=MAX_IMAGE_BYTES, max_width=_MAX_SIDE)
    )
    kind = image.content_type.removeprefix("image/").upper()
    lost = "（动图只保留首帧）" if image.content_type == "image/gif" else ""
    notes.append(Note(kind="image", message=f"图片由 {kind} 转为 JPEG，以符合微博的格式与大小要求{lost}。"))
    return made if made.media_id else replace(made, media_id=image.media_id)


def _problem(rule: str, message: str) -> Problem:
    return Problem(rule=rule, severity="block", message=message, field="images")
