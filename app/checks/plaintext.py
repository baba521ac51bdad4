"""The plain text of a body, in which problems have their offsets.

The rule is simple enough to be repeated in the browser (frontend/src/composer/plaintext.ts), so that a place
found here is the same place in the editor: every paragraph, heading, list item, cell, quote or caption, and every piece
between two line breaks, is one line; within it runs of blanks (space, tab, CR, LF, FF) are one space and blanks at its
ends are dropped; lines without text are left out; lines are joined by LF. Pictures are nothing. Offsets count
characters (code points), not UTF-16 units.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote

INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "q",
        "ruby",
        "rt",
        "rp",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
    ]
)
_NOT_ASCII = re.compile(r"[^\x21-\x7e]+")
_SILENT = frozenset({"script", "style", "template", "title"})
_BLANK_CHARACTERS = " \t\r\n\f"
_BLANKS = re.compile(f"[{_BLANK_CHARACTERS}]+")


class _Lines(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        # Of each line the table's row that it stands in, 0 outside tables.
        self.rows: list[int] = []
        self._pieces: list[str] = []
        self._silent = 0
        # How many characters the lines hold so far, each with its LF, and the pieces of the present one.
        self._line_at = self._reached = 0
        self._row = self._rows_seen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        if tag not in INLINE:
            self.flush()
        if tag == "tr":
            self._rows_seen += 1
            self._row = self._rows_seen

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag not in INLINE:
            self.flush()
        if tag in ("tr", "table"):
            self._row = 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(data)
            self._reached += len(data)

    def flush(self) -> None:
        line = _BLANKS.sub(" ", "".join(self._pieces)).strip(" ")
        self._pieces, self._reached = [], 0
        if line:
            self.lines.append(line)
            self.rows.append(self._row)
            self._line_at += len(line) + 1


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A link, and where its words stand in plain_text(); the same twice: it has none."""

    href: str
    start: int
    end: int


class _Pictures(_Lines):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._held: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag == "img":
            self._held.append((self._reached, dict(attrs).get("alt") or ""))

    def flush(self) -> None:
        held, self._held = self._held, []
        raw, line_at = "".join(self._pieces) if held else "", self._line_at
        super().flush()
        # In a line without any text: where the next begins, or behind the last.
        most = max(0, self._line_at - line_at - 1)
        places = _places(raw, sorted({at for at, _alt in held}))
        self.found += [(line_at + min(most, places[at]), alt.strip()) for at, alt in held]


class _Anchors(_Lines):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Anchor] = []
        self._open: tuple[str, int] | None = None
        # Those of the present line: (address, from, to) in its pieces as they came.
        self._held: list[tuple[str, int, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        if tag == "a":
            self._close()
            href = dict(attrs).get("href") or ""
            self._open = (href, self._reached) if href else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._close()
        super().handle_endtag(tag)

    def flush(self) -> None:
        self._close()
        held, self._held = self._held, []
        raw, line_at = "".join(self._pieces) if held else "", self._line_at
        super().flush()
        if not held:
            return
        most = max(0, self._line_at - line_at - 1)
        # One without words in a line without any stands at the end of the line before: the next may never come.
        line_at = line_at if most else max(0, line_at - 1)
        places = _places(raw, sorted({at for _, *both in held for at in both}))
        self.found += [
            Anchor(href=href, start=line_at + min(most, places[start]), end=line_at + min(most, places[end]))
            for href, start, end in held
        ]

    def _close(self) -> None:
        if self._open is not None:
            self._held.append((*self._open, self._reached))
            self._open = None


def _places(raw: str, offsets: list[int]) -> dict[int, int]:
    """Where each of the rising `offsets` into a line as it came stands in it once runs of blanks are one space and none
    leads. One walk for all: a line may hold very many links."""
    found: dict[int, int] = {}
    written, read, blank = 0, 0, True
    for at in offsets:
        piece = _BLANKS.sub(" ", raw[read:at])
        # A run that goes on from the piece before was counted there; one at the line's head is none.
        if blank and piece.startswith(" "):
            piece = piece[1:]
        if at > read:
            blank = raw[at - 1] in _BLANK_CHARACTERS
        written, read = written + len(piece), at
        found[at] = written
    return found


class _Unseen(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self.maps: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "img" and "data-map" in told:
            self.maps.append(told.get("alt") or "")
        for name, value in attrs:
            if value and name == "href" and not value.lower().startswith("tel:"):
                self.addresses.append(_NOT_ASCII.sub("/", unquote(value)))
            elif value and name in ("alt", "title", "href"):
                self.texts.append(unquote(value))


def unseen_texts(html: str) -> list[str]:
    """What `html` says beside its text: words for those who cannot see a picture, numbers that a click would dial."""
    return _read_unseen(html).texts


def link_addresses(html: str) -> list[str]:
    """Where the links of `html` lead, mail addresses among them, as they read unquoted; what is not ASCII in them is "/",
    so that an address ends where it ends. WeChat prints them as footnotes."""
    return _read_unseen(html).addresses


def ticked_maps(html: str) -> list[str]:
    """The descriptions of those pictures that the author ticked as maps; "" for one without."""
    return _read_unseen(html).maps


def _read_unseen(html: str) -> _Unseen:
    reader = _Unseen()
    reader.feed(html)
    reader.close()
    return reader


def plain_text(html: str) -> str:
    """The lines of `html` (see above), joined by LF."""
    return "\n".join(_read(html).lines)


def rows_of(html: str) -> str:
    """plain_text() with a tab instead of LF between the lines of one row of a table: each character in its place."""
    reader = _read(html)
    joined: list[str] = []
    for number, line in enumerate(reader.lines):
        same = number > 0 and 0 < reader.rows[number] == reader.rows[number - 1]
        joined += ["\t" if same else "\n", line]
    return "".join(joined[1:])


def _read(html: str) -> _Lines:
    reader = _Lines()
    reader.feed(html)
    reader.close()
    reader.flush()
    return reader


def pictures_in(html: str) -> list[tuple[int, str]]:
    """Where the pictures of `html` stand in plain_text(), in their order, and what is said of each to those who cannot see it."""
    reader = _Pictures()
    reader.feed(html)
    reader.close()
    reader.flush()
    length = len(plain_text(html))
    return [(min(at, length), alt) for at, alt in reader.found]


def anchors(html: str) -> list[Anchor]:
    """The links of `html` in their order."""
    reader = _Anchors()
    reader.feed(html)
    reader.close()
    reader.flush()
    return reader.found
