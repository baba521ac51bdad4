"""What a picture tells beside itself is neither shown nor sent; the file as it came is kept for those who may."""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import warnings
from datetime import datetime

import pytest
from flask import Flask
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import select

from app.audit.models import Event
from app.db import atomic, db
from app.errors import WrongKind
from app.media.blobs import path_of
from app.media.models import Blob, Media
from app.media.removing import remove
from app.media.services import add_media, read_blob, take_in
from app.posts import services as posts
from connectors.bare import is_bare
from tests.app.accounts.people import People
from tests.app.media.test_library import located, picture
from tests.app.posts.helpers import World

SECRET = b"SecretCamera"


def xmp(kind: str) -> bytes:
    return picture(kind, xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")


def iptc() -> bytes:
    """A JPEG with an APP13 segment: names and places as agencies write them."""
    plain = picture("JPEG")
    body = b"Photoshop 3.0\x00" + SECRET
    return plain[:2] + b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body + plain[2:]


def words(text: str = "SecretCamera") -> bytes:
    info = PngInfo()
    info.add_text("Location", text)
    return picture("PNG", pnginfo=info)


def two_in_one() -> bytes:
    """As telephones save depth or a second exposure."""
    out = io.BytesIO()
    first = Pillow.new("RGB", (40, 20), "red")
    first.save(out, "MPO", save_all=True, append_images=[Pillow.new("RGB", (40, 20), "blue")])
    return out.getvalue() + SECRET


PLANTED = {
    "gps.jpg": located("JPEG"),
    "gps.png": located("PNG"),
    "gps.webp": located("WEBP"),
    "xmp.jpg": xmp("JPEG"),
    "xmp.webp": xmp("WEBP"),
    "iptc.jpg": iptc(),
    "comment.jpg": picture("JPEG", comment=SECRET),
    "comment.gif": picture("GIF", comment=SECRET),
    "words.png": words(),
    "film.jpg": picture("JPEG") + b"\x00\x00\x00\x18ftypmp42" + SECRET,
    "tail.png": picture("PNG") + SECRET,
    "tail.gif": picture("GIF") + SECRET,
    "tail.webp": picture("WEBP") + SECRET,
    "tail.bmp": picture("BMP") + SECRET,
    "two.jpg": two_in_one(),
}


@pytest.mark.parametrize("name", PLANTED)
def test_served_without_and_kept_with(app: Flask, people: People, name: str) -> None:
    author = people.browser(people.author)
    upload = {"file": (io.BytesIO(PLANTED[name]), name)}
    made = author.post("/library", data=upload, headers={"Accept": "application/json"}).get_json()
    served = author.get(made["url"])
    shown = served.get_data()
    served.close()
    assert SECRET in PLANTED[name]
    assert SECRET not in shown
    assert is_bare(shown, made["content_type"])
    with Pillow.open(io.BytesIO(shown)) as again:
        assert not again.getexif()
    kept = author.get(f"/library/{made['id']}/original")
    assert kept.get_data() == PLANTED[name]
    assert kept.headers["Content-Disposition"].startswith("attachment")
    assert kept.headers["Cache-Control"] == "no-store"
    kept.close()
    original = db.session.scalars(select(Blob.sha256).where(Blob.original)).one()
    assert author.get(f"/media/{original}").status_code == 404
    assert author.get(f"/library/thumbs/{original}").status_code == 404
    assert db.session.scalars(select(Event.object_id).where(Event.action == "media.original")).all() == [made["id"]]


DAMAGED = {
    "no_tiff": b"no TIFF, " + SECRET,
    "cut_short": b"II*\x00",
    "endless": b"MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12\x00\x03\x00\x00\x00\x01" + SECRET,
    "astray": b"MM\x00*\xff\xff\xff\xf0" + SECRET,
}


@pytest.mark.parametrize("block", DAMAGED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_whose_exif_is_damaged_is_cleaned_without_being_turned(
    world: World, now: datetime, kind: str, block: str
) -> None:
    """With a density of its own a JPEG's EXIF is not looked at before it is cleaned."""
    content = picture(kind, size=(40, 20), dpi=(72, 72), exif=b"Exif\x00\x00" + DAMAGED[block])
    media = add_media(world.author, unit_id=world.city.id, name=f"a.{kind.lower()}", content=content, now=now)
    shown = read_blob(media.sha256)
    assert SECRET not in shown
    assert is_bare(shown, media.blob.content_type)
    assert (media.blob.width, media.blob.height) == (40, 20)
    assert read_blob(media.original_sha256) == content


def test_exif_told_as_words_that_is_none_is_cleaned(world: World, now: datetime) -> None:
    info = PngInfo()
    info.add_text("Raw profile type exif", "\nexif\n 4\nzzzz SecretCamera")
    content = picture("PNG", pnginfo=info)
    media = add_media(world.author, unit_id=world.city.id, name="a.png", content=content, now=now)
    assert SECRET not in read_blob(media.sha256)


def test_a_damaged_block_beside_the_orientation_still_lets_it_be_turned(world: World, now: datetime) -> None:
    """A value that lies outside of the block, as cameras and editors leave behind."""
    entries = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00" + b"\x01\x1a\x00\x05\x00\x00\x00\x01\x7f\xff\x00\x00"
    block = b"MM\x00*\x00\x00\x00\x08\x00\x02" + entries + b"\x00" * 4
    content = picture("JPEG", size=(40, 20), dpi=(72, 72), exif=b"Exif\x00\x00" + block)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        media = add_media(world.author, unit_id=world.city.id, name="a.jpg", content=content, now=now)
    assert (media.blob.width, media.blob.height) == (20, 40)


def test_a_picture_that_cannot_be_cleaned_is_refused(
    world: World, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise struct.error("damaged")

    monkeypatch.setattr(Pillow.Image, "save", broken)
    with pytest.raises(WrongKind, match="清除不了"):
        add_media(world.author, unit_id=world.city.id, name="a.jpg", content=PLANTED["gps.jpg"], now=now)


def test_who_may_have_the_original(app: Flask, people: People) -> None:
    author = people.browser(people.author)
    made = author.post(
        "/library", data={"file": (io.BytesIO(located()), "a.jpg")}, headers={"Accept": "application/json"}
    ).get_json()
    assert people.browser(people.admin).get(f"/library/{made['id']}/original").status_code == 403
    assert people.browser(people.stranger).get(f"/library/{made['id']}/original").status_code == 404
    assert db.session.scalars(select(Event).where(Event.action == "media.original")).all() == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_a_bare_picture_is_kept_to_the_byte(world: World, now: datetime, kind: str) -> None:
    content = picture(kind)
    media = add_media(world.author, unit_id=world.city.id, name=f"a.{kind.lower()}", content=content, now=now)
    assert (media.original_sha256, media.blob.size) == ("", len(content))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_moving_picture_still_moves_when_it_was_cleaned(world: World, now: datetime, kind: str) -> None:
    out = io.BytesIO()
    frames = [Pillow.new("RGB", (30, 30), colour) for colour in ("red", "blue", "green")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    assert is_bare(out.getvalue(), f"image/{kind.lower()}")
    media = add_media(
        world.author, unit_id=world.city.id, name=f"a.{kind.lower()}", content=out.getvalue() + SECRET, now=now
    )
    cleaned = read_blob(media.sha256)
    assert SECRET not in cleaned
    with Pillow.open(io.BytesIO(cleaned)) as again:
        assert getattr(again, "n_frames", 1) == 3


def test_progressive_and_profiled_pictures_are_bare(world: World, now: datetime) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for content in (picture("JPEG", progressive=True, size=(300, 300)), picture("JPEG", icc_profile=profile)):
        assert is_bare(content, "image/jpeg")
    assert is_bare(picture("PNG", icc_profile=profile, dpi=(72, 72)), "image/png")
    assert is_bare(picture("WEBP", icc_profile=profile), "image/webp")


def test_cut_files_are_never_bare() -> None:
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        whole = picture(kind, size=(60, 60))
        for end in range(8, len(whole) - 2, 7):
            is_bare(whole[:end], f"image/{kind.lower()}")
        if kind in ("JPEG", "GIF"):
            assert not is_bare(whole[:-2], f"image/{kind.lower()}")


def test_what_goes_to_the_platforms_tells_nothing(world: World, now: datetime) -> None:
    """Small JPEGs go out as they lie in the library: those bytes must be the cleaned ones."""
    with atomic():
        world.weibo.mode = "business"
    body = add_media(world.author, unit_id=world.city.id, name="a.jpg", content=located("JPEG"), now=now)
    cover = add_media(world.author, unit_id=world.city.id, name="b.jpg", content=PLANTED["film.jpg"], now=now)
    post = posts.create_post(
        world.author,
        world.fields(body_html=f'<p>甲<img src="/media/{body.sha256}" alt="图"></p>', cover_media_id=cover.id),
        now,
    )
    sent = set()
    for variant in posts.current_variants(post):
        sent |= set(re.findall(r"[0-9a-f]{64}", json.dumps(variant.payload)))
    assert {body.sha256, cover.sha256} <= sent
    for sha256 in sent:
        content = read_blob(sha256)
        assert SECRET not in content
        assert is_bare(content, db.session.get_one(Blob, sha256).content_type)
    originals = set(db.session.scalars(select(Blob.sha256).where(Blob.original)))
    assert len(originals) == 2
    assert not originals & sent


def test_an_original_cannot_be_put_into_a_post_by_its_hash(world: World, now: datetime) -> None:
    media = add_media(world.author, unit_id=world.city.id, name="a.jpg", content=located("JPEG"), now=now)
    html = f'<p>甲<img src="/media/{media.original_sha256}" alt="图"></p>'
    post = posts.create_post(world.author, world.fields(body_html=html), now)
    revision = posts.current_revision(post)
    assert revision.body_html == "<p>甲</p>"
    assert any("不在素材库中" in note for note in revision.notes)


def test_the_same_photograph_again_is_the_same_item(world: World, now: datetime) -> None:
    """Also when it comes once with and once without what it tells."""
    first = take_in(world.author, unit_id=world.city.id, name="a.jpg", content=located("JPEG"), now=now)
    again = take_in(world.author, unit_id=world.city.id, name="b.jpg", content=located("JPEG"), now=now)
    assert (first.known, again.known, again.media.id) == (False, True, first.media.id)
    assert len(db.session.scalars(select(Media)).all()) == 1
    assert len(db.session.scalars(select(Blob)).all()) == 2


def test_a_second_original_of_the_same_picture_leaves_no_bytes_that_nobody_can_remove(
    world: World, now: datetime
) -> None:
    first = take_in(world.author, unit_id=world.city.id, name="a.jpg", content=picture("JPEG", comment=SECRET), now=now)
    other = picture("JPEG", comment=b"another device")
    again = take_in(world.author, unit_id=world.city.id, name="b.jpg", content=other, now=now)
    assert again.media.id == first.media.id
    hashes = {first.media.sha256, first.media.original_sha256}
    assert set(db.session.scalars(select(Blob.sha256))) == hashes
    assert not path_of(hashlib.sha256(other).hexdigest()).exists()
    remove(world.author, first.media.id, now)
    assert db.session.scalars(select(Blob.sha256)).all() == []
