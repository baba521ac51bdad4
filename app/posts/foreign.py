"""What other editors and pages write in their own way becomes plain structure: emphasis by style, paragraphs by line
breaks, indents by blanks, pictures that wait to be scrolled to."""

from __future__ import annotations

import re

from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.posts.tags import LAZY

_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|bolder|[6-9]00)", re.IGNORECASE)
_NOT_BOLD = re.compile(r"font-weight\s*:\s*(?:normal|[1-4]00)", re.IGNORECASE)
_ITALIC = re.compile(r"font-style\s*:\s*(?:italic|oblique)", re.IGNORECASE)
_UNDERLINE = re.compile(r"text-decoration(?:-line)?\s*:[^;]*\bunderline", re.IGNORECASE)
_STRUCK = re.compile(r"text-decoration(?:-line)?\s*:[^;]*\bline-through", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_RAISED = re.compile(r"vertical-align\s*:\s*super\b", re.IGNORECASE)
_LOWERED = re.compile(r"vertical-align\s*:\s*sub\b", re.IGNORECASE)
_EMPHASIS = (
    (_BOLD, "strong"), (_ITALIC, "em"), (_UNDERLINE, "u"), (_STRUCK, "s"), (_RAISED, "sup"), (_LOWERED, "sub"),
)  # fmt: skip
_PLACEHOLDER = re.compile(r"(?i)^(?:data:image/(?:gif|svg|png)[^,]{0,40},.{0,400}|about:blank|)$", re.DOTALL)
_INDENT = re.compile(r"^[\s\u3000\xa0]+")
_CHAPTER = re.compile(r"^\s*(?:第[一二三四五六七八九十百]+[章节部分]+|[一二三四五六七八九十]+、)")
_SECTION = re.compile(r"^\s*[（(][一二三四五六七八九十]+[）)]")
_LONGEST_HEADING = 40
_TEXT_BOXES = ("p", "div", "section")
_BLOCKS = ("p", "div", "section", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "figure", "pre")


def find_pictures(root: HtmlElement) -> None:
    """A picture that only has a placeholder gets the address that it waits for."""
    for node in root.iter("img"):
        if not _PLACEHOLDER.match((node.get("src") or "").strip()):
            continue
        waiting = next((node.get(name) for name in sorted(LAZY) if (node.get(name) or "").strip()), None)
        if waiting:
            node.set("src", waiting.strip())


def adopt(root: HtmlElement) -> list[str]:
    """Rework the tree; notes in Chinese of what was left out."""
    notes = _drop_hidden(root)
    _emphasise(root)
    _split(root)
    _unindent(root)
    _raise_headings(root)
    return notes


def _drop_hidden(root: HtmlElement) -> list[str]:
    count = 0
    for node in list(root.iterdescendants()):
        if not _HIDDEN.search(node.get("style") or "") or node.getparent() is None:
            continue
        count += bool(node.text_content().strip())
        node.drop_tree()
    return [f"原页面里有 {count} 处隐藏的文字，没有带入。"] if count else []


def _emphasise(root: HtmlElement) -> None:
    for node in list(root.iterdescendants("span", "font", "b", "strong")):
        style = node.get("style") or ""
        if node.tag in ("b", "strong"):
            # A whole document in one <b> that is not bold: Google's way.
            if _NOT_BOLD.search(style):
                node.drop_tag()
            continue
        wanted = [tag for pattern, tag in _EMPHASIS if pattern.search(style) and _may_be(node, tag)]
        if not wanted or not node.text_content().strip():
            continue
        node.tag, inner = wanted[0], node
        node.attrib.pop("style")
        for tag in wanted[1:]:
            inner = _inside(inner, tag)


def _may_be(node: HtmlElement, tag: str) -> bool:
    """Headings are bold and links underlined already."""
    around = {str(up.tag) for up in node.iterancestors()}
    taken = {"strong": {"h1", "h2", "h3", "h4", "h5", "h6", "th", "b", "strong"}, "u": {"a", "u"}}.get(
        tag, {"sup", "sub"} if tag in ("sup", "sub") else {tag}
    )
    return not around & taken and not (tag == "u" and next(node.iter("a"), None) is not None)


def _inside(node: HtmlElement, tag: str) -> HtmlElement:
    """A new element around all that `node` holds."""
    inner = lxml_html.Element(tag)
    inner.text, node.text = node.text, None
    inner[:] = list(node)
    node.append(inner)
    return inner


def _split(root: HtmlElement) -> None:
    """Two line breaks in a row part paragraphs."""
    for box in list(root.iter(*_TEXT_BOXES)):
        if next(box.iterdescendants(*_BLOCKS), None) is None:
            _split_box(box)


def _split_box(box: HtmlElement) -> None:
    parting = [node for node in box.iterchildren("br") if _follows(node.getprevious()) or _goes_before(node)]
    if not parting:
        return
    parts = [lxml_html.Element("p")]
    parts[0].text = box.text
    for child in list(box):
        if child not in parting:
            parts[-1].append(child)
            continue
        if len(parts[-1]) or (parts[-1].text or "").strip():
            parts.append(lxml_html.Element("p"))
        parts[-1].text = (parts[-1].text or "") + (child.tail or "")
    for part in parts:
        for name in ("style", "align"):
            if box.get(name):
                part.set(name, box.get(name))
    box.text, box.tag = None, "div"
    box[:] = parts


def _goes_before(node: HtmlElement) -> bool:
    following = node.getnext()
    return following is not None and following.tag == "br" and not (node.tail or "").strip()


def _follows(before: HtmlElement | None) -> bool:
    return before is not None and before.tag == "br" and not (before.tail or "").strip()


def _unindent(root: HtmlElement) -> None:
    """Blanks at the beginning of a paragraph only indent it; the platforms' own layouts do that in their own way."""
    for box in root.iter(*_TEXT_BOXES, "h1", "h2", "h3", "h4", "td", "th", "li"):
        at = box
        while (
            not (at.text or "").strip(" \t\r\n\u3000\xa0")
            and len(at)
            and at[0].tag in ("span", "font", "strong", "b", "em")
        ):
            at.text = None
            at = at[0]
        if at.text:
            at.text = _INDENT.sub("", at.text)


def _raise_headings(root: HtmlElement) -> None:
    """A short line that is bold from end to end and numbered 一、 or （一） is a heading."""
    for box in list(root.iter(*_TEXT_BOXES)):
        text = box.text_content().strip()
        if not text or len(text) > _LONGEST_HEADING or next(box.iterdescendants(*_BLOCKS, "img"), None) is not None:
            continue
        level = "h2" if _CHAPTER.match(text) else "h3" if _SECTION.match(text) else ""
        bold = "".join(node.text_content() for node in box.iter("strong", "b") if not _within_bold(node, box)).strip()
        if level and bold == text and next(box.iterancestors("td", "th", "li"), None) is None:
            box.tag = level
            for node in list(box.iter("strong", "b")):
                node.drop_tag()


def _within_bold(node: HtmlElement, box: HtmlElement) -> bool:
    for up in node.iterancestors():
        if up is box:
            return False
        if up.tag in ("strong", "b"):
            return True
    return False
