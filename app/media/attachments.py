"""The text inside docx, xlsx and pdf files, for the content checks: everything, hidden sheets and comments included."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import openpyxl
from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from app.errors import WrongKind
from app.media.kinds import DOCX, PDF, XLSX

MAX_TEXT = 2_000_000
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXT_PARTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
_UNREADABLE = "文档没有收下。里面的文字读不出来，可能已损坏或加了密码。请重新保存、去掉密码后上传。"


def attachment_text(content: bytes, content_type: str) -> str:
    """The text, one paragraph or row a line, at most MAX_TEXT characters; "" for pictures. Raises WrongKind."""
    readers = {DOCX: _docx, XLSX: _xlsx, PDF: _pdf}
    reader = readers.get(content_type)
    if reader is None:
        return ""
    lines: list[str] = []
    length = 0
    try:
        for line in reader(content):
            lines.append(line)
            length += len(line) + 1
            if length > MAX_TEXT:
                break
    except (zipfile.BadZipFile, etree.XMLSyntaxError, PyPdfError, KeyError, ValueError, TypeError, OSError) as error:
        raise WrongKind(_UNREADABLE) from error
    except (AttributeError, IndexError, RecursionError) as error:
        # What openpyxl and pypdf let through for files that are malformed inside.
        raise WrongKind(_UNREADABLE) from error
    return "\n".join(lines)[:MAX_TEXT].replace("\x00", "")


def _docx(content: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in sorted(archive.namelist()):
            if _TEXT_PARTS.fullmatch(name):
                yield from _paragraphs(archive.read(name))


def _paragraphs(part: bytes) -> Iterator[str]:
    root = etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True))
    for paragraph in root.iter(f"{_WORD}p"):
        words = []
        for node in paragraph.iter(f"{_WORD}t", f"{_WORD}delText", f"{_WORD}tab", f"{_WORD}br"):
            words.append(node.text or "" if node.tag in (f"{_WORD}t", f"{_WORD}delText") else "\t")
        if line := "".join(words).strip():
            yield line


def _xlsx(content: bytes) -> Iterator[str]:
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
    try:
        for sheet in book.worksheets:
            for row in sheet.iter_rows():
                cells = [_cell(cell.value) for cell in row]
                notes = [cell.comment.text for cell in row if cell.comment is not None]
                if line := "\t".join([text for text in cells if text] + notes).strip():
                    yield line
    finally:
        book.close()


def _cell(value: object) -> str:
    """Ids typed as numbers come back as numbers: no point, no exponent."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _pdf(content: bytes) -> Iterator[str]:
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise ValueError("encrypted")
    for page in reader.pages:
        yield page.extract_text()
