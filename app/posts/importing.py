"""Documents become the fields of a post: .docx, .md, .html (as saved or pasted from Word), .txt, or one of them zipped
together with its pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from app.config import current
from app.errors import Invalid, TooLarge, WrongKind
from app.posts.importing_docx import read_docx
from app.posts.importing_lines import take_lines
from app.posts.importing_zip import looks_zipped, unpack
from app.posts.markdown import read_markdown
from app.posts.pictures import Pictures
from app.posts.sanitising import clean, printable
from app.posts.titles import NO_TITLE, title_of
from app.units.access import Actor, unit_for


@dataclass(frozen=True, kw_only=True)
class Imported:
    """`fields` as for create_post (without unit and accounts); notes in Chinese; picture files still to be uploaded."""

    fields: dict[str, Any]
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def import_document(
    actor: Actor,
    *,
    unit_id: str,
    name: str,
    content: bytes,
    now: datetime,
    files: Mapping[str, bytes] | None = None,
) -> Imported:
    """Read `content`; its pictures go to the unit's library. Raises TooLarge, WrongKind or Invalid in plain words."""
    unit_for(actor, "post.write", unit_id, see="post.read")
    limit = current().max_upload_bytes
    _check_size(name, content, limit)
    folder, before = "", []
    if looks_zipped(name, content):
        found = unpack(name, content)
        name, content, folder, before = found.name, found.content, found.folder, found.notes
        files = {**(files or {}), **found.pictures}
        _check_size(name, content, limit)
    pictures = Pictures(actor, unit_id, now, files, folder=folder)
    fields, notes = _reader(name, content)(content, pictures)
    cleaned = clean(str(fields["body_html"]), pictures.place, foreign=True)
    fields["body_html"] = cleaned.html
    take_lines(fields, notes)
    all_notes = [*before, *notes, *cleaned.notes, *pictures.summary(), *pictures.unused()]
    return Imported(fields=fields, notes=all_notes, missing=pictures.missing)


def _check_size(name: str, content: bytes, limit: int) -> None:
    if len(content) > limit:
        raise TooLarge(
            f"文件“{name}”太大，没有导入。上限为 {limit // 1024 // 1024} MB，该文件有 {len(content) / 1024 / 1024:.0f} MB。"
            "请压缩其中的图片后重新导入。"
        )
    if not content.strip():
        raise Invalid(f"文件“{name}”是空的。没有可导入的内容。请检查文件后重新选择。", errors={"file": ["文件为空。"]})


_Read = Callable[[bytes, Pictures], tuple[dict[str, Any], list[str]]]


def _reader(name: str, content: bytes) -> _Read:
    ending = name.lower().rpartition(".")[2]
    if content.startswith(b"PK\x03\x04") and ending == "docx":
        return read_docx
    if b"\x00" not in content[:4096]:
        readers: dict[str, _Read] = {"md": _markdown, "markdown": _markdown, "html": _html, "htm": _html, "txt": _text}
        if ending in readers:
            return readers[ending]
    if ending == "doc" or content.startswith(b"\xd0\xcf\x11\xe0"):
        raise WrongKind(
            f"“{name}”是旧版 Word 文档，没有导入。系统读不出 .doc 格式。请在 Word 或 WPS 中另存为 .docx 后再导入。"
        )
    raise WrongKind(
        f"“{name}”不是能导入的文稿，没有导入。可导入 .docx、.md、.html、.txt，或装着其中一个和配图的 .zip，且内容须与扩展名相符。"
        "请换一个文件。"
    )


def _markdown(content: bytes, pictures: Pictures) -> tuple[dict[str, Any], list[str]]:
    fields, notes = read_markdown(decoded(content))
    if not fields.get("title"):
        fields["title"], fields["body_html"] = title_of(str(fields["body_html"]))
    return fields, notes


def _html(content: bytes, pictures: Pictures) -> tuple[dict[str, Any], list[str]]:
    title, body = title_of(decoded(content))
    return {"title": title, "body_html": body}, []


def _text(content: bytes, pictures: Pictures) -> tuple[dict[str, Any], list[str]]:
    lines = [line.strip() for line in printable(decoded(content)).split("\n") if line.strip()]
    title = lines.pop(0) if len(lines) > 1 and len(lines[0]) <= 60 and not NO_TITLE.search(lines[0]) else ""
    paragraphs = []
    for line in lines:
        node = lxml_html.Element("p")
        node.text = line
        paragraphs.append(etree.tostring(node, encoding="unicode", method="html"))
    return {"title": title, "body_html": "".join(paragraphs)}, ([f"标题取自首行：{title}"] if title else [])


def decoded(content: bytes) -> str:
    """Text in UTF-8 or, as older Chinese software saves it, GB 18030. Raises Invalid."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid(
        "文稿没有导入。文字编码既不是 UTF-8，也不是 GB 18030。请另存为 UTF-8 后重试。",
        errors={"file": ["文字编码不明。"]},
    )
