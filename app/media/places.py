"""Where in a file a piece of its text stands: marks that the reader of the file sets and the checks read.

A mark is a control character, words and the same character again; no file's text can hold one, since XML forbids them and
readers drop them. `unmarked` gives back the bare text, so that what is found in it does not depend on the marks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

_PART, _SPOT, _DUMB = "\x1e", "\x1f", "\x1d"
_MARK = re.compile(f"{_PART}([^{_PART}]*){_PART}|{_SPOT}([^{_SPOT}]*){_SPOT}|{_DUMB}([^{_DUMB}]*){_DUMB}")
_LOOSE = re.compile(f"[{_PART}{_SPOT}{_DUMB}]")


def part(name: str) -> str:
    """From here on: this sheet or page."""
    return f"{_PART}{bare(name)}{_PART}"


def spot(name: str) -> str:
    """From here on: this cell of the sheet."""
    return f"{_SPOT}{bare(name)}{_SPOT}"


def unread(name: str) -> str:
    """Here stands something of the file in which no text could be read: a scanned page, a file within the file."""
    return f"{_DUMB}{bare(name)}{_DUMB}"


def bare(text: str) -> str:
    """`text` without what would be taken for a mark."""
    return _LOOSE.sub("", text)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A text without its marks, from which offset on which place holds, and what of the file could not be read."""

    text: str
    starts: tuple[int, ...]
    names: tuple[str, ...]
    unread: tuple[str, ...] = ()

    def at(self, offset: int) -> str:
        """The place of the character at `offset`, as "工作表“名单”B7"; "" where none was marked."""
        found = bisect_right(self.starts, offset)
        return self.names[found - 1] if found else ""


@lru_cache(maxsize=16)
def unmarked(text: str) -> Placed:
    """The bare text of what a reader wrote; remembered, since attachments stay the same while their post is written."""
    pieces: list[str] = []
    starts: list[int] = []
    names: list[str] = []
    dumb: list[str] = []
    length = last = 0
    sheet = ""
    for mark in _MARK.finditer(text):
        pieces.append(text[last : mark.start()])
        length += mark.start() - last
        last = mark.end()
        if mark.group(3) is not None:
            dumb.append(mark.group(3))
            continue
        if mark.group(1) is not None:
            sheet = mark.group(1)
        starts.append(length)
        names.append(sheet if mark.group(1) is not None else sheet + (mark.group(2) or ""))
    pieces.append(text[last:])
    return Placed(text="".join(pieces), starts=tuple(starts), names=tuple(names), unread=tuple(dumb))
