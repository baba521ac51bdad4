"""No archive unpacks to more than it declares, whoever reads it."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date

import openpyxl
import pytest

from app.checks.spreadsheets import read_lines
from app.errors import Invalid, TandemError, TooLarge, WrongKind
from app.media.attachments import attachment_text
from app.media.kinds import DOCX, XLSX, kind_of
from app.media.zipped import MAX_PARTS, prove, read_part
from app.posts.importing_docx import read_docx
from app.posts.importing_zip import unpack
from app.publishing.plan_sheet import read_plan
from tests.app.media.zips import BZIP2, DEFLATED, LZMA, broken, encrypted, lying

# Some 40 KB when packed.
BURST = b" " * (40 << 20)
LETTER = {
    "[Content_Types].xml": b"<Types>wordprocessingml.document.main+xml</Types>",
    "word/document.xml": b"<w:p/>",
    "word/header1.xml": b"<w:p/>",
}


def table() -> dict[str, bytes]:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


SHEET = "xl/worksheets/sheet1.xml"
# (reader, what it is given, the part that lies)
READERS: list[tuple[Callable[[bytes], object], dict[str, bytes], str]] = [
    (lambda content: unpack("a.zip", content), {"a.txt": b"x"}, "a.txt"),
    (lambda content: unpack("a.zip", content), {"a.txt": b"x", "b.png": b"x"}, "b.png"),
    (lambda content: read_docx(content, None), LETTER, "word/document.xml"),  # type: ignore[arg-type]
    (lambda content: read_docx(content, None), LETTER, "word/media/image1.png"),  # type: ignore[arg-type]
    (lambda content: kind_of(content, "a.docx"), LETTER, "[Content_Types].xml"),
    (lambda content: kind_of(content, "a.docx"), LETTER, "word/document.xml"),
    (lambda content: kind_of(content, "a.docx"), LETTER, "word/media/image1.png"),
    (lambda content: attachment_text(content, DOCX), LETTER, "word/header1.xml"),
    (lambda content: attachment_text(content, XLSX), table(), SHEET),
    (lambda content: read_lines(content, 10), table(), SHEET),
    (lambda content: read_plan("a.xlsx", content, date(2026, 7, 1)), table(), SHEET),
]
IDS = [
    "zip",
    "zip picture",
    "docx",
    "docx picture",
    "types",
    "kind",
    "kind picture",
    "letter",
    "table",
    "terms",
    "plan",
]


@pytest.mark.parametrize("method", [DEFLATED, BZIP2, LZMA], ids=["deflate", "bzip2", "lzma"])
@pytest.mark.parametrize(("read", "parts", "name"), READERS, ids=IDS)
def test_a_part_larger_than_it_declares_is_refused_and_never_held(
    read: Callable[[bytes], object], parts: dict[str, bytes], name: str, method: int
) -> None:
    content = lying({**parts, name: BURST}, name, 100, method)
    tracemalloc.start()
    try:
        with pytest.raises((Invalid, WrongKind)) as refused:
            read(content)
        assert tracemalloc.get_traced_memory()[1] < len(BURST) // 4
    finally:
        tracemalloc.stop()
    assert refused.value.message.count("。") >= 3


@pytest.mark.parametrize("spoil", [encrypted, broken])
@pytest.mark.parametrize(("read", "parts", "name"), READERS, ids=IDS)
def test_passwords_and_damage_are_refused_in_words(
    read: Callable[[bytes], object],
    parts: dict[str, bytes],
    name: str,
    spoil: Callable[[dict[str, bytes], str], bytes],
) -> None:
    with pytest.raises((Invalid, WrongKind)) as refused:
        read(spoil({**parts, name: parts.get(name, b"x")}, name))
    assert refused.value.message.count("。") >= 3


@pytest.mark.parametrize(
    "read",
    [lambda content: read_docx(content, None), lambda content: kind_of(content, "a.docx")],
)
def test_parts_without_number_are_refused(read: Callable[[bytes], object]) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(MAX_PARTS + 1):
            archive.writestr(f"{number}", b"")
    with pytest.raises(TooLarge):
        read(out.getvalue())


def test_what_is_sound_is_read_whole() -> None:
    parts = {"empty": b"", "small": b"abc", "large": bytes(range(256)) * 20_000, "folder/": b""}
    for method in (zipfile.ZIP_STORED, DEFLATED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        with zipfile.ZipFile(out) as archive:
            assert {part.filename: read_part(archive, part) for part in archive.infolist()} == parts
            assert prove(archive) == {name: content[:4] for name, content in parts.items()}


@pytest.mark.parametrize("says", [2, 4])
def test_a_part_shorter_or_longer_by_one_is_refused(says: int) -> None:
    with zipfile.ZipFile(io.BytesIO(lying({"a": b"abc"}, "a", says))) as archive, pytest.raises(zipfile.BadZipFile):
        read_part(archive, archive.getinfo("a"))


def text_at(path: str, fills: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", DEFLATED) as archive:
        archive.writestr(path, fills)
    return out.getvalue()


@pytest.mark.parametrize("path", ["word/document.dat", "word/media/image1.png", "styles"])
@pytest.mark.parametrize("begins", [b"<w:p>", b" ", b"\xef\xbb\xbf<", b"\xff\xfe<\0", b"\xfe\xff\0<", b"\0<"])
def test_text_counts_wherever_it_lies(path: str, begins: bytes) -> None:
    with pytest.raises(TooLarge, match="20 MB"):
        read_docx(text_at(path, begins + b" " * (21 << 20)), None)  # type: ignore[arg-type]


def test_large_pictures_are_no_text() -> None:
    """Refused for having no text at all, not for having too much."""
    for begins in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"GIF8", b"BM", b"\x01\0\0\0"):
        with pytest.raises(TandemError, match="不是 Word 文档"):
            read_docx(text_at("word/media/image1.png", begins + b" " * (21 << 20)), None)  # type: ignore[arg-type]
