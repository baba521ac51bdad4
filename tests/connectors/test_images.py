"""Pictures: re-encoded within limits, upright, on white, deterministic; covers with their title."""

from __future__ import annotations

import io

import pytest
from PIL import Image as Pillow
from PIL import ImageFont

from connectors import images
from tests.connectors.conftest import SAMPLES

NOISY = (SAMPLES / "images" / "crowd-noise.jpg").read_bytes()


def encoded(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def decoded(data: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize("limit", [1_000_000, 200_000, 20_000, 2_000])
def test_the_limit_is_kept_by_quality_first_then_by_size(limit: int) -> None:
    data, kind = images.reencode(NOISY, max_bytes=limit)
    assert len(data) < limit
    assert kind == "image/jpeg"


def test_a_limit_that_nothing_can_meet_is_an_error() -> None:
    with pytest.raises(ValueError):
        images.reencode(NOISY, max_bytes=10)


def test_the_same_bytes_come_out_each_time() -> None:
    assert images.reencode(NOISY, max_bytes=500_000) == images.reencode(NOISY, max_bytes=500_000)


def test_a_picture_is_turned_upright() -> None:
    lying = Pillow.new("RGB", (200, 100), (255, 0, 0))
    exif = lying.getexif()
    exif[0x0112] = 6
    data, _ = images.reencode(encoded(lying, "JPEG", exif=exif), max_bytes=100_000)
    assert images.size_of(data) == (100, 200)
    assert not Pillow.open(io.BytesIO(data)).getexif()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_becomes_white(mode: str) -> None:
    clear = Pillow.new("RGBA", (40, 40), (0, 0, 0, 0)).convert(mode)
    options = {"transparency": clear.getpixel((0, 0))} if mode == "P" else {}
    data, _ = images.reencode(encoded(clear, "PNG", **options), max_bytes=100_000)
    assert decoded(data).getpixel((20, 20)) == (255, 255, 255)


def test_png_is_kept_where_preferred_and_small_enough() -> None:
    drawing = encoded(Pillow.new("RGB", (300, 200), (0, 90, 0)), "BMP")
    assert images.reencode(drawing, max_bytes=100_000, prefer="png")[1] == "image/png"
    noise = encoded(Pillow.effect_noise((600, 600), 90).convert("RGB"), "BMP")
    assert images.reencode(noise, max_bytes=300_000, prefer="png")[1] == "image/jpeg"


@pytest.mark.parametrize("junk", [b"", b"<html></html>", b"GIF89a", NOISY[:2000]])
def test_what_is_no_picture_is_a_value_error(junk: bytes) -> None:
    with pytest.raises(ValueError):
        images.reencode(junk, max_bytes=100_000)


def test_a_picture_of_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 1000)
    with pytest.raises(ValueError, match="too many pixels"):
        images.reencode(encoded(Pillow.new("RGB", (100, 100)), "PNG"), max_bytes=100_000)


def test_a_cover_has_its_title_inside_the_middle_square() -> None:
    bare, titled = (
        decoded(images.draw_cover(title)[0]) for title in ("", "青岚市人民政府办公室关于做好暴雨防范应对工作的紧急通知")
    )
    assert titled.size == images.COVER_SIZE
    width, height = titled.size
    left, right = (width - height) // 2, (width + height) // 2

    def white(picture: Pillow.Image, box: tuple[int, int, int, int]) -> int:
        return sum(1 for pixel in picture.crop(box).convert("L").tobytes() if pixel > 230)

    assert white(titled, (left, 0, right, height)) > 2000
    assert white(titled, (0, 0, left, height)) == white(titled, (right, 0, width, height)) == 0
    assert white(bare, (0, 0, width, height)) == 0


def test_without_a_chinese_font_the_cover_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_font_path", lambda: None)
    assert not images.has_cjk_font()
    assert images.draw_cover("标题") == images.draw_cover("")


def test_a_background_is_darkened_under_the_title() -> None:
    light = encoded(Pillow.new("RGB", (500, 500), (255, 255, 255)), "PNG")
    assert max(decoded(images.draw_cover("", light)[0]).convert("L").tobytes()) < 160


TITLES = [
    "青岚市发布暴雨橙色预警",
    "关于防范应对工作的紧急通知（第二号）",
    "“放管服”改革：一图读懂《青岚市条例》！",
    "字",
]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("width", [160, 250, 420])
def test_lines_of_a_cover_are_whole_fit_and_break_where_chinese_breaks(title: str, width: float) -> None:
    path = images._font_path()
    assert path is not None
    font = ImageFont.truetype(path, 44, index=images._chinese_face(path))
    lines = images._balanced(title, font, width)
    assert "".join(lines) == title
    assert all(font.getlength(line) <= width for line in lines)
    assert not any(line[0] in images._CLOSING for line in lines)
    assert not any(line[-1] in images._OPENING for line in lines)
    assert len(lines) == len(images._wrap(title, font, width))


def test_the_kind_of_a_picture_is_told_without_decoding_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file of very many pixels must not fill the memory."""
    huge = io.BytesIO()
    Pillow.new("1", (9900, 8000)).save(huge, "PNG")

    def load(picture: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    assert images.kind_of(huge.getvalue()) == "image/png"
    assert images.kind_of(b"<svg/>") is None
    assert images.kind_of(huge.getvalue()[:60]) is None


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_all_frames_of_a_moving_picture_count_before_one_is_decoded(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Small in the file, but whoever writes it anew holds every frame."""
    first, *more = [Pillow.new("RGB", (50, 20), (number, 0, 0)) for number in (0, 90, 180, 250)]
    moving = encoded(first, kind, save_all=True, append_images=more)
    monkeypatch.setattr(images, "MAX_MOVING_PIXELS", 4 * 50 * 20)
    assert images.examine(moving).moving
    assert not images.examine(encoded(Pillow.new("RGB", (90, 90)), kind)).moving, "one frame has its own limit"
    monkeypatch.setattr(images, "MAX_MOVING_PIXELS", 4 * 50 * 20 - 1)
    monkeypatch.setattr(Pillow.Image, "load", _unexpected)
    with pytest.raises(images.TooManyPixels, match="50 x 20 x 4"):
        images.examine(moving)


def _unexpected(*_given: object) -> None:
    raise AssertionError("decoded")
