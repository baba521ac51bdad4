"""Re-encoding pictures for the platforms and drawing a cover when there is none. Deterministic: same input, same bytes.

Pillow is imported nowhere else but here, in cropping.py, measuring.py and turning.py.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont, ImageOps

from connectors.bare import is_bare
from connectors.turning import DAMAGED, upright

Prefer = Literal["jpeg", "png"]

# A picture wider or higher than this is refused or badly scaled by the platforms (WeChat: 40137 for huge pixel sizes).
MAX_SIDE = 8000
# More pixels than this are not decoded at all.
MAX_PIXELS = 120_000_000
# All frames of a moving picture together: whoever writes it anew holds them in memory, four bytes for each pixel.
MAX_MOVING_PIXELS = 200_000_000

ACCEPTED = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
BOMBS = (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning)


class TooManyPixels(ValueError):
    """The picture would take too much memory to decode."""


class TooManyFrames(TooManyPixels):
    """Each frame would do; together they are too much."""


COVER_SIZE = (1080, 460)
_COVER_TOP, _COVER_BOTTOM = (178, 34, 34), (122, 18, 24)
_OPENING, _CLOSING = "（(《【“‘「〔", "）)》】”’」〕，。、；：？！"
_FONT_PLACES = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "C:/Windows/Fonts",
)
_FONT_NAMES = ("NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "NotoSansSC-Bold.otf", "SourceHanSansSC-Bold.otf")


def reencode(
    data: bytes, *, max_bytes: int, max_width: int = 1280, max_height: int = MAX_SIDE, prefer: Prefer = "jpeg"
) -> tuple[bytes, str]:
    """`data` as JPEG (or PNG where preferred and small enough) of fewer than `max_bytes`, with its content type.

    Only the first frame of an animation is kept, transparency becomes white, metadata goes. Quality falls first, then
    the size in pixels. Raises ValueError for what is not a picture or is too large to decode.
    """
    picture = _open(data)
    picture.thumbnail((max_width, max_height), Pillow.Resampling.LANCZOS)
    if prefer == "png":
        encoded = _png(picture)
        if len(encoded) < max_bytes:
            return encoded, "image/png"
    while True:
        for quality in (88, 80, 70, 60):
            encoded = _jpeg(picture, quality)
            if len(encoded) < max_bytes:
                return encoded, "image/jpeg"
        smaller = (max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4))
        if smaller == picture.size:
            raise ValueError("the picture cannot be made small enough")
        picture = picture.resize(smaller, Pillow.Resampling.LANCZOS)


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What a picture really is. `metadata`: there is more in the file than the picture (place, device, author, words,
    another picture, a film); `moving`: it has several frames."""

    content_type: str
    width: int
    height: int
    metadata: bool
    moving: bool = False


def kind_of(data: bytes) -> str | None:
    """The content type of a JPEG, PNG, GIF, BMP or WebP by its header and structure, without decoding; None for others."""
    try:
        with Pillow.open(io.BytesIO(data), formats=ACCEPTED) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                return None
            kind = str(picture.format).lower()
            picture.verify()
    except (OSError, EOFError, *DAMAGED, *BOMBS):
        return None
    return "image/jpeg" if kind == "mpo" else f"image/{kind}"


def examine(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Examined:
    """Decodes the picture once, so that a broken, disguised or huge one is found out.

    Raises TooManyPixels before decoding, TooManyFrames for a moving picture whose frames are too much together, ValueError
    for what is none of JPEG, PNG, GIF, BMP, WebP.
    """
    try:
        with Pillow.open(io.BytesIO(data), formats=ACCEPTED) as picture:
            if picture.width * picture.height > max_pixels:
                raise TooManyPixels(f"{picture.width} x {picture.height}")
            content_type = "image/jpeg" if picture.format == "MPO" else f"image/{str(picture.format).lower()}"
            moving = picture.format != "MPO" and bool(getattr(picture, "is_animated", False))
            frames = int(getattr(picture, "n_frames", 1)) if moving else 1
            if moving and picture.width * picture.height * frames > MAX_MOVING_PIXELS:
                raise TooManyFrames(f"{picture.width} x {picture.height} x {frames}")
            picture.load()
            return Examined(
                content_type=content_type,
                width=picture.width,
                height=picture.height,
                metadata=not is_bare(data, content_type),
                moving=moving,
            )
    except (OSError, EOFError, *DAMAGED, *BOMBS) as error:
        if isinstance(error, TooManyPixels):
            raise
        if isinstance(error, BOMBS):
            raise TooManyPixels(str(error)) from error
        raise ValueError("not a picture") from error


def without_metadata(data: bytes) -> bytes:
    """The same picture in the same format, upright, without EXIF, XMP, comments and whatever else is no picture; the
    colour profile stays. Raises ValueError when it cannot be had."""
    try:
        return _without_metadata(data)
    except (OSError, EOFError, *DAMAGED, *BOMBS) as error:
        raise ValueError("the picture cannot be cleaned") from error


def _without_metadata(data: bytes) -> bytes:
    with Pillow.open(io.BytesIO(data), formats=ACCEPTED) as picture:
        kind = "JPEG" if picture.format == "MPO" else str(picture.format)
        profile = picture.info.get("icc_profile")
        moving = kind != "JPEG" and bool(getattr(picture, "is_animated", False))
        clean = picture if moving else upright(picture)
        for key in ("exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop"):
            clean.info.pop(key, None)
        more: dict[str, object] = (
            {"quality": 92} if kind in ("JPEG", "WEBP") else {"comment": b""} if kind == "GIF" else {}
        )
        if moving:
            more["save_all"] = True
        if profile:
            more["icc_profile"] = profile
        out = io.BytesIO()
        clean.save(out, kind, **more)
        return out.getvalue()


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels. Raises ValueError for what is not a picture."""
    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            return picture.size
    except (OSError, ValueError, Pillow.DecompressionBombError) as error:
        raise ValueError("not a picture") from error


def has_cjk_font() -> bool:
    """Whether draw_cover() can write Chinese on this machine."""
    return _font_path() is not None


def draw_cover(title: str, background: bytes = b"") -> tuple[bytes, str]:
    """A 2.35:1 cover (JPEG) with `title` on it, all of it inside the middle square so that the 1:1 crop shows it too.

    `background` is a picture to draw on; without one a plain colour. Without a Chinese font no title is drawn.
    """
    canvas = _cover_canvas(background)
    font_path = _font_path()
    if font_path is not None and title:
        _write_title(canvas, title, font_path)
    return _jpeg(canvas, 88), "image/jpeg"


def _open(data: bytes) -> Pillow.Image:
    try:
        opened = Pillow.open(io.BytesIO(data))
        if opened.width * opened.height > MAX_PIXELS:
            raise ValueError("too many pixels")
        return flatten(upright(opened))
    except (OSError, SyntaxError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise ValueError("not a picture") from error


def flatten(picture: Pillow.Image) -> Pillow.Image:
    """RGB on white."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = Pillow.new("RGB", layer.size, (255, 255, 255))
        white.paste(layer, mask=layer.getchannel("A"))
        return white
    return picture.convert("RGB")


def _jpeg(picture: Pillow.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=False)
    return out.getvalue()


def _png(picture: Pillow.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _cover_canvas(background: bytes) -> Pillow.Image:
    if background:
        fitted = ImageOps.fit(_open(background), COVER_SIZE, Pillow.Resampling.LANCZOS)
        shade = Pillow.new("RGB", COVER_SIZE, (0, 0, 0))
        return Pillow.blend(fitted, shade, 0.45)
    canvas = Pillow.new("RGB", COVER_SIZE, _COVER_TOP)
    draw = ImageDraw.Draw(canvas)
    for y in range(COVER_SIZE[1]):
        part = y / COVER_SIZE[1]
        colour = tuple(round(a + (b - a) * part) for a, b in zip(_COVER_TOP, _COVER_BOTTOM, strict=True))
        draw.line([(0, y), (COVER_SIZE[0], y)], fill=colour)
    return canvas


def _write_title(canvas: Pillow.Image, title: str, font_path: str) -> None:
    draw = ImageDraw.Draw(canvas)
    room = COVER_SIZE[1] - 40
    for size in (84, 72, 60, 52, 44):
        font = ImageFont.truetype(font_path, size, index=_chinese_face(font_path))
        lines = _balanced(title, font, room)
        step = round(size * 1.3)
        if len(lines) * step <= room or size == 44:
            break
    top = (COVER_SIZE[1] - len(lines) * step) / 2
    for number, line in enumerate(lines):
        left = (COVER_SIZE[0] - font.getlength(line)) / 2
        draw.text((left, top + number * step), line, font=font, fill=(255, 255, 255))


def _balanced(text: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    """As few lines as fit `room`, of about the same length: no single character is left over at the end."""
    lines = _wrap(text, font, room)
    width = room
    while width > font.size * 2:
        width -= font.size / 2
        narrower = _wrap(text, font, width)
        if len(narrower) > len(lines):
            break
        lines = narrower
    return lines


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines within `width`; none begins with a closing sign or ends with an opening one."""
    lines = [""]
    for character in text:
        if not lines[-1] or font.getlength(lines[-1] + character) <= width:
            lines[-1] += character
            continue
        keep = len(lines[-1])
        while keep > 1 and (lines[-1][keep - 1] in _OPENING or (character in _CLOSING and keep == len(lines[-1]))):
            keep -= 1
        lines[-1], moved = lines[-1][:keep], lines[-1][keep:]
        lines.append(moved + character)
    return lines


@cache
def _font_path() -> str | None:
    for place in _FONT_PLACES:
        root = Path(place)
        if not root.is_dir():
            continue
        for name in _FONT_NAMES:
            found = sorted(root.rglob(name))
            if found:
                return str(found[0])
    return None


@cache
def _chinese_face(font_path: str) -> int:
    """The index of the Simplified Chinese face in a collection (0 for a single font)."""
    if not font_path.endswith(".ttc"):
        return 0
    for index in range(16):
        try:
            family = ImageFont.truetype(font_path, 12, index=index).getname()[0] or ""
        except OSError:
            return 0
        if family.endswith(" SC"):
            return index
    return 0
