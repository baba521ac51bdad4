"""Lists of Word and WPS: paragraphs with a number of their own become nested <ul> and <ol>.

On the clipboard they name their list and level in mso-list and hold the number as text; of a document app/posts/wordnumbers.py
counts it. What no list of HTML shows as Word did (一、 第一条 （1） a.) stays as the words it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.posts.counting import before

_LIST = re.compile(r"mso-list\s*:\s*(l\d+\s+)level(\d)(?:\s+(lfo\d+))?", re.IGNORECASE)
_MARKER = re.compile(r"mso-list\s*:\s*Ignore", re.IGNORECASE)
_PLAIN = re.compile(r"^(\d{1,4})[）).、．]?$")
_BLANKS = " \t\r\n\xa0\u3000"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One paragraph: at which level (outermost lowest) of which list, and its number; of kind "text" it says that itself."""

    node: HtmlElement
    level: int
    kind: Literal["ol", "ul", "text"]
    number: int = 0
    of: str = ""


def plain(label: str) -> int | None:
    """The number of a label that <ol> shows in its own way: 3. or 3、 or 3)."""
    found = _PLAIN.match(label)
    return int(found.group(1)) if found else None


def is_bullet(label: str) -> bool:
    """A dot, or the letter that stands for one in a font of signs."""
    return not label or not any(char.isalnum() for char in label) or (len(label) == 1 and not _says_something(label))


def _says_something(char: str) -> bool:
    return char.isnumeric() or "\u3400" <= char <= "\u9fff"


def make_lists(root: HtmlElement) -> None:
    """Turn the clipboard's paragraphs into lists."""
    items = []
    for node in root.iter("p"):
        found = _LIST.search(node.get("style") or "")
        if not found:
            continue
        label = _take_marker(node)
        level, of = int(found.group(2)), found.group(3) or found.group(1)
        number = plain(label)
        if number is not None:
            items.append(Item(node=node, level=level, kind="ol", number=number, of=of))
        elif is_bullet(label):
            items.append(Item(node=node, level=level, kind="ul", of=of))
        else:
            node.text = before(label, node.text or "")
            items.append(Item(node=node, level=level, kind="text", of=of))
    nest(items)


def _take_marker(node: HtmlElement) -> str:
    """The number or bullet that stands as text before the item; taken out."""
    found = next((span for span in node.iter("span") if _MARKER.search(span.get("style") or "")), None)
    if found is None:
        return ""
    marker = str(found.text_content()).strip(_BLANKS)
    found.drop_tree()
    return marker


def nest(items: Sequence[Item]) -> None:
    """Items that follow one another directly are one run; each run becomes lists."""
    runs: list[list[Item]] = [[items[0]]] if items else []
    for one, item in pairwise(items):
        if one.node.getnext() is item.node and not (one.node.tail or "").strip():
            runs[-1].append(item)
        else:
            runs.append([item])
    for run in runs:
        _nest(run)


@dataclass
class _Open:
    """A list that the next item may go on with; `last` is that of its last one."""

    last: Item
    made: HtmlElement

    def goes_on_with(self, item: Item) -> bool:
        same = (item.kind, item.of) == (self.last.kind, self.last.of)
        return same and (item.kind != "ol" or item.number == self.last.number + 1)


def _nest(run: Sequence[Item]) -> None:
    opened: list[_Open] = []
    for item in run:
        node = item.node
        while opened and (
            opened[-1].last.level > item.level
            or (opened[-1].last.level == item.level and not opened[-1].goes_on_with(item))
        ):
            opened.pop()
        node.tail = None
        if item.kind == "text":
            if opened:
                opened[-1].made[-1].append(node)
            continue
        if not opened or opened[-1].last.level < item.level:
            made = lxml_html.Element(item.kind)
            if item.kind == "ol" and item.number != 1:
                made.set("start", str(item.number))
            if opened:
                opened[-1].made[-1].append(made)
            else:
                node.addprevious(made)
            opened.append(_Open(last=item, made=made))
        opened[-1].last = item
        node.tag, node.text = "li", (node.text or "").lstrip(_BLANKS)
        node.attrib.clear()
        opened[-1].made.append(node)
