"""Where in a file a piece of its text stands: marks that the reader of the file sets and the checks read.

A mark is a control character, words and the same character again; no file's text can hold one, since XML forbids them and
readers drop them. `unmarked` gives back the bare text, so that what is found in it does not depend on the marks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

_PART, _SPOT = "\x1e", "\x1f"
_MARK = re.compile(f"{_PART}([^{_PART}]*){_PART}|{_SPOT}([^{_SPOT}]*){_SPOT}")
_LOOSE = re.compile(f"[{_PART}{_SPOT}]")


def part(name: str) -> str:
    """From here on: this sheet or page."""
    return f"{_PART}{bare(name)}{_PART}"


def spot(name: str) -> str:
    """From here on: this cell of the sheet."""
    return f"{_SPOT}{bare(name)}{_SPOT}"


def bare(text: str) -> str:
    """`text` without what would be taken for a mark."""
    return _LOOSE.sub("", text)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A text without its marks, and from which offset on which place holds."""

    text: str
    starts: tuple[int, ...]
    names: tuple[str, ...]

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
    length = last = 0
    sheet = ""
    for mark in _MARK.finditer(text):
        pieces.append(text[last : mark.start()])
        length += mark.start() - last
        last = mark.end()
        if mark.group(1) is not None:
            sheet = mark.group(1)
        starts.append(length)
        names.append(sheet if mark.group(1) is not None else sheet + (mark.group(2) or ""))
    pieces.append(text[last:])
    return Placed(text="".join(pieces), starts=tuple(starts), names=tuple(names))
