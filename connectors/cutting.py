"""Where a Chinese text may be cut without hurting it: sentences, clauses, and between words as a last resort. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

from connectors.text import URL

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


def clip(text: str, fits: Callable[[str], bool], *, mark: str = "…") -> str:
    """As cut(); where nothing ends in time, up to between two words, with `mark`. "" only when `mark` alone is too much.

    A pair of brackets is broken only when it is longer than what fits; numbers keep their units, links are kept whole.
    """
    return (
        cut(text, fits, mark=mark)
        or _clipped(text, fits, mark, _inside(text))
        or _clipped(text, fits, mark, _inside(text, pairs=False))
    )


def sentences(text: str) -> list[str]:
    """The sentences of `text`, whole and in order, without the blanks between them; a line's end ends one, too."""
    found: list[str] = []
    for line in text.split("\n"):
        start = 0
        for at in (*_boundaries(line, SENTENCE_ENDS), len(line)):
            if piece := line[start:at].strip():
                found.append(piece)
            start = at
    return found


def ends_a_sentence(text: str) -> bool:
    """Whether `text` comes to an end of its own; a heading, a signature and "如下：" do not."""
    bare = text.rstrip("".join(_CLOSERS))
    return bare.endswith(tuple(SENTENCE_ENDS)) or (bare.endswith(".") and not bare[-2:-1].isdigit())


def _clipped(text: str, fits: Callable[[str], bool], mark: str, closed: list[bool]) -> str:
    best = ""
    for at in range(1, len(text)):
        head = text[:at].rstrip() + mark
        if not fits(head):
            break
        if not closed[at] and _between(text[at - 1], text[at]):
            best = head
    return best


def _between(before: str, after: str) -> bool:
    """Whether a word, number or grapheme ends between two characters; what belongs to the next word begins it."""
    if (
        _joins(after)
        or before == "\u200d"
        or before in _PAIRS
        or after in _CLOSERS
        or after in SENTENCE_ENDS + CLAUSE_ENDS
    ):
        return False
    if all("\U0001f1e6" <= char <= "\U0001f1ff" for char in (before, after)):
        return False
    if before.isspace() or after.isspace():
        return True
    if before.isdigit() or (before in "万亿" and after.isalpha()):
        return False
    return not (_latin(before) and _latin(after)) and not (before.isalpha() and after.isdigit())


def _latin(char: str) -> bool:
    """A character that makes words with its neighbours, or stands within numbers and names (46.8, v1.2, 0599-1234)."""
    return (char.isalnum() and (char < "\u2e80" or "\uff10" <= char <= "\uff5a")) or char in "._-@/%:+&=#~"


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
    # Of the character before the closing signs that stand before `at`.
    last = 0
    for at in range(1, len(text)):
        if text[at - 1] not in _CLOSERS:
            last = at - 1
        if closed[at] or _joins(text[at]):
            continue
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


def _inside(text: str, *, pairs: bool = True) -> list[bool]:
    """For each position whether a cut there would break a link or (`pairs`) a matched pair of brackets or quotes."""
    depth = [0] * (len(text) + 2)
    spans = [(m.start(), m.end()) for m in URL.finditer(text)]
    if pairs:
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
    # How many of the stack wait for each sign: looking through it for every sign would take time squared.
    waiting: Counter[str] = Counter()
    straight: dict[str, int] = {}
    for at, char in enumerate(text):
        if char in _PAIRS:
            stack.append((_PAIRS[char], at))
            waiting[_PAIRS[char]] += 1
        elif char in "\"'" and not _apostrophe(text, at):
            if char in straight:
                yield straight.pop(char), at + 1
            else:
                straight[char] = at
        elif waiting[char] > 0:
            while stack:
                closer, start = stack.pop()
                waiting[closer] -= 1
                if closer == char:
                    yield start, at + 1
                    break


def _apostrophe(text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    return before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
