"""The words of an element as a line of plain text, for places that hold no format: titles, captions of tables."""

from __future__ import annotations

from lxml.html import HtmlElement

from connectors.raised import in_a_line


def words_of(node: HtmlElement) -> str:
    """Runs of blanks as one; <sup> and <sub> as the signs that say the same: a title of 10⁴ tells no 104. `node` is changed."""
    for raised in list(node.iter("sup", "sub")):
        before = raised.getprevious()
        parent = raised.getparent()
        if parent is None:
            continue
        ahead = (before.tail if before is not None else parent.text) or ""
        words = in_a_line(raised.text_content(), ahead, raised=raised.tag == "sup")
        for child in list(raised):
            raised.remove(child)
        raised.text = words
        raised.drop_tag()
    return " ".join(node.text_content().split())
