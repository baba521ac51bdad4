"""Reading and writing the tree of an article: parsed whole or known not to be, serialised, and what its nodes say."""

from __future__ import annotations

import re

from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

_DOCUMENT_TAGS = re.compile(r"</?(?:html|body)\b[^>]*>", re.IGNORECASE)
_ALIGN = re.compile(r"text-align\s*:\s*(center|right)")
_END = "data-end-of-text"


def parsed(html: str) -> tuple[HtmlElement, bool]:
    """The document under one section, and whether it was read to its end.

    libxml2 stops without a word some 250 levels deep, and an unclosed comment swallows the rest: a mark put behind the
    text tells. lxml refuses NUL, and loses what follows </html> in a whole document that was pasted.
    """
    bare = _DOCUMENT_TAGS.sub("", html.replace("\x00", ""))
    root = lxml_html.fragment_fromstring(f"{bare}<hr {_END}>", create_parent="section")
    mark = next((node for node in root.iter("hr") if _END in node.attrib), None)
    if mark is not None:
        mark.drop_tree()
    return root, mark is not None


def serialised(node: HtmlElement, *, tail: bool = False) -> str:
    return etree.tostring(node, encoding="unicode", method="html", with_tail=tail)


def text_of(node: HtmlElement) -> str:
    """What a reader sees of it, blanks folded."""
    return re.sub(r"\s+", " ", node.text_content().replace("\xa0", " ")).strip()


def alignment(node: HtmlElement) -> str:
    """ "center" or "right" where the node says so, else ""."""
    found = _ALIGN.search(node.get("style") or "")
    if found:
        return found.group(1)
    align = (node.get("align") or "").lower()
    return align if align in ("center", "right") else ""


def append_text(node: HtmlElement, text: str) -> None:
    if len(node):
        node[-1].tail = (node[-1].tail or "") + text
    else:
        node.text = (node.text or "") + text


def element(tag: str, css_class: str = "", text: str = "") -> HtmlElement:
    made = lxml_html.Element(tag)
    if css_class:
        made.set("class", css_class)
    made.text = text or None
    return made


def inside_table(node: HtmlElement) -> bool:
    return next(node.iterancestors("table"), None) is not None
