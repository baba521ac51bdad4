"""Word documents: structure by their styles, alignment, captions, pictures."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any
from xml.parsers.expat import ExpatError

import mammoth
from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.errors import Invalid, TooLarge
from app.media.zipped import FAULTS, bursts, prove
from app.posts.alignment import align_marked, mark_alignment
from app.posts.pictures import Pictures
from app.posts.titles import inner_html, title_of
from app.posts.wordparts import lists_of, readied

# An unpacked document above this is no press release but an attack.
_MAX_UNPACKED = 200 * 1024 * 1024
# Its text alone: read as a tree, it takes many times as much memory.
_MAX_TEXT = 20 * 1024 * 1024
_STYLES = """
p[style-name='Title'] => h1.document-title:fresh
p[style-name='标题'] => h1.document-title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Caption'] => p.caption:fresh
p[style-name='题注'] => p.caption:fresh
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Horizontal Line'] => hr:fresh
r[style-name='HTML Code'] => code
u => u
"""
_HEADING = re.compile(r"h[1-5]")
_OF_TABLE = re.compile(r"(?:附?表|Table\b)", re.IGNORECASE)


def read_docx(content: bytes, pictures: Pictures) -> tuple[dict[str, Any], list[str]]:
    """Title and body of a .docx, and notes. Raises Invalid or TooLarge."""

    ours: list[Exception] = []

    def keep(image: Any) -> dict[str, str]:
        if pictures.are_enough():
            return {"src": ""}
        with image.open() as stream:
            found = stream.read()
        try:
            src = pictures.keep(f"docx.{image.content_type.rpartition('/')[2]}", found)
        except Exception as error:
            ours.append(error)
            raise
        # An <img> without address is dropped by the cleaning; why, is noted already.
        return {"src": src or "", "alt": getattr(image, "alt_text", "") or ""}

    try:
        _check_unpacked(content)
        content, told = readied(content)
        result = mammoth.convert_to_html(
            io.BytesIO(content),
            convert_image=mammoth.images.img_element(keep),
            style_map=_STYLES,
            transform_document=mark_alignment(content),
            # The map is ours, not one that a document brings along.
            include_embedded_style_map=False,
        )
    except (*FAULTS, KeyError, SyntaxError, ExpatError) as error:
        if ours:
            # A full disk is no damaged file.
            raise ours[0] from None
        raise Invalid(
            "文稿没有导入。该 .docx 文件已损坏、加了密码，或不是 Word 文档。请在 Word 或 WPS 中打开，去掉密码并另存后重试。",
            errors={"file": ["文件无法读取。"]},
        ) from error
    root = lxml_html.fragment_fromstring(result.value, create_parent="div")
    align_marked(root)
    lists_of(root)
    _captions(root)
    title, body = title_of(inner_html(root))
    notes = ["文稿由 Word 导入，字体、字号和颜色未保留。"]
    if any("footnote" in message.message.lower() for message in result.messages):
        notes.append("脚注已移到文末，请核对。")
    return {"title": title, "body_html": _below_the_title(body)}, notes + told


def _check_unpacked(content: bytes) -> None:
    """Raises TooLarge, or zipfile.BadZipFile for parts that are not what they declare."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if bursts(archive, _MAX_UNPACKED):
            raise TooLarge("文稿没有导入。文件解压后超过 200 MB，或部件太多。请压缩或删去其中的图片后重新导入。")
        heads = prove(archive)
        text = sum(part.file_size for part in archive.infolist() if _may_be_xml(heads[part.filename]))
    if text > _MAX_TEXT:
        raise TooLarge("文稿没有导入。文件里的文字和格式超过 20 MB。请拆成几篇，或清除格式后重新导入。")


def _may_be_xml(head: bytes) -> bool:
    """By its first bytes, in any encoding that the parsers find out: the name and the folder of a part prove nothing,
    since the document itself says which parts are its text."""
    return head[:1] in (b"<", b" ", b"\t", b"\r", b"\n", b"\0", b"\xef", b"\xfe", b"\x4c") or head[:2] == b"\xff\xfe"


def _captions(root: HtmlElement) -> None:
    """A caption right below a picture belongs to it, one right above a table to that (between the two it is the table's when it
    says so); others are paragraphs."""
    for caption in [node for node in root.iter("p") if node.get("class") == "caption"]:
        above, below = caption.getprevious(), caption.getnext()
        words, titles = caption.text_content().strip(), below is not None and below.tag == "table"
        if words and above is not None and _is_picture(above) and not (titles and _OF_TABLE.match(words)):
            figure = lxml_html.Element("figure")
            figure.append(next(above.iter("img")))
            caption.tag = "figcaption"
            above.addprevious(figure)
            above.drop_tree()
            figure.append(caption)
        elif below is not None and titles and next(caption.iter("img"), None) is None:
            caption.tag = "caption"
            below.insert(0, caption)
        caption.attrib.clear()


def _is_picture(node: HtmlElement) -> bool:
    return node.tag == "p" and not node.text_content().strip() and len(list(node.iter("img"))) == 1


def _below_the_title(body: str) -> str:
    """Headings of the first level that are left when the title is taken are the text's own: all go one level down."""
    if "<h1" not in body:
        return body
    root = lxml_html.fragment_fromstring(body, create_parent="div")
    for node in root.iter():
        if isinstance(node.tag, str) and _HEADING.fullmatch(node.tag):
            node.tag = f"h{int(node.tag[1]) + 1}"
    return inner_html(root)
