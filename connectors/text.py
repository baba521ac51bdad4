"""Plain text out of sanitised HTML, and where a Chinese text may be cut without hurting it. Pure, no network."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal

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
_MEDIA = re.compile(r"/media/([0-9a-f]{64})\b")
# Control characters, zero-width spaces and marks of byte order; not the joiners that emoji are made of.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufeff]")
_SPACES = re.compile(r"[^\S\n]+")
URL = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.IGNORECASE | re.ASCII)

SENTENCE_ENDS = "。！？!?…"
CLAUSE_ENDS = "，；,;"
_PAIRS = {
    "（": "）",
    "(": ")",
    "【": "】",
    "《": "》",
    "〈": "〉",
    "「": "」",
    "『": "』",
    "[": "]",
    "“": "”",
    "‘": "’",
}
_CLOSERS = frozenset(_PAIRS.values()) | {'"', "'"}


@dataclass(frozen=True, kw_only=True)
class Block:
    """One paragraph, heading, list item, quote, table row (cells separated by a tab) or caption."""

    kind: BlockKind
    text: str


@dataclass(frozen=True, kw_only=True)
class Link:
    href: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a reader sees of an HTML document: blocks in order, SHA-256s of library images in order, links."""

    blocks: tuple[Block, ...]
    images: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def text(self) -> str:
        return "\n".join(block.text for block in self.blocks)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.images: list[str] = []
        self.links: list[Link] = []
        self._kinds: list[tuple[str, BlockKind]] = []
        self._text: list[str] = []
        self._silent = 0
        self._link: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.flush()
            self._kinds.append((tag, _BLOCKS[tag]))
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img" and (found := _MEDIA.search(given.get("src") or "")):
            self.images.append(found[1])
        elif tag == "a" and given.get("href"):
            self._link = (str(given["href"]), [])

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in ("td", "th"):
            self._text.append("\t")
        elif tag == "a" and self._link is not None:
            self.links.append(Link(href=self._link[0], text="".join(self._link[1]).strip()))
            self._link = None
        elif tag in _BLOCKS or tag in ("ul", "ol", "table"):
            self.flush()
            for at in range(len(self._kinds) - 1, -1, -1):
                if self._kinds[at][0] == tag:
                    del self._kinds[at:]
                    break

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        # A line break in the source is a space to a browser; between Chinese characters it is nothing.
        data = re.sub(r"\s*[\r\n]\s*", _joint(data), data)
        self._text.append(data)
        if self._link is not None:
            self._link[1].append(data)

    def flush(self) -> None:
        text = tidy("".join(self._text).strip("\t"))
        self._text = []
        if text:
            self.blocks.append(Block(kind=self._kind(), text=text))

    def _kind(self) -> BlockKind:
        """The innermost telling element: a paragraph inside a table row, item or quote belongs to that."""
        for _, kind in reversed(self._kinds):
            if kind != "paragraph":
                return kind
        return "paragraph"


def _joint(data: str) -> str:
    return "" if any("\u2e80" <= char <= "\uffef" for char in data) else " "


def read(html: str) -> Document:
    """The document that `html` (sanitised) shows."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.flush()
    return Document(blocks=tuple(reader.blocks), images=tuple(reader.images), links=tuple(reader.links))


def to_text(html: str) -> str:
    """The visible text of `html`, one block a line."""
    return read(html).text


def tidy(text: str) -> str:
    """One space for runs of spaces, LF for line ends, no blanks at the ends of lines; tabs (cells) become spaces."""
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def drop_links(text: str) -> tuple[str, int]:
    """`text` without its http(s) addresses, and how many there were."""
    text, count = URL.subn("", text)
    return (tidy(text) if count else text), count


def cut(text: str, fits: Callable[[str], bool], *, mark: str = "…") -> str:
    """The longest beginning of `text` for which fits() holds, ending where a sentence ends, else a clause.

    Never ends inside a bracket or quotation pair, a link, a number, a word or a grapheme. After a clause `mark`
    stands for what is missing (fits() sees it). "" when not even the first clause fits. Whole when it fits.
    """
    if fits(text):
        return text
    sentence = _longest(text, fits, SENTENCE_ENDS, "")
    clause = _longest(text, fits, CLAUSE_ENDS, mark)
    # A first sentence of three words should not stand for a text of which a hundred would fit.
    if sentence and len(sentence) * 3 >= len(clause):
        return sentence
    # Lines without any punctuation are often headings: only when there is nothing better.
    return clause or sentence or _longest(text, fits, "\n", mark)


def _longest(text: str, fits: Callable[[str], bool], ends: str, mark: str) -> str:
    best = ""
    for at in _boundaries(text, ends):
        head = text[:at].rstrip()
        if mark:
            head = head.rstrip(CLAUSE_ENDS) + mark
        if head.endswith(("：", ":")):
            continue
        if not fits(head):
            break
        best = head
    return best


def _boundaries(text: str, ends: str) -> Iterator[int]:
    """Positions after which `text` may be cut, rising."""
    closed = _inside(text)
    for at in range(1, len(text)):
        if closed[at] or _joins(text[at]):
            continue
        last = at - 1
        while last > 0 and text[last] in _CLOSERS:
            last -= 1
        if _ends(text, last, ends) and text[at] not in SENTENCE_ENDS + CLAUSE_ENDS:
            yield at


def _ends(text: str, at: int, ends: str) -> bool:
    char = text[at]
    after = text[at + 1 : at + 2]
    if char == "." and "。" in ends:
        # A full stop in place of 。 ends a sentence; one in 46.8, v1.2 or a domain does not.
        word_before = at > 0 and text[at - 1].isascii() and text[at - 1].isalnum()
        return not word_before or not after or after.isspace()
    if char in ",;" and char in ends:
        return not (at > 0 and text[at - 1].isdigit() and after.isdigit())
    return char in ends


def _joins(char: str) -> bool:
    """Whether `char` belongs to the grapheme before it (ZWJ, variation selector, skin tone, combining mark)."""
    return char in "\u200d\ufe0e\ufe0f\u20e3" or "\U0001f3fb" <= char <= "\U0001f3ff" or unicodedata.combining(char) > 0


def _inside(text: str) -> list[bool]:
    """For each position whether a cut there would break a matched pair of brackets or quotes, or a link."""
    depth = [0] * (len(text) + 2)
    spans = [(m.start(), m.end()) for m in URL.finditer(text)]
    spans += list(_matched(text))
    for start, end in spans:
        depth[start + 1] += 1
        depth[end] -= 1
    inside, level = [], 0
    for at in range(len(text) + 1):
        level += depth[at]
        inside.append(level > 0)
    return inside


def _matched(text: str) -> Iterator[tuple[int, int]]:
    """Spans (start, end) of pairs that close again; an opener that never closes hurts nothing."""
    stack: list[tuple[str, int]] = []
    straight: dict[str, int] = {}
    for at, char in enumerate(text):
        if char in _PAIRS:
            stack.append((_PAIRS[char], at))
        elif char in "\"'" and not _apostrophe(text, at):
            if char in straight:
                yield straight.pop(char), at + 1
            else:
                straight[char] = at
        elif any(closer == char for closer, _ in stack):
            while stack:
                closer, start = stack.pop()
                if closer == char:
                    yield start, at + 1
                    break


def _apostrophe(text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    return before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
