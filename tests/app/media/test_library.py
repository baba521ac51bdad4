"""What the library takes, cleans and refuses; what connectors get from it."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import docx
import openpyxl
import openpyxl.comments
import pytest
from flask import Flask
from PIL import Image as Pillow
from sqlalchemy import func, select

from app.config import Config
from app.db import atomic, db
from app.errors import Forbidden, NotFound, TooLarge, WrongKind
from app.media import attachments, kinds
from app.media.models import Blob, Derivative, Media
from app.media.places import unmarked
from app.media.services import (
    LibraryStore,
    add_media,
    describe,
    get_media,
    image_value,
    make_public,
    media_of,
    read_blob,
)
from connectors import images
from tests.app.accounts.kit import Office, connect_wechat

GPS = 0x8825


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), colour: str = "red", **more: object) -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


def located(kind: str = "JPEG") -> bytes:
    """A picture that tells where and with what it was taken, lying on its side."""
    exif = Pillow.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6
    exif.get_ifd(GPS)[2] = (30.0, 15.0, 0.0)
    return picture(kind, exif=exif)


def take(office: Office, now: datetime, content: bytes, name: str) -> Media:
    return add_media(office.author, unit_id=office.city.id, name=name, content=content, now=now)


@pytest.mark.parametrize(
    ("kind", "name", "content_type"),
    [
        ("PNG", "图.png", "image/png"),
        ("JPEG", "图.JPG", "image/jpeg"),
        ("GIF", "图.gif", "image/gif"),
        ("BMP", "图.bmp", "image/bmp"),
        ("WEBP", "图.webp", "image/webp"),
    ],
)
def test_pictures_are_taken_as_they_are(
    app: Flask, office: Office, now: datetime, kind: str, name: str, content_type: str
) -> None:
    content = picture(kind)
    media = take(office, now, content, name)
    assert (media.blob.content_type, media.blob.width, media.blob.height) == (content_type, 40, 20)
    assert media.blob.size == len(content)
    assert read_blob(media.sha256) == content
    assert image_value(media).url == f"/media/{media.sha256}"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_and_camera_are_taken_off(app: Flask, office: Office, now: datetime, kind: str) -> None:
    original = located(kind)
    assert b"SecretCamera" in original
    media = take(office, now, original, f"photo.{kind.lower()}")
    kept = read_blob(media.sha256)
    assert b"SecretCamera" not in kept
    with Pillow.open(io.BytesIO(kept)) as again:
        assert not again.getexif()
        assert again.format == kind
        assert again.size == (20, 40), "turned upright before the orientation is dropped"


def test_the_same_bytes_are_one_item(app: Flask, office: Office, now: datetime) -> None:
    first, second = take(office, now, picture(), "a.png"), take(office, now, picture(), "b.png")
    assert first.id == second.id
    county = add_media(
        office.actor("author", unit=office.county), unit_id=office.county.id, name="c.png", content=picture(), now=now
    )
    assert county.id != first.id
    assert db.session.scalar(select(func.count()).select_from(Blob)) == 1


@pytest.mark.parametrize(
    ("content", "name", "word"),
    [
        (b"", "a.png", "空的"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "a.svg", "SVG"),
        (b'<?xml version="1.0"?><svg onload="x"/>', "a.png", "SVG"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><html></html>", "photo.jpg", "网页"),
        (b"<script>alert(1)</script>", "photo.jpg", "网页"),
        (b"MZ\x90\x00" + b"\0" * 200, "photo.jpg", "程序"),
        (b"\x7fELF" + b"\0" * 200, "a.png", "程序"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old.doc", "另存为 docx"),
        (b"hello", "note.txt", "不是支持"),
        (b"GIF89a<script>", "a.gif", "不是这种格式"),
        (picture()[:60], "cut.png", "不是这种格式"),
        (b"%PDF-1.7\ncut", "a.pdf", "不完整"),
        (b"PK\x03\x04broken", "a.docx", "损坏"),
    ],
)
def test_what_is_refused_and_with_which_word(
    app: Flask, office: Office, now: datetime, content: bytes, name: str, word: str
) -> None:
    with pytest.raises(WrongKind) as refused:
        take(office, now, content, name)
    assert word in refused.value.message
    assert refused.value.status == 415
    assert db.session.scalars(select(Media)).all() == []


def office_file(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def letter(*paragraphs: str) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "张三", "电话"
    document.sections[0].header.paragraphs[0].text = "页眉里的字"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_a_picture_called_document_and_a_document_called_picture(app: Flask, office: Office, now: datetime) -> None:
    with pytest.raises(WrongKind, match="内容却是图片"):
        take(office, now, picture(), "a.docx")
    with pytest.raises(WrongKind, match="内容却是docx"):
        take(office, now, letter("甲"), "a.jpg")
    assert take(office, now, picture("JPEG"), "a.png").blob.content_type == "image/jpeg"


def test_macros_and_other_archives_are_refused(app: Flask, office: Office, now: datetime) -> None:
    with zipfile.ZipFile(io.BytesIO(letter("甲"))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with pytest.raises(WrongKind, match="宏"):
        take(office, now, office_file({**parts, "word/vbaProject.bin": b"x"}), "a.docx")
    with pytest.raises(WrongKind, match="不是"):
        take(office, now, office_file({"readme.txt": b"x"}), "a.docx")


def test_an_archive_that_bursts_is_refused_unopened(
    app: Flask, office: Office, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "MAX_UNPACKED", 100_000)
    with pytest.raises(TooLarge, match="解压"):
        take(office, now, office_file({"word/document.xml": b"\0" * 200_000}), "a.docx")


def test_too_many_pixels_are_not_decoded(
    app: Flask, office: Office, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "MAX_PIXELS", 500)
    with pytest.raises(TooLarge, match="像素"):
        take(office, now, picture(), "a.png")


def test_a_moving_picture_is_told_its_own_limit(
    app: Flask, office: Office, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [Pillow.new("RGB", (40, 20), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    monkeypatch.setattr(images, "MAX_MOVING_PIXELS", 3 * 40 * 20 - 1)
    with pytest.raises(TooLarge) as refused:
        take(office, now, out.getvalue(), "动.gif")
    assert "上限 2 亿像素" in refused.value.message
    assert "8000 万" not in refused.value.message
    monkeypatch.undo()
    assert images.MAX_MOVING_PIXELS == 2 * 100_000_000
    assert take(office, now, out.getvalue(), "动.gif").blob.content_type == "image/gif"


def test_too_many_bytes(app: Flask, office: Office, config: Config, now: datetime) -> None:
    app.extensions["tandem_config"] = replace(config, max_upload_bytes=100)
    with pytest.raises(TooLarge) as refused:
        take(office, now, picture(size=(400, 400)), "a.png")
    assert refused.value.status == 413


def test_all_text_of_a_letter_is_read(app: Flask, office: Office, now: datetime) -> None:
    media = take(office, now, letter("身份证号 11010519491231002X", "正文"), "公示.docx")
    for words in ("11010519491231002X", "正文", "张三", "页眉里的字"):
        assert words in media.text


def test_ids_typed_as_numbers_and_hidden_sheets_are_read(app: Flask, office: Office, now: datetime) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["姓名", 13800138000, 12345678901.0])
    hidden = book.create_sheet("隐藏")
    hidden["A1"] = "藏着的"
    hidden.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    media = take(office, now, out.getvalue(), "名单.xlsx")
    for words in ("13800138000", "12345678901", "藏着的"):
        assert words in media.text


def test_a_pdf_is_taken_and_read(app: Flask, office: Office, now: datetime) -> None:
    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    out = io.BytesIO()
    writer.write(out)
    assert take(office, now, out.getvalue(), "a.pdf").blob.content_type == kinds.PDF
    writer.encrypt("secret")
    locked = io.BytesIO()
    writer.write(locked)
    with pytest.raises(WrongKind, match="密码"):
        take(office, now, locked.getvalue(), "b.pdf")


def test_names_lose_paths_and_control_characters(app: Flask, office: Office, now: datetime) -> None:
    media = take(office, now, picture(), "C:\\tmp\\..\\a\x00\x1b" + "长" * 300 + ".png")
    assert len(media.name) == 200
    assert media.name.startswith("a长")
    assert media.name.endswith(".png")


def test_permissions(app: Flask, office: Office, now: datetime) -> None:
    media = take(office, now, picture(), "a.png")
    with pytest.raises(Forbidden):
        add_media(office.admin, unit_id=office.city.id, name="a.png", content=picture(), now=now)
    # Who keeps templates may bring pictures along for them, where they keep them.
    kept = add_media(office.admin, unit_id=office.city.id, name="b.png", content=picture(), now=now, picture=True)
    assert kept.id == media.id
    with pytest.raises(NotFound):
        get_media(office.stranger, media.id)
    assert media_of(office.stranger).items == []
    assert [each.id for each in media_of(office.admin).items] == [media.id]


def test_alt_text_and_search(app: Flask, office: Office, now: datetime) -> None:
    media = take(office, now, picture(), "a.png")
    take(office, now, letter("甲"), "b.docx")
    assert describe(office.author, media.id, alt="  市民  中心 ", now=now).alt == "市民 中心"
    assert [each.id for each in media_of(office.author, q="中心").items] == [media.id]
    assert [each.name for each in media_of(office.author, kind="file").items] == ["b.docx"]


def test_derive_remembers_and_joins_an_outer_transaction(app: Flask, office: Office, now: datetime) -> None:
    store = LibraryStore()
    media = take(office, now, picture("BMP", (300, 300)), "a.bmp")
    calls: list[int] = []

    def make(data: bytes) -> tuple[bytes, str]:
        calls.append(len(data))
        return images.reencode(data, max_bytes=500_000)

    with atomic():
        first = store.derive(media.sha256, "jpeg-1", make)
    assert store.derive(media.sha256, "jpeg-1", make) == first
    assert len(calls) == 1
    assert (first.content_type, first.width) == ("image/jpeg", 300)
    assert store.get(first.sha256) == first
    drawn = store.derive("", "cover-1", lambda data: images.draw_cover("标题", data))
    assert drawn.content_type == "image/jpeg"

    def fail_after_deriving() -> None:
        with atomic():
            store.derive(media.sha256, "jpeg-2", make)
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail_after_deriving()
    assert db.session.scalar(select(func.count()).select_from(Derivative)) == 2


def test_a_derivative_that_cannot_be_made_is_a_value_error(app: Flask, office: Office, now: datetime) -> None:
    with pytest.raises(ValueError, match="no bytes"):
        LibraryStore().derive("0" * 64, "r", lambda data: (data, "image/png"))


def test_uploads_are_remembered_per_account_and_use(app: Flask, office: Office, now: datetime) -> None:
    store, account = LibraryStore(), connect_wechat(office)
    assert store.remembered("a" * 64, account.id, "article") is None
    store.remember("a" * 64, account.id, "article", "http://mmbiz.qpic.cn/1")
    store.remember("a" * 64, account.id, "article", "http://mmbiz.qpic.cn/2")
    assert store.remembered("a" * 64, account.id, "article") == "http://mmbiz.qpic.cn/2"
    assert store.remembered("a" * 64, account.id, "cover") is None


def test_bytes_lie_under_their_hash_and_nothing_else_is_left(
    app: Flask, office: Office, config: Config, now: datetime
) -> None:
    media = take(office, now, picture(), "a.png")
    files = [path for path in Path(config.media_path).rglob("*") if path.is_file()]
    assert files == [config.media_path / media.sha256[:2] / media.sha256]
    for bad in ("../../etc/passwd", "A" * 64, "", "0" * 63):
        with pytest.raises(NotFound):
            read_blob(bad)


def test_made_public(app: Flask, office: Office, now: datetime) -> None:
    media = take(office, now, picture(), "a.png")
    assert media.blob.public is False
    make_public([media.sha256, "0" * 64])
    db.session.expire_all()
    assert media.blob.public is True


def test_every_sample_picture_and_document_is_taken(app: Flask, office: Office, now: datetime) -> None:
    samples = Path(__file__).resolve().parents[2] / "samples"
    found = [path for path in samples.rglob("*") if path.suffix in (".png", ".jpg", ".gif", ".webp", ".docx", ".xlsx")]
    assert len(found) >= 4
    for path in found:
        assert take(office, now, path.read_bytes(), path.name).sha256


def test_a_sheet_of_two_cells_far_apart_is_read_at_once(app: Flask, office: Office, now: datetime) -> None:
    """Between them lie seventeen thousand million cells that are not there."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "第一格"
    sheet["XFD1048576"] = "最后一格"
    sheet["B2"].comment = openpyxl.comments.Comment("批注里的字", "某人")
    out = io.BytesIO()
    book.save(out)
    read = unmarked(take(office, now, out.getvalue(), "名单.xlsx").text)
    assert sorted(read.text.split("\n")) == ["Sheet", "批注里的字", "最后一格", "第一格"]
    places = {words: read.at(read.text.index(words)) for words in ("第一格", "最后一格", "批注里的字")}
    assert places == {"第一格": "工作表“Sheet”A1", "最后一格": "工作表“Sheet”XFD1048576", "批注里的字": "批注B2"}


def test_a_text_too_long_to_be_checked_is_refused(
    app: Flask, office: Office, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MAX_TEXT", 100)
    with pytest.raises(TooLarge, match="无法逐字检查"):
        take(office, now, letter("正文" * 60, "身份证号 11010519491231002X"), "公示.docx")


def test_a_document_under_another_name_is_another_item(app: Flask, office: Office, now: datetime) -> None:
    """Its name is public: whoever renames it must get the new one."""
    content = letter("正文")
    first, again = take(office, now, content, "旧名.docx"), take(office, now, content, "旧名.docx")
    renamed = take(office, now, content, "新名.docx")
    assert (first.id, renamed.name) == (again.id, "新名.docx")


def test_where_only_a_picture_will_do_a_document_is_refused_by_its_own_words(office: Office, now: datetime) -> None:
    word = io.BytesIO()
    docx.Document().save(word)
    for name, content in (("通知.docx", word.getvalue()), ("说明.pdf", b"%PDF-1.4\n%%EOF"), ("坏图.png", b"nothing")):
        with pytest.raises(WrongKind, match="只收图片") as refused:
            add_media(office.author, unit_id=office.city.id, name=name, content=content, now=now, picture=True)
        assert "docx、" not in refused.value.message
    with pytest.raises(WrongKind, match="文件是空的"):
        add_media(office.author, unit_id=office.city.id, name="空.png", content=b"", now=now, picture=True)
