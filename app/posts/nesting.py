"""HTML nested deeper than any text needs: read all the same, and flattened, so that no later reader stops half-way."""

from __future__ import annotations

import re

from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.errors import Invalid
from app.posts.tags import BLOCKS

# Parsers stop at some 250 elements within one another, drop what is inside, and say nothing.
_DEEPEST = 100
# Elements that HTML closes by itself count for those around them, so that this many are less than 2,000 in truth: what a
# parser told to take much still reads.
_MOST = 450
_TAG = re.compile(r"<(/?)([a-z][a-z0-9:-]*)", re.IGNORECASE)
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
_CLOSES_ITSELF = frozenset(
    ["p", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "dt", "dd", "option", "html", "body", "head", "colgroup"]
)


def refuse_bottomless(html: str) -> None:
    """Raises Invalid for what no parser reads to its end."""
    depth = 0
    for closing, tag in _TAG.findall(html):
        name = tag.lower()
        if name in _VOID or name in _CLOSES_ITSELF:
            continue
        depth = max(0, depth - 1) if closing else depth + 1
        if depth > _MOST:
            raise Invalid(
                f"内容没有收下。里面的格式层层嵌套，超过 {_MOST} 层，读不完整，强行处理会丢字。请先粘贴到记事本，只留文字，再复制进来。",
                errors={"body_html": [f"嵌套超过 {_MOST} 层。"]},
            )


def parsed(html: str) -> HtmlElement:
    """`html` within a <div>, however deep. Raises Invalid."""
    refuse_bottomless(html)
    return lxml_html.fragment_fromstring(html, create_parent="div", parser=lxml_html.HTMLParser(huge_tree=True))


def flatten(root: HtmlElement) -> bool:
    """Take out the elements that stand deeper than can be kept, but not what they say; whether there were any."""
    deep = [node for node in _below(root) if isinstance(node.tag, str) and node.tag not in ("br", "img", "hr")]
    for node in reversed(deep):
        if node.tag in BLOCKS and (node.tail or node.getnext() is not None):
            # Lines stay lines.
            line = etree.Element("br")
            line.tail, node.tail = node.tail, None
            node.addnext(line)
        node.drop_tag()
    return bool(deep)


def _below(root: HtmlElement) -> list[HtmlElement]:
    found: list[HtmlElement] = []
    level = [root]
    depth = 0
    while level:
        if depth > _DEEPEST:
            found += level
        level = [child for node in level for child in node]
        depth += 1
    return found
