"""The body of a post as a Word document: what app/posts/sanitising.py keeps, each element in Word's own way."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.image.exceptions import InvalidImageStreamError, UnexpectedEndOfFileError, UnrecognizedImageError
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Mm
from docx.text.paragraph import Paragraph
from docx.text.run import Run
from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.posts import wordstyles as styles
from app.posts.wordtables import Placed, fill, placed
from connectors import images

# The bytes of a picture of the library by their SHA-256, or None when they are gone.
Read = Callable[[str], bytes | None]

_MEDIA = re.compile(r"^/media/([0-9a-f]{64})$")
_ALIGN = re.compile(r"text-align\s*:\s*(center|right|justify)")
_SIDES = {
    "center": WD_ALIGN_PARAGRAPH.CENTER, "right": WD_ALIGN_PARAGRAPH.RIGHT, "justify": WD_ALIGN_PARAGRAPH.JUSTIFY,
}  # fmt: skip
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_MARKS = {"strong": "bold", "em": "italic", "u": "underline", "s": "strike", "sub": "subscript", "sup": "superscript"}
_BLOCKS = ("p", "h2", "h3", "h4", "ul", "ol", "blockquote", "table", "hr", "pre", "figure")
_DOTS_PER_INCH = 96
_MAX_HEIGHT = Mm(200)


@dataclass(frozen=True, kw_only=True)
class _Marks:
    """How a piece of text is set."""

    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    subscript: bool = False
    superscript: bool = False
    code: bool = False


class Place:
    """Where blocks are put: the document's body, or a cell, whose first paragraph is there already. `width` in EMU."""

    def __init__(self, box: Any, width: int, style: str, waiting: list[Paragraph] | None = None) -> None:
        self.box, self.width, self.style = box, width, style
        self._waiting = [] if waiting is None else waiting

    def styled(self, style: str) -> Place:
        """The same place for paragraphs of another style."""
        return Place(self.box, self.width, style, self._waiting)

    def paragraph(self, style: str = "") -> Paragraph:
        made: Paragraph = self._waiting.pop() if self._waiting else self.box.add_paragraph()
        made.style = style or self.style
        return made

    def begun(self) -> None:
        """Something else stands here now: what comes next comes after it."""
        self._waiting.clear()


class WordFile:
    """A document being written. `notes` says in Chinese what could not be put into it."""

    def __init__(self, read: Read) -> None:
        self.document = styles.blank()
        self.notes: list[str] = []
        self._read = read
        self._numbering = styles.Numbering(self.document)

    def line(self, style: str, text: str) -> None:
        self.document.add_paragraph(text, style=style)

    def body(self, html: str) -> None:
        root = lxml_html.fragment_fromstring(html, create_parent="div")
        self.blocks(root, Place(self.document._body, styles.TEXT_WIDTH, styles.BODY))

    def saved(self) -> bytes:
        out = io.BytesIO()
        self.document.save(out)
        return out.getvalue()

    def blocks(self, parent: HtmlElement, place: Place) -> None:
        """What stands in `parent`; text and inline elements beside blocks are paragraphs."""
        loose: Paragraph | None = None
        if (parent.text or "").strip():
            loose = place.paragraph()
            self._run(loose, parent.text, _Marks())
        for child in parent:
            if child.tag in _BLOCKS:
                self._settle(loose, _aligned(parent), place)
                loose = None
                self._block(child, place)
            else:
                loose = loose or place.paragraph()
                self._element(child, loose, _Marks(), place)
            if (child.tail or "").strip() or (loose is not None and child.tail):
                loose = loose or place.paragraph()
                self._run(loose, child.tail, _Marks())
        self._settle(loose, _aligned(parent), place)

    def _block(self, node: HtmlElement, place: Place) -> None:
        if node.tag in ("ul", "ol"):
            self._list(node, place, 0)
        elif node.tag == "table":
            self._table(node, place)
        elif node.tag == "blockquote":
            self.blocks(node, place.styled(styles.QUOTE))
        elif node.tag == "pre":
            for line in node.text_content().strip("\n").split("\n"):
                place.paragraph(styles.PREFORMATTED).add_run(line or " ")
        elif node.tag == "hr":
            place.paragraph(styles.RULE)
        elif node.tag == "figure":
            self._figure(node, place)
        else:
            self._text(node, place.paragraph(styles.HEADINGS.get(str(node.tag), "")), place)

    def _text(self, node: HtmlElement, paragraph: Paragraph, place: Place) -> None:
        self._inline(node, paragraph, _Marks(), place)
        self._settle(paragraph, _aligned(node), place)

    def _settle(self, paragraph: Paragraph | None, aligned: str, place: Place) -> None:
        """Align a written paragraph."""
        if paragraph is None:
            return
        side = _SIDES.get(aligned)
        if side is not None:
            paragraph.alignment = side
        if side in (WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT) and place.style == styles.BODY:
            styles.indented(paragraph._p.get_or_add_pPr())
        if next(paragraph._p.iter(qn("w:drawing")), None) is not None:
            # Lines of a fixed height would show nothing but the picture's foot.
            paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE

    def _figure(self, node: HtmlElement, place: Place) -> None:
        for picture in node.iter("img"):
            paragraph = place.paragraph(styles.CELL)
            paragraph.alignment, paragraph.paragraph_format.keep_with_next = WD_ALIGN_PARAGRAPH.CENTER, True
            self._picture(picture, paragraph.add_run(), place.width)
        for caption in node.iter("figcaption"):
            self._inline(caption, place.paragraph(styles.CAPTION), _Marks(), place)

    def _list(self, node: HtmlElement, place: Place, level: int) -> None:
        start = node.get("start", "")
        level = styles.deepest(level)
        number = self._numbering.begin(str(node.tag), level, int(start) if start.isdecimal() and len(start) < 6 else 1)
        for item in node.iterchildren("li"):
            self._item(item, place, number, level)

    def _item(self, item: HtmlElement, place: Place, number: int, level: int) -> None:
        """Its first paragraph bears the number; what else stands in it, stands below."""
        paragraph = place.paragraph(styles.ITEM)
        properties: Any = paragraph._p.get_or_add_pPr()
        numbered = properties.get_or_add_numPr()
        numbered.get_or_add_ilvl().val, numbered.get_or_add_numId().val = level, number
        below = place.styled(styles.ITEM)
        if item.text:
            self._run(paragraph, item.text, _Marks())
        opened = bool((item.text or "").strip())
        for child in item:
            if child.tag in ("ul", "ol"):
                self._list(child, place, level + 1)
            elif child.tag == "p" and not opened:
                self._text(child, paragraph, place)
            elif child.tag in _BLOCKS:
                self._block(child, below)
            else:
                self._element(child, paragraph, _Marks(), place)
                self._run(paragraph, child.tail or "", _Marks())
            opened = True

    def _inline(self, node: HtmlElement, paragraph: Paragraph, marks: _Marks, place: Place) -> None:
        self._run(paragraph, node.text or "", marks)
        for child in node:
            self._element(child, paragraph, marks, place)
            self._run(paragraph, child.tail or "", marks)

    def _element(self, node: HtmlElement, paragraph: Paragraph, marks: _Marks, place: Place) -> None:
        tag = str(node.tag)
        if tag == "br":
            paragraph.add_run().add_break()
        elif tag == "img":
            self._picture(node, paragraph.add_run(), place.width)
        elif tag == "a":
            self._link(node, paragraph, marks, place)
        elif tag == "code":
            self._inline(node, paragraph, replace(marks, code=True), place)
        else:
            changed = {_MARKS[tag]: True} if tag in _MARKS else {}
            self._inline(node, paragraph, replace(marks, **changed), place)

    def _run(self, paragraph: Paragraph, text: str, marks: _Marks) -> None:
        text = _BLANKS.sub(" ", text)
        if next(paragraph._p.iter(qn("w:r")), None) is None:
            text = text.lstrip(" ")
        if not text:
            return
        run = paragraph.add_run(text, style=styles.CODE if marks.code else None)
        for name in _MARKS.values():
            if getattr(marks, name):
                setattr(run if name in ("bold", "italic", "underline") else run.font, name, True)

    def _link(self, node: HtmlElement, paragraph: Paragraph, marks: _Marks, place: Place) -> None:
        before = len(paragraph._p)
        self._inline(node, paragraph, marks, place)
        link = OxmlElement("w:hyperlink")
        target = paragraph.part.relate_to(str(node.get("href")), RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        link.set(qn("r:id"), target)
        for run in list(paragraph._p)[before:]:
            link.append(run)
        paragraph._p.append(link)

    def _picture(self, node: HtmlElement, run: Run, width: int) -> None:
        found = _MEDIA.match(node.get("src", ""))
        content = self._read(found.group(1)) if found else None
        words = node.get("alt", "")
        if content is None:
            self.notes.append(f"图片“{words or '未命名'}”不在素材库中，没有写入。")
            return
        try:
            shape = _insert(run, content)
        except ValueError:
            self.notes.append(f"图片“{words or '未命名'}”无法写入 Word 文件。")
            return
        scale = min(1.0, width / shape.width, _MAX_HEIGHT / shape.height)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape._inline.docPr.set("descr", words)

    def _table(self, node: HtmlElement, place: Place) -> None:
        for caption in node.iterchildren("caption"):
            self._inline(caption, place.paragraph(styles.CAPTION), _Marks(), place)
        grid = placed(node)
        if grid is None:
            self.notes.append("有一个表格的列数超过 Word 的上限（63 列），已改为一行一段。")
            for row in node.iter("tr"):
                cells = (" ".join(cell.text_content().split()) for cell in row.iterchildren("td", "th"))
                place.paragraph().add_run("\t".join(cells))
            return
        place.begun()
        fill(place.box, grid, place.width, self._cell)
        # Two tables without anything between them are one to Word.
        place.paragraph(styles.CELL)

    def _cell(self, cell: Placed, box: Any, width: int) -> None:
        style = styles.HEAD_CELL if cell.node.tag == "th" else styles.CELL
        side = _aligned(cell.node)
        for inner in cell.node.iter("p") if side else ():
            if not _aligned(inner):
                inner.set("style", f"text-align:{side}")
        self.blocks(cell.node, Place(box, width, style, list(box.paragraphs)))


def _insert(run: Run, content: bytes) -> Any:
    """The picture at its own size. Raises ValueError for what is none."""
    try:
        shape = run.add_picture(io.BytesIO(content))
    except (UnrecognizedImageError, InvalidImageStreamError, UnexpectedEndOfFileError):
        # WebP, and JPEGs as some cameras write them.
        content, _kind = images.reencode(content, max_bytes=8 * 1024 * 1024, max_width=2000, prefer="png")
        shape = run.add_picture(io.BytesIO(content))
    pixels = images.size_of(content)
    shape.width, shape.height = (Inches(side / _DOTS_PER_INCH) for side in pixels)
    return shape


def _aligned(node: HtmlElement) -> str:
    found = _ALIGN.search(node.get("style") or "")
    return found.group(1) if found else ""
