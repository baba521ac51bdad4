"""Lists on the clipboard of Word and WPS: paragraphs that name their list and level in mso-list, numbers as text."""

from __future__ import annotations

import re
from itertools import pairwise

from lxml import html as lxml_html
from lxml.html import HtmlElement

_LIST = re.compile(r"mso-list\s*:\s*l\d+\s+level(\d)", re.IGNORECASE)
_MARKER = re.compile(r"mso-list\s*:\s*Ignore", re.IGNORECASE)
_NUMBER = re.compile(r"^[（(]?(\d{1,4})[）).、．]?$")
_LETTER = re.compile(r"^[（(]?[a-zA-Z]{1,4}[）).、]$")
# 一、 and （一） are the words of a heading; no list of HTML counts so.
_CHINESE = re.compile(r"^[（(]?(?:第?[一二三四五六七八九十百]+[章节条、]?)[）)]?[、.]?$")
_BLANKS = " \t\r\n\xa0\u3000"


def make_lists(root: HtmlElement) -> None:
    """Turn every run of such paragraphs into nested <ul> and <ol>; numbers like 一、 become text again."""
    items = [(node, level) for node in root.iter("p") if (level := _level(node))]
    marked: list[tuple[HtmlElement, int, str]] = []
    for node, level in items:
        marker = _take_marker(node)
        if _CHINESE.match(marker):
            node.text = marker + (node.text or "").lstrip(_BLANKS)
        else:
            marked.append((node, level, marker))
    runs: list[list[tuple[HtmlElement, int, str]]] = [marked[:1]] if marked else []
    for before, item in pairwise(marked):
        if before[0].getnext() is item[0] and not (before[0].tail or "").strip():
            runs[-1].append(item)
        else:
            runs.append([item])
    for run in runs:
        _nest(run)


def _level(node: HtmlElement) -> int:
    found = _LIST.search(node.get("style") or "")
    return int(found.group(1)) if found else 0


def _take_marker(node: HtmlElement) -> str:
    """The number or bullet that stands as text before the item; taken out."""
    found = next((span for span in node.iter("span") if _MARKER.search(span.get("style") or "")), None)
    if found is None:
        return ""
    marker = str(found.text_content()).strip(_BLANKS)
    found.drop_tree()
    return marker


def _nest(run: list[tuple[HtmlElement, int, str]]) -> None:
    open_lists: list[tuple[int, HtmlElement]] = []
    for node, level, marker in run:
        number = _NUMBER.match(marker)
        kind = "ol" if number or _LETTER.match(marker) else "ul"
        while open_lists and (
            open_lists[-1][0] > level or (open_lists[-1][0] == level and open_lists[-1][1].tag != kind)
        ):
            open_lists.pop()
        if not open_lists or open_lists[-1][0] < level:
            made = lxml_html.Element(kind)
            if number and number.group(1) != "1":
                made.set("start", number.group(1))
            if open_lists:
                open_lists[-1][1][-1].append(made)
            else:
                node.addprevious(made)
            open_lists.append((level, made))
        node.tag, node.text, node.tail = "li", (node.text or "").lstrip(_BLANKS), None
        node.attrib.clear()
        open_lists[-1][1].append(node)
