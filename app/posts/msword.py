"""Word's habits: headings by font, titles by size, alignment by attribute. They become plain structure."""

from __future__ import annotations

import re

from lxml.html import HtmlElement

from app.posts.wordlists import make_lists

_WORD = re.compile(r"mso-|MsoNormal|schemas-microsoft-com|WordDocument|WPS Office", re.IGNORECASE)
_HEADING_FONT = re.compile(r"font-family\s*:\s*[\"']?(?:黑体|SimHei)", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*[一二三四五六七八九十]+、")
_TITLE_SIZE = re.compile(r"font-size\s*:\s*(\d+(?:\.\d+)?)pt", re.IGNORECASE)
TITLE_MARK = "data-title"


def looks_like_word(html: str) -> bool:
    return bool(_WORD.search(html))


def undo_word(root: HtmlElement) -> None:
    """Paragraphs with numbers of Word's are lists; those set in 黑体 and numbered 一、 are headings."""
    make_lists(root)
    for node in list(root.iter("p")):
        text = node.text_content().strip()
        styles = " ".join(span.get("style") or "" for span in node.iter("span"))
        if _NUMBERED.match(text) and len(text) <= 40 and _HEADING_FONT.search(styles):
            node.tag = "h2"


def word_title(root: HtmlElement) -> HtmlElement | None:
    """The document's title: a centred first paragraph in large type (18 pt and more) or bold."""
    for node in root.iter("p", "h1", "h2"):
        text = node.text_content().strip()
        if not text:
            continue
        styles = " ".join(part.get("style") or "" for part in node.iter())
        centred = (node.get("align") or "") == "center" or "text-align:center" in styles.replace(" ", "")
        sizes = [float(size) for size in _TITLE_SIZE.findall(styles)]
        bold = next(node.iter("b", "strong"), None) is not None
        large = bool(sizes) and max(sizes) >= 18
        return node if centred and len(text) <= 80 and (bold or large) else None
    return None
