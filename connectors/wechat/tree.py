"""Reading and writing the tree of an article: parsed whole or known not to be, serialised, and what its nodes say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

_DOCUMENT_TAGS = re.compile(r"</?(?:html|body)\b[^>]*>", re.IGNORECASE)
_ALIGN = re.compile(r"text-align\s*:\s*(center|right)")
_DIVIDES = frozenset(
    {
        "br",
        "p",
        "div",
        "section",
        "li",
        "ul",
        "ol",
        "tr",
        "td",
        "th",
        "table",
        "blockquote",
        "pre",
        "hr",
        "h1",
        "h2",
        "h3",
        "h4",
    }
)
_BETWEEN_HAN = re.compile(r"(?<=[\u2e80-\uffef]) (?=[\u2e80-\uffef])")
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
    """What a reader sees of it on one line, blanks folded; the ends of lines and blocks divide words."""
    return re.sub(r"\s+", " ", "".join(_told(node)).replace("\xa0", " ")).strip()


def name_of(node: HtmlElement) -> str:
    """As text_of(), of the name of a column: Chinese words that a narrow cell broke into lines stand together."""
    return _BETWEEN_HAN.sub("", text_of(node))


def _told(root: HtmlElement) -> Iterator[str]:
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        divides = node is not root and node.tag in _DIVIDES
        if event == "start":
            yield " " if divides else ""
            yield node.text or ""
        elif node is not root:
            yield " " if divides and event == "end" else ""
            yield node.tail or ""


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
