"""Documents become the fields of a post: .docx, .md, .html (as saved or pasted from Word), .txt."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.parsers.expat import ExpatError

import mammoth
from lxml import etree
from lxml import html as lxml_html

from app.config import current
from app.errors import Invalid, TooLarge, WrongKind
from app.posts.alignment import align_marked, mark_alignment
from app.posts.markdown import read_markdown
from app.posts.msword import looks_like_word, word_title
from app.posts.pictures import Pictures
from app.posts.sanitising import clean, printable
from app.units.access import Actor, unit_for

# An unpacked document above this is no press release but an attack.
_MAX_UNPACKED = 200 * 1024 * 1024
# Its text alone: read as a tree, it takes many times as much memory.
_MAX_TEXT = 20 * 1024 * 1024
_STYLES = """
p[style-name='Title'] => h1.document-title:fresh
p[style-name='标题'] => h1.document-title:fresh
p[style-name='Subtitle'] => p:fresh
"""
_SOURCE_LINE = re.compile(r"^[（(]?\s*(?:信息)?来源\s*[：:]\s*([^\s　）)]{2,60})([^。）)]{0,60})[）)]?$")
_SUBTITLE = re.compile(r"[。；！？!?;]")


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
    if len(content) > limit:
        raise TooLarge(
            f"文件“{name}”太大，没有导入。上限为 {limit // 1024 // 1024} MB，该文件有 {len(content) / 1024 / 1024:.0f} MB。"
            "请压缩其中的图片后重新导入。"
        )
    if not content.strip():
        raise Invalid(f"文件“{name}”是空的。没有可导入的内容。请检查文件后重新选择。", errors={"file": ["文件为空。"]})
    pictures = Pictures(actor, unit_id, now, files)
    fields, notes = _reader(name, content)(content, pictures)
    cleaned = clean(str(fields["body_html"]), pictures.place)
    fields["body_html"] = cleaned.html
    _take_source(fields, notes)
    return Imported(fields=fields, notes=notes + cleaned.notes + pictures.summary(), missing=pictures.missing)


_Read = Callable[[bytes, Pictures], tuple[dict[str, Any], list[str]]]


def _reader(name: str, content: bytes) -> _Read:
    ending = name.lower().rpartition(".")[2]
    if content.startswith(b"PK\x03\x04") and ending == "docx":
        return _docx
    if b"\x00" not in content[:4096]:
        readers: dict[str, _Read] = {"md": _markdown, "markdown": _markdown, "html": _html, "htm": _html, "txt": _text}
        if ending in readers:
            return readers[ending]
    if ending == "doc" or content.startswith(b"\xd0\xcf\x11\xe0"):
        raise WrongKind(
            f"“{name}”是旧版 Word 文档，没有导入。系统读不出 .doc 格式。请在 Word 或 WPS 中另存为 .docx 后再导入。"
        )
    raise WrongKind(
        f"“{name}”不是能导入的文稿，没有导入。可导入 .docx、.md、.html 和 .txt，且内容须与扩展名相符。请换一个文件。"
    )


def _docx(content: bytes, pictures: Pictures) -> tuple[dict[str, Any], list[str]]:
    def keep(image: Any) -> dict[str, str]:
        with image.open() as stream:
            src = pictures.keep(f"docx.{image.content_type.rpartition('/')[2]}", stream.read())
        # An <img> without address is dropped by the cleaning; why, is noted already.
        return {"src": src or "", "alt": getattr(image, "alt_text", "") or ""}

    try:
        _check_unpacked(content)
        result = mammoth.convert_to_html(
            io.BytesIO(content),
            convert_image=mammoth.images.img_element(keep),
            style_map=_STYLES,
            transform_document=mark_alignment(content),
        )
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, SyntaxError, ExpatError) as error:
        raise Invalid(
            "文稿没有导入。该 .docx 文件已损坏，或不是 Word 文档。请在 Word 或 WPS 中打开并另存后重试。",
            errors={"file": ["文件无法读取。"]},
        ) from error
    title, body = _title_of(_aligned(result.value))
    notes = ["文稿由 Word 导入，字体、字号和颜色未保留。"]
    if any("footnote" in message.message.lower() for message in result.messages):
        notes.append("脚注已移到文末，请核对。")
    return {"title": title, "body_html": body}, notes


def _aligned(html: str) -> str:
    root = lxml_html.fragment_fromstring(html, create_parent="div")
    align_marked(root)
    return (root.text or "") + "".join(etree.tostring(child, encoding="unicode", method="html") for child in root)


def _check_unpacked(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
    if sum(part.file_size for part in parts) > _MAX_UNPACKED:
        raise TooLarge("文稿没有导入。文件解压后超过 200 MB。请压缩其中的图片后重新导入。")
    if sum(part.file_size for part in parts if part.filename.lower().endswith(".xml")) > _MAX_TEXT:
        raise TooLarge("文稿没有导入。文件里的文字和格式超过 20 MB。请拆成几篇，或清除格式后重新导入。")


def _markdown(content: bytes, pictures: Pictures) -> tuple[dict[str, Any], list[str]]:
    fields, notes = read_markdown(decoded(content))
    if not fields.get("title"):
        fields["title"], fields["body_html"] = _title_of(str(fields["body_html"]))
    return fields, notes


def _html(content: bytes, pictures: Pictures) -> tuple[dict[str, Any], list[str]]:
    html = decoded(content)
    title, body = _title_of(html)
    return {"title": title, "body_html": body}, []


def _text(content: bytes, pictures: Pictures) -> tuple[dict[str, Any], list[str]]:
    lines = [line.strip() for line in printable(decoded(content)).split("\n") if line.strip()]
    title = lines.pop(0) if len(lines) > 1 and len(lines[0]) <= 60 and not _SUBTITLE.search(lines[0]) else ""
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


def _title_of(html: str) -> tuple[str, str]:
    """The title that the document itself shows (taken out of the body), or ""; and the remaining body."""
    bare = re.sub(r"(?i)</?(?:html|body)\b[^<>]*>|<!doctype[^<>]*>", "", html)
    try:
        root = lxml_html.fragment_fromstring(bare, "div")
    except etree.ParserError:
        # Nothing but broken tags: the cleaning tells what is left.
        return "", html
    node = next((h for h in root.iter("h1") if h.get("class") == "document-title"), None)
    if node is None and looks_like_word(html):
        node = word_title(root)
    if node is None:
        headings = list(root.iter("h1"))
        node = headings[0] if len(headings) == 1 else None
    if node is None:
        node = _short_first(root)
    if node is None:
        return "", html
    title = re.sub(r"\s+", " ", node.text_content()).strip()
    node.drop_tree()
    inner = "".join(etree.tostring(child, encoding="unicode", method="html") for child in root)
    return title[:200], (root.text or "") + inner


def _short_first(root: lxml_html.HtmlElement) -> lxml_html.HtmlElement | None:
    """A first paragraph that is short and no sentence, with more to follow, is the title."""
    paragraphs = [p for p in root.iter("p") if p.text_content().strip()]
    if len(paragraphs) < 2:
        return None
    text = paragraphs[0].text_content().strip()
    return paragraphs[0] if 4 <= len(text) <= 50 and not _SUBTITLE.search(text) else None


def _take_source(fields: dict[str, Any], notes: list[str]) -> None:
    """A last line "（来源：某局　责任编辑：…）" names the source of the information; what else it says stays there."""
    root = lxml_html.fragment_fromstring(str(fields["body_html"]), "div")
    last = next((p for p in reversed(list(root)) if p.tag == "p" and p.text_content().strip()), None)
    line = last.text_content().strip() if last is not None else ""
    found = _SOURCE_LINE.match(line)
    if last is None or found is None or fields.get("source"):
        return
    fields["source"] = found.group(1)
    rest = found.group(2).strip(" \t\n\xa0　,，;；、|｜/·")
    if rest:
        for child in list(last):
            last.remove(child)
        last.text = f"（{rest}）" if line[0] in "（(" else rest
        notes.append(f"文末的来源“{found.group(1)}”已移到“信息来源”一栏；“{rest}”没有对应的栏目，仍留在文末。")
    else:
        last.drop_tree()
        notes.append(f"文末的“{line}”已移到“信息来源”一栏，原行不再重复。")
    fields["body_html"] = "".join(etree.tostring(child, encoding="unicode", method="html") for child in root)
