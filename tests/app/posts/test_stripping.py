"""However a picture comes in, what it tells beside itself is taken off; a damaged block of it is no reason to fail."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Callable

import docx
import pytest

from app.media.blobs import read_blob
from app.posts import services as posts
from connectors.bare import is_bare
from tests.app.media.test_cleaning import SECRET
from tests.app.media.test_library import located, picture
from tests.app.posts.helpers import World, png
from tests.app.posts.test_importing_page import HTML, Site, Take, site, take
from tests.app.posts.test_importing_zip import packed

__all__ = ["site", "take"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PHOTOS = {
    "located": located("JPEG"),
    "damaged": picture("JPEG", dpi=(72, 72), exif=b"Exif\x00\x00no TIFF " + SECRET),
}
Bring = Callable[[World, bytes], str]


def pasted(world: World, photo: bytes) -> str:
    html = f'<p>甲<img src="data:image/jpeg;base64,{base64.b64encode(photo).decode()}"></p>'
    return posts.clean_paste(world.author, unit_id=world.city.id, html=html, now=world.now).html


def imported(world: World, name: str, content: bytes) -> str:
    found = posts.import_document(world.author, unit_id=world.city.id, name=name, content=content, now=world.now)
    return str(found.fields["body_html"])


def zipped(world: World, photo: bytes) -> str:
    return imported(world, "稿件.zip", packed({"正文.md": "# 题\n\n甲\n\n![图](a.jpg)\n".encode(), "a.jpg": photo}))


def from_word(world: World, photo: bytes) -> str:
    """A document whose picture is this one: the library that writes it does not take the damaged one."""
    letter = docx.Document()
    letter.add_paragraph("甲")
    letter.add_picture(io.BytesIO(png()))
    plain, changed = io.BytesIO(), io.BytesIO()
    letter.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(changed, "w") as new:
        for part in old.namelist():
            new.writestr(part, photo if part.startswith("word/media/") else old.read(part))
    return imported(world, "稿件.docx", changed.getvalue())


def bare(html: str) -> None:
    (sha256,) = re.findall(r'src="/media/([0-9a-f]{64})"', html)
    shown = read_blob(sha256)
    assert is_bare(shown, "image/jpeg")
    assert SECRET not in shown


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize("bring", [pasted, zipped, from_word])
def test_what_is_pasted_or_imported(world: World, bring: Bring, photo: str) -> None:
    assert SECRET in PHOTOS[photo]
    bare(bring(world, PHOTOS[photo]))


@pytest.mark.parametrize("photo", PHOTOS)
def test_what_comes_from_a_page(world: World, site: Site, take: Take, photo: str) -> None:
    words = "<p>入汛以来，全市平均降雨量较常年偏多，请市民远离河道、水库和低洼地带，注意收听预报。</p>" * 4
    page = f'<html><head><title>提示</title></head><body><h1>提示</h1><div class="article">{words}<p><img src="a.jpg"></p></div></body></html>'
    site.put("/a.html", page.encode(), HTML)
    site.put("/a.jpg", PHOTOS[photo], "image/jpeg")
    bare(take(f"{site.base}/a.html").fields["body_html"])
