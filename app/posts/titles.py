"""The title that a document shows: taken out of its body."""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlElement

from app.posts.msword import looks_like_word, word_title
from app.posts.nesting import parsed
from app.posts.plainwords import words_of

NO_TITLE = re.compile(r"[。；！？!?;]")
_LONGEST = 200


def inner_html(root: HtmlElement) -> str:
    return (root.text or "") + "".join(etree.tostring(child, encoding="unicode", method="html") for child in root)


def title_of(html: str) -> tuple[str, str]:
    """The title that the document itself shows (taken out of the body), or ""; and the remaining body."""
    bare = re.sub(r"(?i)</?(?:html|body)\b[^<>]*>|<!doctype[^<>]*>", "", html)
    try:
        root = parsed(bare)
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
    title = words_of(node)
    node.drop_tree()
    return title[:_LONGEST], inner_html(root)


def _short_first(root: HtmlElement) -> HtmlElement | None:
    """A first paragraph that is short and no sentence, with more to follow, is the title."""
    paragraphs = [p for p in root.iter("p") if p.text_content().strip()]
    if len(paragraphs) < 2:
        return None
    text = paragraphs[0].text_content().strip()
    return paragraphs[0] if 4 <= len(text) <= 50 and not NO_TITLE.search(text) else None
