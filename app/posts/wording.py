"""Two texts as pieces that people can read: what stayed, what was taken out, what was put in. Pure.

Chinese has no blanks between words: a character is the smallest piece there, a run of Latin letters or a number with its
point, colon or percent sign is one. A single piece that stayed between two changes is read as part of the change, and a
sentence of which hardly anything stayed is shown as taken out and put in as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "del", "ins"]

_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[.,:%/_-][A-Za-z0-9]+)*%?|\s+|.", re.DOTALL)
_SENTENCE = re.compile(r"[^。！？；!?;\n]*[。！？；!?;\n]+[”’」』）)]*|[^。！？；!?;\n]+$")
# Longer texts are compared sentence by sentence, which takes time in proportion.
_LONG = 4000
_ALIKE = 0.4


@dataclass(frozen=True, kw_only=True)
class Piece:
    kind: Kind
    text: str


def compare_texts(old: str, new: str) -> tuple[Piece, ...]:
    """Pieces in reading order; what was taken out stands before what was put in its place."""
    if old == new:
        return (Piece(kind="same", text=old),) if old else ()
    if not old or not new:
        return _merged(_change(old, new))
    if max(len(old), len(new)) > _LONG:
        return _merged(_by_sentence(old, new))
    return _merged(_by_token(old, new))


def likeness(old: str, new: str) -> float:
    """0 to 1: how much of two texts is the same."""
    if old == new:
        return 1.0
    matcher = SequenceMatcher(None, old[:_LONG], new[:_LONG], autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0


def _by_sentence(old: str, new: str) -> Iterator[Piece]:
    before, after = _SENTENCE.findall(old), _SENTENCE.findall(new)
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = "".join(before[i1:i2]), "".join(after[j1:j2])
        if tag == "equal":
            yield Piece(kind="same", text=gone)
        elif gone and come and max(len(gone), len(come)) <= _LONG and likeness(gone, come) >= _ALIKE:
            yield from _by_token(gone, come)
        else:
            yield from _change(gone, come)


def _by_token(old: str, new: str) -> Iterator[Piece]:
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    opcodes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for at, (tag, i1, i2, j1, j2) in enumerate(opcodes):
        gone, come = "".join(before[i1:i2]), "".join(after[j1:j2])
        if tag != "equal" or (i2 - i1 == 1 and 0 < at < len(opcodes) - 1 and gone.isalnum()):
            yield from _change(gone, come)
        else:
            yield Piece(kind="same", text=gone)


def _change(gone: str, come: str) -> Iterator[Piece]:
    if gone:
        yield Piece(kind="del", text=gone)
    if come:
        yield Piece(kind="ins", text=come)


def _merged(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Between two stretches that stayed, one piece taken out and one put in at most."""
    merged: list[Piece] = []
    gone = come = ""
    for piece in pieces:
        if piece.kind == "del":
            gone += piece.text
        elif piece.kind == "ins":
            come += piece.text
        else:
            merged += _change(gone, come)
            gone = come = ""
            if merged and merged[-1].kind == "same":
                merged[-1] = Piece(kind="same", text=merged[-1].text + piece.text)
            else:
                merged.append(piece)
    merged += _change(gone, come)
    return tuple(merged)
