"""A zip with a document and its pictures; other zips are refused with cause and remedy."""

from __future__ import annotations

import io
import zipfile

import pytest
from sqlalchemy import func, select

from app.db import db
from app.errors import Invalid, TooLarge, WrongKind
from app.media import kinds
from app.media.models import Media
from app.posts import pictures
from app.posts import services as posts
from app.posts.services import Imported
from tests.app.posts.helpers import World, png

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Windows(zipfile.ZipInfo):
    """As Windows packs: the name in GBK, and no word of that."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def packed(parts: dict[str, bytes], kind: type[zipfile.ZipInfo] = zipfile.ZipInfo) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(kind(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def take(world: World, content: bytes, name: str = "稿件.zip") -> Imported:
    return posts.import_document(world.author, unit_id=world.city.id, name=name, content=content, now=world.now)


MARKDOWN = "# 停水通知\n\n今晚停水。\n\n![大屏](图片/大屏.png)\n\n![标志](标志.png)\n".encode()


def test_a_document_and_its_pictures(world: World) -> None:
    parts = {
        "通知/": b"",
        "通知/正文.md": MARKDOWN,
        "通知/图片/大屏.png": png("red"),
        "通知/标志.png": png("blue"),
        "通知/图片/标志.png": png("green"),
        "通知/名单.xlsx": b"x",
        "__MACOSX/通知/._正文.md": b"x",
        "通知/.DS_Store": b"x",
    }
    result = take(world, packed(parts))
    assert result.fields["title"] == "停水通知"
    assert result.missing == []
    assert result.fields["body_html"].count("<img") == 2
    # Two pictures of one name: each document means the one that lies where it says.
    assert db.session.scalar(select(func.count()).select_from(Media)) == 2
    assert any("通知/名单.xlsx" in note and "附件" in note for note in result.notes)
    assert any("没有用到" in note and "图片/标志.png" in note for note in result.notes)


def test_names_as_windows_packs_them(world: World) -> None:
    content = packed({"新建文件夹\\正文.md": MARKDOWN, "新建文件夹\\图片\\大屏.png": png()}, Windows)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "正文" not in "".join(archive.namelist())
    result = take(world, content)
    assert result.fields["title"] == "停水通知"
    assert result.missing == ["标志.png"]
    assert "大屏" in result.fields["body_html"]


def test_a_page_saved_with_its_parts(world: World) -> None:
    html = '<p>停水通知</p><p>今晚停水。<img src="%E9%80%9A%E7%9F%A5.files/image001.png"></p>'.encode()
    parts = {"通知.htm": html, "通知.files/image001.png": png(), "通知.files/header.htm": b"<p>x</p>"}
    result = take(world, packed(parts))
    assert result.fields["title"] == "停水通知"
    assert "<img" in result.fields["body_html"]
    assert result.missing == []


def encrypted(content: bytes) -> bytes:
    raw = bytearray(content)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = raw.find(signature)
        raw[place + at] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (packed({"../../etc/passwd.txt": b"x"}), "指向压缩包之外"),
        (packed({"/etc/a.txt": b"x"}), "指向压缩包之外"),
        (packed({"C:/a.txt": b"x"}), "指向压缩包之外"),
        (packed({"甲.txt": b"x", "乙.docx": b"x"}), "2 个文稿"),
        (packed({"甲.png": png()}), "没有文稿"),
        (packed({}), "没有文稿"),
        (packed({"甲.txt": b"x", "内.zip": packed({"乙.txt": b"x"})}), "还有一个压缩包"),
        (encrypted(packed({"甲.txt": b"xxxx"})), "加了密码"),
        (packed({"甲.txt": b"xxxx"})[:-12], "已损坏"),
        (packed({"甲.txt": b"x" * 5000}).replace(b"PK\x05\x06", b"PK\x05\x00"), "已损坏"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(world: World, content: bytes, cause: str) -> None:
    with pytest.raises(Invalid) as refused:
        take(world, content)
    assert cause in refused.value.message
    assert refused.value.message.count("。") >= 3


def test_bombs_are_refused_unread(world: World) -> None:
    burst = io.BytesIO()
    with zipfile.ZipFile(burst, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("甲.txt", "w") as part:
        for _ in range(201):
            part.write(b"\0" * (1 << 20))
    assert len(burst.getvalue()) < 1 << 20
    with pytest.raises(TooLarge, match="200 MB"):
        take(world, burst.getvalue())
    with pytest.raises(TooLarge, match="1000"):
        take(world, packed({f"{at}.png": b"" for at in range(1001)}))


def test_an_old_word_document_inside_says_what_to_do(world: World) -> None:
    with pytest.raises(WrongKind, match=r"另存为 \.docx"):
        take(world, packed({"甲.doc": b"\xd0\xcf\x11\xe0" + b"x" * 100}))


def test_a_picture_that_is_shown_often_is_decoded_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    examine = kinds.images.examine

    def counted(data: bytes, **more: int) -> object:
        looked.append(len(data))
        return examine(data, **more)

    monkeypatch.setattr(kinds.images, "examine", counted)
    text = "# 停水通知\n\n" + "![大屏](大屏.png)\n\n![副本](副本.png)\n\n" * 40 + "![坏的](坏的.png)\n\n" * 40
    parts = {"正文.md": text.encode(), "大屏.png": png(), "副本.png": png(), "坏的.png": b"<svg/>"}
    result = take(world, packed(parts))
    assert result.fields["body_html"].count("<img") == 80
    assert len(looked) == 2, "each content once, the broken one too"
    assert "1 张图片已存入素材库。" in result.notes


def test_pictures_of_too_many_pixels_together_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MOST_PIXELS", 130_000)
    text = "# 停水通知\n\n" + "".join(f"![图]({name}.png)\n\n" for name in ("red", "green", "blue", "dot"))
    parts = {f"{name}.png": png(name) for name in ("red", "green", "blue")}
    result = take(world, packed({"正文.md": text.encode(), **parts, "dot.png": png("white", (10, 10))}))
    assert result.fields["body_html"].count("<img") == 3
    (told,) = [note for note in result.notes if "亿像素" in note]
    assert "“blue.png”没有导入" in told


def test_so_many_bytes_of_pictures_are_not_even_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MOST_BYTES", 1)
    parts = {"正文.md": MARKDOWN, "图片/大屏.png": png(), "标志.png": png("blue")}
    result = take(world, packed(parts))
    assert result.fields["body_html"].count("<img") == 1
    assert any(note.startswith("后面的图片没有导入") for note in result.notes)
