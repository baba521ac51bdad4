"""Centred and right-aligned paragraphs of a Word document, which mammoth leaves out of its HTML.

Both ways of Word are read: set on the paragraph itself, or in the style that it has (w:jc, also by w:basedOn).
Justified text is Word's habit in Chinese letters, not the writer's choice: it is left out.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

from lxml import etree
from lxml.html import HtmlElement
from mammoth import documents, transforms

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STYLES = "word/styles.xml"
_SIDES = {"center": "center", "right": "right", "end": "right"}
_MARK = "tandem-align-"


def mark_alignment(content: bytes) -> Callable[[Any], Any]:
    """A transformation for mammoth: aligned paragraphs begin with a bookmark that tells the side."""
    by_style = _styles(content)

    def mark(paragraph: Any) -> Any:
        own = paragraph.alignment
        side = _SIDES.get(own or by_style.get(paragraph.style_id, ""))
        if side is None or paragraph.numbering is not None or not paragraph.children:
            return paragraph
        return paragraph.copy(children=[documents.bookmark(_MARK + side), *paragraph.children])

    transform: Callable[[Any], Any] = transforms.paragraph(mark)
    return transform


def align_marked(root: HtmlElement) -> None:
    """Turn the bookmarks into text-align on the paragraph or heading around them."""
    for node in list(root.iter("a")):
        name = node.get("id") or ""
        if not name.startswith(_MARK):
            continue
        block = next(node.iterancestors("p", "h1", "h2", "h3", "h4", "h5", "h6"), None)
        if block is not None:
            block.set("style", f"text-align:{name.removeprefix(_MARK)}")
        node.drop_tree()


def _styles(content: bytes) -> dict[str, str]:
    """{style id: w:jc}, inherited ones included."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if _STYLES not in archive.namelist():
            return {}
        root = etree.fromstring(archive.read(_STYLES), etree.XMLParser(resolve_entities=False, no_network=True))
    own: dict[str, str] = {}
    parents: dict[str, str] = {}
    for style in root.iter(f"{_W}style"):
        name = style.get(f"{_W}styleId") or ""
        if (side := style.find(f"{_W}pPr/{_W}jc")) is not None:
            own[name] = side.get(f"{_W}val") or ""
        if (parent := style.find(f"{_W}basedOn")) is not None:
            parents[name] = parent.get(f"{_W}val") or ""
    found = {}
    for name in {*own, *parents}:
        at, seen = name, {name}
        while at not in own and (at := parents.get(at, "")) and at not in seen:
            seen.add(at)
        found[name] = own.get(at, "")
    return found
