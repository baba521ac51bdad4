"""Which pictures of a post go along, in which order, and as which bytes."""

from __future__ import annotations

from dataclasses import replace

from connectors.base import MediaStore
from connectors.images import reencode
from connectors.values import Image, Note, Problem
from connectors.weibo.levels import IMAGE_TYPES, MAX_IMAGE_BYTES

_MAX_SIDE = 2048
_RECIPE = f"weibo-jpeg-{_MAX_SIDE}-{MAX_IMAGE_BYTES}"


def choose(media: MediaStore, hashes: tuple[str, ...], most: int) -> tuple[list[Image], list[Note], list[Problem]]:
    """The first `most` different pictures, as they will be uploaded: JPEG, PNG or GIF of less than 5 MB."""
    notes: list[Note] = []
    problems: list[Problem] = []
    chosen: list[Image] = []
    wanted = list(dict.fromkeys(hashes))
    for sha256 in wanted[:most]:
        image = fit(media, sha256, notes, problems)
        if image is not None:
            chosen.append(image)
    if len(wanted) > most:
        notes.append(Note(kind="images", message=f"保留 {most} 图，其余 {len(wanted) - most} 图见正文链接。"))
    return chosen, notes, problems


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
