"""The text inside docx, xlsx and pdf files, for the content checks: everything, hidden sheets, comments, diagrams and the
files inside them included. What cannot be read is named by a mark."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject

from app.errors import TooLarge, WrongKind
from app.media.kinds import DOCX, MAX_UNPACKED, PDF, XLSX
from app.media.places import bare, part, spot, unmarked, unread
from app.media.zipped import FAULTS, bursts, prove, read_part

MAX_TEXT = 2_000_000
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TEXT_PARTS = re.compile(r"word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
# One part of a letter, read as a tree.
_MOST_XML = 50 * 1024 * 1024
_SHARED = "xl/sharedStrings.xml"
_SHEETS = re.compile(r"xl/[a-z]+sheets/[^/]+\.xml")
# Remarks of both kinds, and text boxes.
_REMARKS = re.compile(r"xl/(?:comments|threadedComments|drawings)?/?(?:comments?|threadedComment|drawing)\d*\.xml")
# Charts and diagrams, what a pivot table remembers of its source, what was once fetched from other files; and files inside.
_DRAWN = re.compile(r"(?:word|xl)/(?:diagrams/data|charts/chart(?:Ex)?)[^/]*\.xml")
_KEPT = re.compile(r"xl/(?:pivotCache/[^/]+|externalLinks/[^/]+)\.xml")
_INSIDE = re.compile(r"(?:word|xl)/embeddings/([^/]+)")
_DEEPEST = 3
_PAGES_NAMED = 20
_UNREADABLE = "文档没有收下。里面的文字读不出来，可能已损坏或加了密码。请重新保存、去掉密码后上传。"


def attachment_text(content: bytes, content_type: str) -> str:
    """The text, one paragraph or row a line, with the marks of places; "" for pictures. Raises WrongKind; TooLarge for
    more than MAX_TEXT characters: a text of which only the beginning is checked may hide what it likes."""
    readers = {DOCX: _docx, XLSX: _xlsx, PDF: _pdf}
    reader = readers.get(content_type)
    if reader is None:
        return ""
    lines: list[str] = []
    length = 0
    try:
        for line in reader(content):
            lines.append(line)
            length += len(unmarked.__wrapped__(line).text) + 1
            if length > MAX_TEXT:
                raise TooLarge("文档没有收下。里面的文字超过 200 万字，无法逐字检查。请拆成几个文件后上传。")
    except (*FAULTS, etree.XMLSyntaxError, PyPdfError, KeyError, TypeError) as error:
        raise WrongKind(_UNREADABLE) from error
    except (AttributeError, IndexError) as error:
        # What lxml and pypdf let through for files that are malformed inside.
        raise WrongKind(_UNREADABLE) from error
    return "\n".join(lines).replace("\x00", "")


def _docx(content: bytes, depth: int = 0) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield from _beside(archive, depth)
        for name in sorted(archive.namelist()):
            if _TEXT_PARTS.fullmatch(name):
                if archive.getinfo(name).file_size > _MOST_XML:
                    raise TooLarge("文档没有收下。文字和格式解压后超过 50 MB。请清除格式或拆成几个文件后上传。")
                yield from _paragraphs(read_part(archive, archive.getinfo(name)))


def _paragraphs(part: bytes) -> Iterator[str]:
    """The paragraphs; those of one row of a table in one line, as cells of a sheet are."""
    root = etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True))
    row: Any = None
    cells: list[str] = []
    for paragraph in root.iter(f"{_WORD}p"):
        words = []
        for node in paragraph.iter(f"{_WORD}t", f"{_WORD}delText", f"{_WORD}tab", f"{_WORD}br"):
            words.append(node.text or "" if node.tag in (f"{_WORD}t", f"{_WORD}delText") else "\t")
        line = bare("".join(words)).strip()
        within = next(paragraph.iterancestors(f"{_WORD}tr"), None)
        if cells and (within is None or within is not row):
            yield "\t".join(cells)
            cells = []
        row = within
        if line and within is not None:
            cells.append(line)
        elif line:
            yield line
    if cells:
        yield "\t".join(cells)


def _beside(archive: zipfile.ZipFile, depth: int) -> Iterator[str]:
    """What stands beside the text proper, in parts of their own."""
    if bursts(archive, MAX_UNPACKED):
        raise TooLarge("文档没有收下。解压后的内容太大。请删去多余图片或拆分后重新上传。")
    prove(archive)
    for name in sorted(archive.namelist()):
        if _DRAWN.fullmatch(name):
            words = [bare(text) for node in _elements(archive, name, "p") if (text := _words(node))]
            words += [bare(text) for node in _elements(archive, name, "v") if (text := (node.text or "").strip())]
            yield from (part("图示") + text for text in words)
        elif _KEPT.fullmatch(name):
            yield from (part("缓存的数据") + bare(text) for text in _kept(archive, name))
        elif inside := _INSIDE.fullmatch(name):
            yield from _within(archive, name, inside[1], depth + 1)


def _kept(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    for node in _elements(archive, name, "*"):
        value = node.get("v") or ((node.text or "").strip() if etree.QName(node).localname in ("v", "t") else "")
        if value:
            yield _plain(value)


def _within(archive: zipfile.ZipFile, name: str, title: str, depth: int) -> Iterator[str]:
    """A file inside the file, read as if it came by itself; one of another kind is named."""
    suffix = title.rpartition(".")[2].lower()
    reader = {"docx": _docx, "docm": _docx, "xlsx": _xlsx, "xlsm": _xlsx}.get(suffix)
    if reader is None or depth > _DEEPEST:
        yield unread(f"嵌入的文件 {title}")
        return
    yield part(f"嵌入的文件 {title}")
    yield from reader(read_part(archive, archive.getinfo(name)), depth)


def _xlsx(content: bytes, depth: int = 0) -> Iterator[str]:
    """Read as it streams by, cell by cell that is there: a sheet of two cells may claim a million rows between them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield from _beside(archive, depth)
        names = sorted(archive.namelist())
        shared = [_words(item) for name in names if name == _SHARED for item in _elements(archive, name, "si")]
        titles = _titles(archive)
        for name in names:
            if _SHEETS.fullmatch(name):
                yield from _rows(archive, name, titles.get(name, ""), shared)
            elif _REMARKS.fullmatch(name):
                yield from _remarks(archive, name)


def _remarks(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    for tag, kind in (("comment", "批注"), ("threadedComment", "批注"), ("p", "文本框")):
        for item in _elements(archive, name, tag):
            if text := bare(_words(item)):
                yield part(kind) + spot(item.get("ref") or "") + text


def _rows(archive: zipfile.ZipFile, name: str, title: str, shared: list[str]) -> Iterator[str]:
    """The rows with text, each cell after its mark; before the first of them the sheet's title, which people see too."""
    head = part(f"工作表“{title}”" if title else "工作表") + bare(title)
    for row in _elements(archive, name, "row"):
        cells = [(cell.get("r") or "", text) for cell in row if (text := _cell(cell, shared).strip())]
        if not cells:
            continue
        if head:
            yield head
            head = ""
        yield "\t".join(spot(place) + bare(text) for place, text in cells)


def _titles(archive: zipfile.ZipFile) -> dict[str, str]:
    """{part of the archive: the sheet's title}, as the workbook names them; what it does not tell is left out."""
    book, links = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if not {book, links} <= set(archive.namelist()):
        return {}
    targets = {
        node.get("Id"): "xl/" + (node.get("Target") or "").removeprefix("/xl/").removeprefix("./")
        for node in _elements(archive, links, "Relationship")
    }
    found = {}
    for node in _elements(archive, book, "sheet"):
        link = next((value for key, value in node.attrib.items() if key.endswith("}id")), "")
        found[targets.get(link, "")] = node.get("name") or ""
    return found


def _elements(archive: zipfile.ZipFile, name: str, tag: str) -> Iterator[Any]:
    """Each `tag` of a part, whole, forgotten again when the next one comes."""
    with archive.open(name) as part:
        for _event, node in etree.iterparse(part, tag=f"{{*}}{tag}", resolve_entities=False, no_network=True):
            yield node
            node.clear()
            while node.getprevious() is not None:
                del node.getparent()[0]


def _words(node: Any) -> str:
    """All texts inside, runs of one word in pieces joined."""
    return "".join(text.text or "" for text in node.iter("{*}t", "{*}text")).strip()


def _cell(cell: Any, shared: list[str]) -> str:
    """Ids typed as numbers come back as numbers: no point, no exponent."""
    value = cell.findtext("{*}v") or ""
    kind = cell.get("t", "n")
    if kind == "s":
        return shared[int(value)] if value else ""
    return (_plain(value) if kind == "n" else value) or _words(cell)


def _plain(value: str) -> str:
    """A number without point and exponent where it is whole; an id of eighteen digits is more than a float holds."""
    if re.fullmatch(r"-?\d+", value, re.ASCII) or not re.fullmatch(r"-?[\d.]+(?:[eE][+-]?\d{1,2})?", value, re.ASCII):
        return value
    number = float(value)
    return str(int(number)) if number.is_integer() else value


def _pdf(content: bytes) -> Iterator[str]:
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise ValueError("encrypted")
    dumb: list[int] = []
    for number, page in enumerate(reader.pages, 1):
        if text := bare(page.extract_text()).strip():
            yield part(f"第 {number} 页") + text
        elif (drawn := page.get_contents()) is not None and drawn.get_data().strip():
            dumb.append(number)
        for remark in _notes(page):
            yield part(f"第 {number} 页的批注或表单") + bare(remark)
    if dumb:
        more = f"等 {len(dumb)} 页" if len(dumb) > _PAGES_NAMED else " 页"
        yield unread(f"第 {'、'.join(map(str, dumb[:_PAGES_NAMED]))}{more}")


def _notes(page: Any) -> Iterator[str]:
    """What readers of a page see or may open beside its text: remarks, and what was typed into forms."""
    for entry in page.get("/Annots") or []:
        note = entry.get_object()
        if isinstance(note, DictionaryObject):
            for key in ("/Contents", "/V", "/RC"):
                text = note.get(key)
                if isinstance(text, str) and not text.startswith("/") and text.strip():
                    yield text.strip()
