"""What a reader sees of an HTML content: its words with how they look, its pictures, links, tables and other things.

Wrappers that carry nothing, attributes that show nothing, the order of style declarations and the parameters of pictures'
addresses are WeChat's (and its editor's) to change, and are not part of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

_SILENT = frozenset({"script", "style"})
_VOID = frozenset(
    {"br", "hr", "img", "input", "wbr", "col", "area", "embed", "source", "track", "meta", "link", "base"}
)
# They only hold others; what they hold is in the text, the tables or the styles.
_PLAIN = frozenset(
    [
        "html",
        "body",
        "section",
        "div",
        "article",
        "main",
        "header",
        "footer",
        "aside",
        "figure",
        "p",
        "span",
        "font",
        "table",
        "caption",
        "colgroup",
        "col",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "br",
        "wbr",
        "meta",
        "link",
        "base",
        "title",
        "head",
        "leaf",
    ]
)
# They say how words look.
_MARKS = frozenset(
    [
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "strong",
        "em",
        "u",
        "s",
        "sub",
        "sup",
        "blockquote",
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "th",
        "a",
        "mark",
        "small",
        "big",
        "dl",
        "dt",
        "dd",
    ]
)
_SAME = {"b": "strong", "i": "em", "cite": "em", "ins": "u", "del": "s", "strike": "s"}
_BREAKS = frozenset(
    [
        "p",
        "section",
        "div",
        "article",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "ul",
        "ol",
        "li",
        "tr",
        "td",
        "th",
        "pre",
        "br",
        "hr",
        "table",
        "caption",
    ]
)
# Blanks of any kind, zero-width ones and byte order marks too: pasted texts are full of them, nobody sees them go.
_UNSEEN = re.compile(r"[\s\u200b\ufeff]+")
_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})\b")


@dataclass(kw_only=True)
class Run:
    """Words that look alike. `marks`: the elements around them that say how; `styles`: those around them, outermost
    first; `fresh`: they begin a line."""

    text: str
    marks: tuple[str, ...]
    styles: tuple[str, ...]
    fresh: bool

    def properties(self) -> Counter[str]:
        """How many of the elements around them set each property."""
        return Counter(name for style in self.styles for name in {part.partition(":")[0] for part in style.split(";")})


@dataclass(kw_only=True)
class Shape:
    """The parts of an HTML content that must survive."""

    runs: list[Run] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    # Per table: its cells as "colspan x rowspan", in order.
    tables: list[list[str]] = field(default_factory=list)
    # Everything else that shows something, as "{tag} {address or style}@{characters before it}"; pictures' styles too.
    things: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def shape_of(html: str) -> Shape:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.shape


def seen_of(text: str) -> str:
    """`text` without the characters that nobody sees."""
    return _UNSEEN.sub("", text)


def address(url: str, *, query: bool = False) -> str:
    """An address without scheme; pictures also without parameters, which WeChat adds at will."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    return f"{parts.netloc}{parts.path}" + (f"?{parts.query}" if query and parts.query else "")


def style_of(given: Mapping[str, str]) -> str:
    """The declarations of an element, sorted; colours as rgb(). What old attributes say counts as style."""
    parts = [part.strip().lower() for part in given.get("style", "").split(";")]
    parts += [f"{name}:{given[name].lower()}" for name in ("color", "size", "bgcolor", "align") if given.get(name)]
    if "hidden" in given:
        parts.append("display:none")
    plain = {re.sub(r"\s+", "", _HEX.sub(_rgb, part)) for part in parts if ":" in part}
    return ";".join(sorted(plain))


def _rgb(found: re.Match[str]) -> str:
    digits = found.group(1)
    whole = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    return f"rgb({','.join(str(int(whole[at : at + 2], 16)) for at in (0, 2, 4))})"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shape = Shape()
        # The open elements: (tag, mark or "", style or "").
        self._open: list[tuple[str, str, str]] = []
        self._open_tables: list[int] = []
        self._silent = 0
        self._length = 0
        self._fresh = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Of an attribute written twice the first counts.
        given = {name: value or "" for name, value in reversed(attrs)}
        if tag in _SILENT:
            self._silent += 1
            return
        tag = _SAME.get(tag, tag)
        style = style_of(given)
        self._fresh = self._fresh or tag in _BREAKS
        self._note(tag, style, given)
        if tag not in _VOID:
            mark = f"a {address(given.get('href', ''), query=True)}" if tag == "a" else tag
            self._open.append((tag, mark if tag in _MARKS and (tag != "a" or given.get("href")) else "", style))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
            return
        tag = _SAME.get(tag, tag)
        self._fresh = self._fresh or tag in _BREAKS
        if tag == "table" and self._open_tables:
            self._open_tables.pop()
        at = next((n for n in range(len(self._open) - 1, -1, -1) if self._open[n][0] == tag), None)
        if at is not None:
            del self._open[at:]

    def handle_data(self, data: str) -> None:
        text = seen_of(data)
        if self._silent or not text:
            return
        marks = tuple(sorted({mark for _, mark, _ in self._open if mark}))
        styles = tuple(style for _, _, style in self._open if style)
        last = self.shape.runs[-1] if self.shape.runs else None
        if last is not None and not self._fresh and (last.marks, last.styles) == (marks, styles):
            last.text += text
        else:
            self.shape.runs.append(Run(text=text, marks=marks, styles=styles, fresh=self._fresh))
        self._length += len(text)
        self._fresh = False

    def _note(self, tag: str, style: str, given: Mapping[str, str]) -> None:
        if tag == "img":
            self.shape.images.append(address(given.get("data-src") or given.get("src", "")))
            self._thing("img", style)
        elif tag == "a" and given.get("href"):
            self.shape.links.append(address(given["href"], query=True))
        elif tag == "table":
            self._open_tables.append(len(self.shape.tables))
            self.shape.tables.append([])
        elif tag in ("td", "th") and self._open_tables:
            cell = f"{given.get('colspan') or 1}x{given.get('rowspan') or 1}"
            self.shape.tables[self._open_tables[-1]].append(cell)
        elif tag not in _PLAIN | _MARKS:
            self._thing(tag, address(given.get("data-src") or given.get("src", "")) or style)
        if tag != "img" and "url(" in style:
            self._thing(tag, style)

    def _thing(self, tag: str, shown: str) -> None:
        self.shape.things.append(f"{tag} {shown}@{self._length}")
