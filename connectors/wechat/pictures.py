"""Which bytes of a picture go to WeChat, and the article's cover with its two crops."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.base import MediaStore
from connectors.images import draw_cover, has_cjk_font, reencode
from connectors.values import AccountConfig, Content, Image, Note, Problem

# media/uploadimg takes only JPEG and PNG under 1 MB.
UPLOADIMG_TYPES = ("image/jpeg", "image/png")
UPLOADIMG_BYTES = 1_000_000
ARTICLE_WIDTH = 1080
# A permanent material may be ten times as large, and may move.
MATERIAL_TYPES = ("image/jpeg", "image/png", "image/gif")
MATERIAL_BYTES = 10_000_000
# Names of the crops in the payload and their width : height.
CROPS = {"2.35:1": 2.35, "1:1": 1.0}
_CROP = re.compile(r"^(0|1|0\.\d{1,6})_(0|1|0\.\d{1,6})_(0|1|0\.\d{1,6})_(0|1|0\.\d{1,6})$")
_MAX_HEIGHT = 8000


def fit(media: MediaStore, sha256: str) -> tuple[Image, str] | str:
    """The picture as WeChat takes it and what was changed ("" for nothing), or a Chinese reason why it cannot be."""
    image = media.get(sha256)
    if image is None:
        return "正文引用的图片已不在素材库中，请重新插入。"
    # Absurd sizes in pixels are refused (40137) however few the bytes are.
    upright = max(image.width, image.height) <= _MAX_HEIGHT
    if image.content_type in UPLOADIMG_TYPES and image.size < UPLOADIMG_BYTES and upright:
        return image, ""
    sharp = image.content_type in ("image/bmp", "image/x-ms-bmp", "image/gif")

    def make(data: bytes) -> tuple[bytes, str]:
        return reencode(
            data, max_bytes=UPLOADIMG_BYTES, max_width=ARTICLE_WIDTH, max_height=_MAX_HEIGHT,
            prefer="png" if sharp else "jpeg",
        )  # fmt: skip

    try:
        derived = media.derive(sha256, "wechat-article-1", make)
    except ValueError:
        return "图片无法转换为微信支持的格式，请换成 JPG 或 PNG 后重新插入。"
    if image.content_type == "image/gif":
        return derived, "由动图转为静态图"
    if image.content_type not in UPLOADIMG_TYPES:
        return derived, "转换为微信支持的格式"
    return derived, "压缩到 1 MB 以内" if image.size >= UPLOADIMG_BYTES else "缩小到微信支持的尺寸"


def fit_material(media: MediaStore, sha256: str) -> tuple[Image, str] | str:
    """As fit(), for a picture that becomes a permanent material: up to 10 MB, GIF may stay (add_material)."""
    image = media.get(sha256)
    if image is None:
        return "选用的图片已不在素材库中，请重新选择。"
    upright = max(image.width, image.height) <= _MAX_HEIGHT
    if image.content_type in MATERIAL_TYPES and image.size < MATERIAL_BYTES and upright:
        return image, ""

    def make(data: bytes) -> tuple[bytes, str]:
        return reencode(data, max_bytes=MATERIAL_BYTES, max_width=_MAX_HEIGHT, max_height=_MAX_HEIGHT)

    try:
        derived = media.derive(sha256, "wechat-material-1", make)
    except ValueError:
        return "图片无法转换为微信支持的格式，请换成 JPG 或 PNG。"
    return derived, "转换为 JPG" if image.content_type not in MATERIAL_TYPES else "缩小到微信的上限以内"


@dataclass(kw_only=True)
class Cover:
    """A chosen cover: `value` is the payload's {media_id, sha256, crops}."""

    value: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def choose_cover(account: AccountConfig, media: MediaStore, content: Content, pictures: list[str]) -> Cover:
    """The post's cover, else its first picture, else the account's default cover, else one drawn with the title."""
    cover = Cover()
    if content.cover is not None:
        return _use(cover, media, content.cover.sha256, content.cover.media_id)
    if pictures:
        cover.notes.append(Note(kind="cover", message="未设封面，取正文第一张图片。"))
        return _use(cover, media, pictures[0])
    return _draw(cover, media, content.title, str(account.settings.get("default_cover") or ""))


def crops_of(image: Image, ratios: Mapping[str, float]) -> dict[str, str]:
    """The largest centred part of each ratio."""
    return {name: centred_crop(image.width, image.height, ratio) for name, ratio in ratios.items()}


def override_cover(cover: Cover, media: MediaStore, given: Mapping[str, Any]) -> Cover:
    """`cover` with the parts that the author set by hand: another picture, or moved crops."""
    changed = Cover(value=dict(cover.value), notes=list(cover.notes), problems=list(cover.problems))
    sha256 = given.get("sha256")
    if sha256 and sha256 != cover.value.get("sha256"):
        changed = _use(Cover(), media, str(sha256), str(given.get("media_id") or ""))
    crops = given.get("crops")
    if isinstance(crops, Mapping):
        merged = {**changed.value.get("crops", {}), **{str(k): str(v) for k, v in crops.items()}}
        changed.value["crops"] = merged
        if set(merged) != set(CROPS) or not all(is_crop(value) for value in merged.values()):
            changed.problems.append(_problem("封面裁剪范围不正确，请重新拖动裁剪框。"))
    return changed


def is_crop(value: str) -> bool:
    """Whether `value` is X1_Y1_X2_Y2 with 0 ≤ X1 < X2 ≤ 1 and likewise Y, at most six decimals."""
    found = _CROP.match(value)
    if found is None:
        return False
    x1, y1, x2, y2 = (float(part) for part in found.groups())
    return x1 < x2 and y1 < y2


def centred_crop(width: int, height: int, ratio: float) -> str:
    """The largest centred part of that ratio, as WeChat's pic_crop writes it."""
    wide, high = (height * ratio / width, 1.0) if width > height * ratio else (1.0, width / ratio / height)
    corners = ((1 - wide) / 2, (1 - high) / 2, (1 + wide) / 2, (1 + high) / 2)
    return "_".join(f"{corner:.6f}".rstrip("0").rstrip(".") for corner in corners)


def _use(cover: Cover, media: MediaStore, sha256: str, media_id: str = "") -> Cover:
    fitted = fit(media, sha256)
    if isinstance(fitted, str):
        cover.problems.append(_problem("封面图片不可用，请换一张 JPG 或 PNG 图片。"))
        cover.value = {"media_id": media_id, "sha256": sha256, "crops": {}}
        return cover
    image, change = fitted
    if change:
        cover.notes.append(Note(kind="cover", message=f"封面图片{change}。"))
    cover.value = _value(image, media_id or image.media_id)
    return cover


def _draw(cover: Cover, media: MediaStore, title: str, background: str) -> Cover:
    """Drawn by machine: on the account's default cover, else on a plain colour (derived from no picture at all)."""
    if background and media.get(background) is None:
        cover.problems.append(
            Problem(
                rule="wechat.default_cover", severity="warn", field="cover",
                message="账号的默认封面已不在素材库中，改用纯色封面。", suggestion="请在账号设置中重新选择默认封面。",
            )
        )  # fmt: skip
        background = ""
    written = has_cjk_font()
    recipe = f"wechat-cover-1:{int(written)}:{hashlib.sha256(title.encode()).hexdigest()}"
    image = media.derive(background, recipe, lambda data: draw_cover(title, data))
    base = "账号默认封面" if background else "纯色底"
    told = (
        f"没有图片，用{base}加标题生成封面。" if written else f"没有图片，用{base}作封面；本机没有中文字体，未写标题。"
    )
    cover.notes.append(Note(kind="cover", message=told))
    cover.value = _value(image, image.media_id)
    return cover


def _value(image: Image, media_id: str) -> dict[str, Any]:
    return {"media_id": media_id, "sha256": image.sha256, "crops": crops_of(image, CROPS)}


def _problem(message: str) -> Problem:
    return Problem(rule="wechat.cover", severity="block", message=message, field="cover")
