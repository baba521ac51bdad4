"""How an exported Word document looks: A4, the faces and sizes of official documents (GB/T 9704), numbering of lists.

Faces that a computer lacks are replaced by those that the font table names as their alternatives.
"""

from __future__ import annotations

from typing import Any

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

TITLE, BYLINE, ABSTRACT, BODY, QUOTE, CAPTION = "Title", "Byline", "Abstract", "Body Text", "Quote", "Caption"
CELL, HEAD_CELL, ITEM, RULE = "Table Text", "Table Heading", "List Paragraph", "Horizontal Line"
PREFORMATTED, CODE = "HTML Preformatted", "HTML Code"
HEADINGS = {"h2": "Heading 2", "h3": "Heading 3", "h4": "Heading 4"}
# Width of the text between the margins.
TEXT_WIDTH = Mm(156)

_TITLE_FACE, _BODY_FACE, _HEADING_FACE, _LIGHT_FACE = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"
_INSTEAD = {
    _TITLE_FACE: "方正小标宋_GBK,华文中宋,宋体,SimSun",
    _BODY_FACE: "仿宋,FangSong,华文仿宋",
    _HEADING_FACE: "SimHei,微软雅黑",
    _LIGHT_FACE: "楷体,KaiTi,华文楷体",
}
_LEVELS = 9
_BULLETS = "●○■"
# Twentieths of a point: two characters of 16 points.
_STEP, _HANGING = 640, 480


def blank() -> Document:
    """An empty document with all the styles above."""
    document = docx.Document()
    _page(document)
    _fonts(document)
    _styles(document)
    return document


def _page(document: Document) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)


def _fonts(document: Document) -> None:
    entries = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="86"/></w:font>'
        for name, others in _INSTEAD.items()
    )
    table: Any = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    table._blob = table.blob.replace(b"</w:fonts>", entries.encode() + b"</w:fonts>")


def _styles(document: Document) -> None:
    for name in (BYLINE, ABSTRACT, CELL, HEAD_CELL, RULE, PREFORMATTED):
        added: Any = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        added.base_style = document.styles["Normal"]
    _face(document.styles.add_style(CODE, WD_STYLE_TYPE.CHARACTER), _BODY_FACE, 14, latin="Consolas")
    for lang in document.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:eastAsia"), "zh-CN")
    centre, justify = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.JUSTIFY
    _style(document, "Normal", _BODY_FACE, 16)
    _style(document, TITLE, _TITLE_FACE, 22, align=centre, after=14, line=36, outline=0)
    _style(document, BYLINE, _LIGHT_FACE, 14, align=centre, after=14)
    _style(document, ABSTRACT, _LIGHT_FACE, 16, align=justify, after=8, line=28)
    _style(document, BODY, _BODY_FACE, 16, align=justify, line=28, indent=True)
    _style(document, HEADINGS["h2"], _HEADING_FACE, 16, line=28, indent=True, outline=1)
    _style(document, HEADINGS["h3"], _LIGHT_FACE, 16, line=28, indent=True, outline=2)
    _style(document, HEADINGS["h4"], _BODY_FACE, 16, bold=True, line=28, indent=True, outline=3)
    _style(document, QUOTE, _LIGHT_FACE, 16, align=justify, line=28, left=_STEP)
    _style(document, ITEM, _BODY_FACE, 16, align=justify, line=28)
    _style(document, CAPTION, _LIGHT_FACE, 12, align=centre, before=4, after=8)
    _style(document, CELL, _BODY_FACE, 12)
    _style(document, HEAD_CELL, _HEADING_FACE, 12, align=centre)
    _style(document, PREFORMATTED, _BODY_FACE, 12, latin="Consolas", left=_STEP)
    _style(document, RULE, _BODY_FACE, 6, after=8)
    _underline(document.styles[RULE])


def _style(
    document: Document,
    name: str,
    face: str,
    size: float,
    *,
    bold: bool = False,
    latin: str = "Times New Roman",
    align: WD_ALIGN_PARAGRAPH | None = None,
    before: float = 0,
    after: float = 0,
    line: float = 0,
    indent: bool = False,
    left: int = 0,
    outline: int | None = None,
) -> None:
    style: Any = document.styles[name]
    _face(style, face, size, bold=bold, latin=latin)
    layout = style.paragraph_format
    layout.alignment, layout.space_before, layout.space_after = align, Pt(before), Pt(after)
    layout.line_spacing_rule = WD_LINE_SPACING.SINGLE
    if line:
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
    properties = style.element.get_or_add_pPr()
    for tag in ("w:pBdr", "w:outlineLvl", "w:contextualSpacing", "w:ind"):
        for found in properties.findall(qn(tag)):
            properties.remove(found)
    if indent or left:
        indented(properties, characters=2 if indent else 0, left=left)
    if outline is not None:
        level = OxmlElement("w:outlineLvl")
        level.set(qn("w:val"), str(outline))
        properties.append(level)


def _face(style: Any, face: str, size: float, *, bold: bool = False, latin: str = "Times New Roman") -> None:
    font = style.font
    font.name, font.size, font.bold, font.italic = latin, Pt(size), bold, False
    font.color.rgb = RGBColor(0, 0, 0)
    faces = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in [name for name in faces.attrib if str(name).endswith(("Theme", "cstheme"))]:
        del faces.attrib[name]
    faces.set(qn("w:eastAsia"), face)


def indented(properties: Any, *, characters: int = 0, left: int = 0) -> None:
    """Indent a paragraph or style: its first line by characters of 16 points, all of it by twentieths of a point."""
    indent = properties.get_or_add_ind()
    for name in ("firstLineChars", "firstLine", "left"):
        indent.attrib.pop(qn(f"w:{name}"), None)
    indent.set(qn("w:firstLineChars"), str(characters * 100))
    indent.set(qn("w:firstLine"), str(characters * 320))
    indent.set(qn("w:left"), str(left))


def _underline(style: Any) -> None:
    line = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="6" w:space="1" w:color="808080"/></w:pBdr>'
    )
    style.element.get_or_add_pPr().insert_element_before(
        line, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:outlineLvl"
    )


class Numbering:
    """Lists of the document: each gets numbers of its own, however many there are."""

    def __init__(self, document: Document) -> None:
        self._element: Any = document.part.numbering_part.element
        taken = [int(item.get(qn("w:abstractNumId"))) for item in self._element.findall(qn("w:abstractNum"))]
        self._ids = {kind: max(taken, default=0) + 1 + at for at, kind in enumerate(("ul", "ol"))}
        for kind, number in self._ids.items():
            self._element.insert(0, _abstract(kind, number))

    def begin(self, kind: str, level: int, start: int = 1) -> int:
        """The number id of a new list of `kind` "ul" or "ol", whose items stand at `level` (0 outermost)."""
        number = self._element.add_num(self._ids[kind])
        if kind == "ol":
            number.add_lvlOverride(ilvl=level).add_startOverride(start)
        return int(number.numId)


def _abstract(kind: str, number: int) -> Any:
    levels = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{"bullet" if kind == "ul" else "decimal"}"/>'
        f'<w:lvlText w:val="{_BULLETS[at % 3] if kind == "ul" else f"%{at + 1}."}"/><w:lvlJc w:val="left"/>'
        f'<w:pPr><w:ind w:left="{_STEP + _HANGING * (at + 1)}" w:hanging="{_HANGING}"/></w:pPr></w:lvl>'
        for at in range(_LEVELS)
    )
    return parse_xml(
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}"><w:multiLevelType w:val="hybridMultilevel"/>'
        f"{levels}</w:abstractNum>"
    )


def deepest(level: int) -> int:
    """Word knows nine levels of lists."""
    return min(level, _LEVELS - 1)
