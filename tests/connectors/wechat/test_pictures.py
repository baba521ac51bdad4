"""Every picture of an article arrives as WeChat takes it: BMP, GIF, too many bytes, too many pixels, drawn covers."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from tests.connectors.fakes import MemoryMedia
from tests.connectors.wechat.conftest import Make, post, prepared
from tests.connectors.wechat.test_adapt import sha

Register = Callable[..., str]


def drawn(media: MemoryMedia, name: str, width: int, height: int, kind: str = "PNG") -> str:
    data = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(data, kind)
    media.add(data.getvalue(), f"image/{kind.lower()}", media_id=name)
    return name


SIZES = {"wide": (18_018, 40), "tall": (40, 24_477)}


@pytest.mark.parametrize("name", ["route-map.bmp", "tiny.gif", "crowd-noise.jpg", "long-poster.png", "wide", "tall"])
def test_it_is_re_encoded_where_it_must_be_and_taken(
    make: Make, registered: Register, media: MemoryMedia, name: str
) -> None:
    if name in SIZES:
        drawn(media, name, *SIZES[name])
    connector = make(registered())
    body = f'<p>今天的图。</p><img src="/media/{sha(media, name)}">'
    adapted = connector.adapt(post(body_html=body))
    assert [problem for problem in adapted.problems if problem.severity == "block"] == []
    done = prepared(connector, adapted.payload)
    assert done.ready
    [sent] = done.steps["images"]
    image = media.images[sent]
    assert image.content_type in ("image/jpeg", "image/png")
    assert image.size < 1_000_000
    assert max(image.width, image.height) <= 8000


def test_too_few_bytes_do_not_excuse_too_many_pixels(make: Make, media: MemoryMedia) -> None:
    drawn(media, "wide", *SIZES["wide"])
    notes = make().adapt(post(body_html=f'<p>图。</p><img src="/media/{sha(media, "wide")}">')).notes
    assert any("缩小到微信支持的尺寸" in note.message for note in notes)


def test_the_same_picture_as_cover_and_in_the_text_is_sent_for_each_use(
    make: Make, registered: Register, media: MemoryMedia
) -> None:
    connector = make(registered())
    bmp = media.images[sha(media, "route-map.bmp")]
    body = f'<p>图。</p><img src="/media/{bmp.sha256}">'
    done = prepared(connector, connector.adapt(post(cover=bmp, body_html=body)).payload)
    assert len(done.steps["images"]) == 1
    assert done.steps["cover"] != next(iter(done.steps["images"].values()))
