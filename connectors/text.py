"""Plain text out of sanitised HTML. Pure, no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal

from connectors.raised import in_a_line

BlockKind = Literal["paragraph", "heading", "item", "quote", "table", "caption"]

_BLOCKS: dict[str, BlockKind] = {
    "p": "paragraph",
    "div": "paragraph",
    "section": "paragraph",
    "pre": "paragraph",
    "h1": "heading",
    "h2": "heading",
    "h3": "heading",
    "h4": "heading",
    "h5": "heading",
    "h6": "heading",
    "li": "item",
    "blockquote": "quote",
    "tr": "table",
    "caption": "caption",
    "figcaption": "caption",
}
_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "svg"})
_STRUCK = frozenset({"s", "del", "strike"})
_RAISED = ("sup", "sub")
BULLET = "•"
_MEDIA = re.compile(r"/media/([0-9a-f]{64})\b")
# Control characters, zero-width spaces and marks of byte order; not the joiners that emoji are made of.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff]")
_SPACES = re.compile(r"[^\S\n]+")
URL = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.IGNORECASE | re.ASCII)
# An address that stands alone in brackets; longer ones leave their brackets behind.
_BRACKETED = re.compile(
    r"[（(]\s?https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'*+,;=%]{1,300}\s?[)）]", re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class Block:
    """One paragraph, heading, list item, quote, table row (cells separated by a tab) or caption.

    `mark`: what its list puts before an item, "2、" or "• ", "" for what follows within the item; not part of `text`.
    `depth`: how many lists it stands in.
    """

    kind: BlockKind
    text: str
    mark: str = ""
    depth: int = 0

    @property
    def written(self) -> str:
        """As it stands in a plain text."""
        return f"{self.mark}{self.text}"


@dataclass(frozen=True, kw_only=True)
class Link:
    href: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a reader sees of an HTML document: blocks in order, SHA-256s of library images in order, links.

    `foreign` counts pictures that are not of the library: no platform ever gets them. `raised`: the signs that stand in
    `text` for superscripts and subscripts (⁴, ₂, ^(n+1)). `struck` counts what was struck out and left out for it.
    """

    blocks: tuple[Block, ...]
    images: tuple[str, ...]
    links: tuple[Link, ...]
    foreign: int = 0
    raised: tuple[str, ...] = ()
    struck: int = 0

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks)


class _Reader(HTMLParser):
    def __init__(self, struck: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.keeps_struck = struck
        self.raised: list[str] = []
        self.struck = 0
        self.blocks: list[Block] = []
        self.images: list[str] = []
        self.links: list[Link] = []
        self.foreign = 0
        self._kinds: list[tuple[str, BlockKind]] = []
        self._text: list[str] = []
        self._silent = 0
        self._striking = 0
        # Where in _text the words of each open <sup> and <sub> begin.
        self._raising: list[tuple[str, int]] = []
        # Of each open list its next number, None for one without numbers.
        self._lists: list[int | None] = []
        self._mark = ""
        self._link: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        elif tag in _STRUCK:
            self._striking += 1
            self.struck += self._striking == 1
        elif tag in _RAISED:
            self._raising.append((tag, len(self._text)))
        elif tag in _BLOCKS:
            self.flush()
            self._kinds.append((tag, _BLOCKS[tag]))
            if tag == "li":
                self._mark = self._next_mark(given.get("value"))
        elif tag in ("ul", "ol"):
            self.flush()
            self._lists.append((_whole(given.get("start")) or 1) if tag == "ol" else None)
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img":
            found = _MEDIA.search(given.get("src") or "")
            if found is not None:
                self.images.append(found[1])
            else:
                self.foreign += 1
        elif tag == "a" and given.get("href"):
            self._link = (str(given["href"]), [])

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _STRUCK:
            self._striking = max(0, self._striking - 1)
        elif tag in _RAISED:
            self._lower(tag)
        elif tag in ("td", "th"):
            self._text.append("\t")
        elif tag == "a" and self._link is not None:
            self.links.append(Link(href=self._link[0], text="".join(self._link[1]).strip()))
            self._link = None
        elif tag in _BLOCKS or tag in ("ul", "ol", "table"):
            self.flush()
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            for at in range(len(self._kinds) - 1, -1, -1):
                if self._kinds[at][0] == tag:
                    del self._kinds[at:]
                    break

    def handle_data(self, data: str) -> None:
        if self._silent or (self._striking and not self.keeps_struck):
            return
        # A line break in the source is a space to a browser; between Chinese characters it is nothing.
        data = re.sub(r"\s*[\r\n]\s*", _joint(data), data)
        self._text.append(data)
        if self._link is not None:
            self._link[1].append(data)

    def flush(self) -> None:
        if not self._text:
            return
        while self._raising:
            self._lower(self._raising[-1][0])
        text = tidy("".join(self._text).strip("\t"))
        self._text = []
        if text:
            self.blocks.append(Block(kind=self._kind(), text=text, mark=self._mark, depth=len(self._lists)))
            self._mark = ""

    def _lower(self, tag: str) -> None:
        """The words since the innermost <sup> or <sub>, as a line of plain text can say them."""
        if not self._raising or self._raising[-1][0] != tag:
            return
        start = self._raising.pop()[1]
        words = "".join(self._text[start:])
        written = in_a_line(words, "".join(self._text[max(0, start - 2) : start]), raised=tag == "sup")
        if written != words:
            self.raised.append(written)
        self._text[start:] = [written]

    def _next_mark(self, value: str | None) -> str:
        """What stands before an item: "2、" (a full stop would make 2.5 of "2." and "5 月"), "• " in a list without numbers."""
        if not self._lists:
            return ""
        number = self._lists[-1]
        if number is None:
            return f"{BULLET} "
        number = _whole(value) or number
        self._lists[-1] = number + 1
        return f"{number}、"

    def _kind(self) -> BlockKind:
        """The innermost telling element: a paragraph inside a table row, item or quote belongs to that."""
        for _, kind in reversed(self._kinds):
            if kind != "paragraph":
                return kind
        return "paragraph"


def _whole(given: str | None) -> int:
    """The number of an attribute, 0 for none that people would count with."""
    return int(given) if given and given.isascii() and given.isdigit() and len(given) < 6 else 0


def _joint(data: str) -> str:
    return "" if any("\u2e80" <= char <= "\uffef" for char in data) else " "


def read(html: str, *, struck: bool = True) -> Document:
    """The document that `html` (sanitised) shows; without `struck`, what is struck out is left out, as no longer valid."""
    reader = _Reader(struck)
    reader.feed(html)
    reader.close()
    reader.flush()
    return Document(
        blocks=tuple(reader.blocks),
        images=tuple(reader.images),
        links=tuple(reader.links),
        foreign=reader.foreign,
        raised=tuple(reader.raised),
        struck=0 if struck else reader.struck,
    )


def to_text(html: str) -> str:
    """The visible text of `html`, one block a line."""
    return read(html).text


def tidy(text: str) -> str:
    """One space for runs of spaces, LF for line ends, no blanks at the ends of lines; tabs (cells) become spaces."""
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def drop_links(text: str) -> tuple[str, int]:
    """`text` without its http(s) addresses and the brackets that held nothing else, and how many there were."""
    text, bracketed = _BRACKETED.subn("", text)
    text, count = URL.subn("", text)
    count += bracketed
    return (tidy(text) if count else text), count
