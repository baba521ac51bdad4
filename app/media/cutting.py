"""Cutting, shrinking and compressing a picture: a new item that remembers its origin; the old one stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.db import atomic, release
from app.errors import Invalid, WrongKind
from app.media.blobs import read_blob, write_blob
from app.media.kinds import EXTENSIONS, Kind
from app.media.models import Media
from app.media.services import Taken, add_item, get_media, same_item
from app.units.access import Actor
from connectors.cropping import edited
from connectors.images import size_of

# What people choose from: JPEG quality.
QUALITIES = {"high": 92, "middle": 80, "small": 60}
MIN_SIDE, MAX_WIDTH = 16, 8000
# What a new item takes over from the one it was cut from.
_INHERITED = ("folder", "tags", "title", "alt", "source", "holder", "licence", "expires_on", "ai_made")


def cut(actor: Actor, media_id: str, given: Mapping[str, Any], now: datetime) -> Taken:
    """A new item out of `given`: left, top, width, height (pixels; all or none), max_width (0: as it is), quality (a key
    of QUALITIES). Raises NotFound, Forbidden, WrongKind (not a picture), Invalid."""
    origin = get_media(actor, media_id)
    actor.require("media.write", origin.unit, see="media.read")
    if not origin.is_image:
        raise WrongKind("没有裁剪。它是文档，不是图片。请选择一张图片。")
    wanted = _wanted(origin, given)
    sha256, unit_id, stem = origin.sha256, origin.unit_id, origin.name.rpartition(".")[0] or origin.name
    about = {name: getattr(origin, name) for name in _INHERITED}
    content = read_blob(sha256)
    release()
    left, top, width, height = wanted["crop"]
    try:
        made, content_type = edited(
            content,
            box=(left, top, left + width, top + height),
            max_width=wanted["width"],
            quality=QUALITIES[wanted["quality"]],
        )
    except ValueError:
        raise WrongKind("没有裁剪。这张图片读不出来，文件可能已损坏。请重新上传后再试。") from None
    wide, high = size_of(made)
    name = f"{stem[:160]}-{wide}x{high}.{EXTENSIONS[content_type][0]}"
    kind = Kind(content_type=content_type, width=wide, height=high)
    with atomic():
        origin = get_media(actor, media_id)
        kept = write_blob(made, content_type, width=wide, height=high, now=now)
        known = same_item(unit_id, kept)
        if known is not None:
            return Taken(media=known, known=True)
        media = Media(unit_id=unit_id, sha256=kept, name=name, origin_id=origin.id, made=wanted)
        add_item(actor, media, kind, about, now, "media.cut", f"由素材“{origin.name}”裁剪或压缩出“{name}”")
    return Taken(media=media, known=False)


def _wanted(origin: Media, given: Mapping[str, Any]) -> dict[str, Any]:
    """{crop, width, quality} as kept in `made`. Raises Invalid naming the fields."""
    whole = (0, 0, origin.blob.width, origin.blob.height)
    errors: dict[str, list[str]] = {}
    crop = [
        _number(given, name, otherwise, errors)
        for name, otherwise in zip(("left", "top", "width", "height"), whole, strict=True)
    ]
    width = _number(given, "max_width", 0, errors)
    quality = str(given.get("quality") or "high")
    if not errors:
        left, top, wide, high = crop
        if min(left, top) < 0 or left + wide > whole[2] or top + high > whole[3]:
            errors["left"] = [f"裁剪框超出了图片（{whole[2]}×{whole[3]} 像素）。请移回图片内。"]
        if min(wide, high) < min(MIN_SIDE, *whole[2:]):
            errors["width"] = [f"裁剪后的宽和高至少 {MIN_SIDE} 像素。请放大裁剪框。"]
        if width and not MIN_SIDE <= width <= MAX_WIDTH:
            errors["max_width"] = [f"宽度应在 {MIN_SIDE} 到 {MAX_WIDTH} 像素之间，或留空表示不缩小。"]
        elif width > wide:
            errors["max_width"] = [f"只能缩小，不能放大：裁剪后宽 {wide} 像素。请填更小的宽度，或留空。"]
    if quality not in QUALITIES:
        errors["quality"] = ["没有这个清晰度。请从列表中选择。"]
    if errors:
        raise Invalid("没有裁剪。有数值不符合要求。请按各字段的提示改正后重试。", errors=errors)
    return {"crop": crop, "width": width, "quality": quality}


def _number(given: Mapping[str, Any], name: str, otherwise: int, errors: dict[str, list[str]]) -> int:
    value = given.get(name)
    if value is None or value == "":
        return otherwise
    try:
        return round(float(value))
    except (TypeError, ValueError, OverflowError):
        errors[name] = ["应为整数（像素）。请改正。"]
        return otherwise
