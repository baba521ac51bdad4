"""Two texts as pieces that people can read: what stayed, what was taken out, what was put in. Pure.

Chinese has no blanks between words: a character is the smallest piece there, a run of Latin letters or a number with its
point, colon or percent sign is one. A single piece that stayed between two changes is read as part of the change, and a
sentence of which hardly anything stayed is shown as taken out and put in as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "del", "ins"]

_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[.,:%/_-][A-Za-z0-9]+)*%?|\s+|.", re.DOTALL)
_SENTENCE = re.compile(r"[^。！？；!?;\n]*[。！？；!?;\n]+[”’」』）)]*|[^。！？；!?;\n]+$")
# Longer texts are compared sentence by sentence, which takes time in proportion.
_LONG = 4000
_ALIKE = 0.4
# Steps of one comparison: some seconds at worst. Ten times what two versions of a long article take.
_MOST_STEPS = 4_000_000

Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Piece:
    kind: Kind
    text: str


class Effort:
    """How many steps a comparison may still take. Whatever is too much is shown as taken out and put in as a whole."""

    def __init__(self, left: int = _MOST_STEPS) -> None:
        self.left = left

    def spend(self, old: Sequence[Hashable], new: Sequence[Hashable]) -> bool:
        """Whether these may be compared; their steps are taken off then.

        A step is a pair of equal items, wherever they stand: that many SequenceMatcher looks at.
        """
        after = Counter(new)
        steps = sum(count * after[item] for item, count in Counter(old).items())
        if steps > self.left:
            return False
        self.left -= steps
        return True


def compare_texts(old: str, new: str, effort: Effort | None = None) -> tuple[Piece, ...]:
    """Pieces in reading order; what was taken out stands before what was put in its place."""
    effort = effort or Effort()
    if old == new:
        return (Piece(kind="same", text=old),) if old else ()
    if not old or not new:
        return _merged(_change(old, new))
    if max(len(old), len(new)) > _LONG:
        return _merged(_by_sentence(old, new, effort))
    return _merged(_by_token(old, new, effort))


def likeness(old: str, new: str, effort: Effort | None = None) -> float:
    """0 to 1: how much of two texts is the same; 0 also when finding out is too much."""
    if old == new:
        return 1.0
    old, new = old[:_LONG], new[:_LONG]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.quick_ratio() < _ALIKE or not (effort or Effort()).spend(old, new):
        return 0.0
    return matcher.ratio()


def opcodes(old: Sequence[Hashable], new: Sequence[Hashable], effort: Effort) -> list[Opcode]:
    """As of SequenceMatcher, what both begin and end with set apart first, since it is most of a text that was edited."""
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != new[-1 - at]), most - head)
    i, j = len(old) - tail, len(new) - tail
    before, after = old[head:i], new[head:j]
    found: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    if before and after and effort.spend(before, after):
        inner = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        found += [(tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in inner]
    elif before or after:
        found.append(("replace" if before and after else "delete" if before else "insert", head, i, head, j))
    return found + ([("equal", i, len(old), j, len(new))] if tail else [])


def _by_sentence(old: str, new: str, effort: Effort) -> Iterator[Piece]:
    before, after = _SENTENCE.findall(old), _SENTENCE.findall(new)
    for tag, i1, i2, j1, j2 in opcodes(before, after, effort):
        gone, come = "".join(before[i1:i2]), "".join(after[j1:j2])
        if tag == "equal":
            yield Piece(kind="same", text=gone)
        elif gone and come and max(len(gone), len(come)) <= _LONG and likeness(gone, come, effort) >= _ALIKE:
            yield from _by_token(gone, come, effort)
        else:
            yield from _change(gone, come)


def _by_token(old: str, new: str, effort: Effort) -> Iterator[Piece]:
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    found = opcodes(before, after, effort)
    for at, (tag, i1, i2, j1, j2) in enumerate(found):
        gone, come = "".join(before[i1:i2]), "".join(after[j1:j2])
        if tag != "equal" or (i2 - i1 == 1 and 0 < at < len(found) - 1 and gone.isalnum()):
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
