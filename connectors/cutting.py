"""Where a Chinese text may be cut without hurting it: sentences, clauses, and between words as a last resort. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from connectors import hearsay, wholes

SENTENCE_ENDS = "。！？!?…"
CLAUSE_ENDS = "，；,;"
MARKS = SENTENCE_ENDS + CLAUSE_ENDS
_PAIRS = {
    "（": "）",
    "(": ")",
    "【": "】",
    "《": "》",
    "〈": "〉",
    "「": "」",
    "『": "』",
    "[": "]",
    "〔": "〕",
    "［": "］",
    "〖": "〗",
    "｛": "｝",
    "{": "}",
    "“": "”",
    "‘": "’",
}
_CLOSERS = frozenset(_PAIRS.values()) | {'"', "'"}
_SIGNS = re.compile("[" + re.escape("".join([*_PAIRS, *sorted(_CLOSERS)])) + "\n]")
_ENDINGS = {
    ends: re.compile(f"[{re.escape(ends)}{'.' if '。' in ends else ''}]") for ends in (SENTENCE_ENDS, CLAUSE_ENDS, "\n")
}
# The bracket of "1）" and "a)" at the head of a line closes nothing.
_NUMBERED = re.compile(r"(?m)^\s*[0-9A-Za-z一二三四五六七八九十]{1,3}([)）])")
# "1. " is the number of an item, "No. 5" no end of anything.
_NO_END = re.compile(r"(?:(?:^|[\n。！？!?；;：:.])[ \u3000]*\d{1,3}|\b(?:No|Nos|Mr|Mrs|Ms|Dr|St|vs|Vol|Fig|pp?))$")
# What an item of a list begins with, not the first: before that, nothing of the list is told.
_ITEM = re.compile(
    r"\s*(?![（(]?[一1][)）、.．]|①)(?:[（(][一二三四五六七八九十\d]{1,3}[)）]|[一二三四五六七八九十]{1,3}、|[二三四五六七八九十]{1,3}是|其[二三四五六七八九]"
    r"|\d{1,2}[.．、)）](?!\d)|[①-⑳•·●■▪◆○※])"
)
# Words that take back what the sentence has said before them: 网传明天停水，经核实不属实.
_TAKEN_BACK = re.compile(r"不实|不属实|失实|谣言|虚假|误传|误解|并非|纯属|假的|假消息|不存在|无此|没有此")


def cut(text: str, fits: Callable[[str], bool], *, mark: str = "…") -> str:
    """The longest beginning of `text` for which fits() holds, ending where a sentence ends, else a clause.

    Never ends inside a bracket or quotation pair, a link, a number, a word or a grapheme, nor before the words that take
    back what was said. After a clause, and where the next item of a list stays behind, `mark` stands for what is missing
    (fits() sees it). "" when not even the first clause
    fits. Whole when it fits.
    """
    if fits(text):
        return text
    sentence = _longest(text, fits, SENTENCE_ENDS, "", mark)
    clause = _longest(text, fits, CLAUSE_ENDS, mark)
    # A first sentence of three words should not stand for a text of which a hundred would fit.
    if sentence and len(sentence) * 3 >= len(clause):
        return sentence
    # Lines without any punctuation are often headings: only when there is nothing better.
    return clause or sentence or _longest(text, fits, "\n", mark)


def clip(text: str, fits: Callable[[str], bool], *, mark: str = "…") -> str:
    """As cut(); where nothing ends in time, up to between two words, with `mark`. "" only when `mark` alone is too much.

    A pair of brackets longer than what fits is closed behind `mark`; numbers keep their units, links are kept whole.
    """
    return (
        cut(text, fits, mark=mark)
        or _clipped(text, fits, mark, _inside(text), _taken_back(text))
        or _clipped(text, fits, mark, _inside(text, pairs=False), _taken_back(text))
        or _clipped(text, fits, mark, _inside(text, pairs=False), ())
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


def unpaired(texts: Sequence[str]) -> tuple[list[tuple[int, int]], set[int]]:
    """Of texts that stand one below the other: (first, last) of those that a pair of brackets or quotes holds together, and
    those with an opener that nothing closes."""
    ends: list[int] = []
    for one in texts:
        ends.append((ends[-1] if ends else 0) + len(one) + 1)
    whole = "\n".join(texts)
    closed = list(_matched(whole))
    starts = {start for start, _end in closed}
    opened = (at for at, char in enumerate(whole) if char in _PAIRS and at not in starts)
    held = sorted({(bisect_right(ends, start), bisect_right(ends, end - 1)) for start, end in closed})
    return [(first, last) for first, last in held if first != last], {bisect_right(ends, at) for at in opened}


def ends_a_sentence(text: str) -> bool:
    """Whether `text` comes to an end of its own; a heading, a signature and "如下：" do not."""
    bare = text.rstrip("".join(_CLOSERS))
    return bare.endswith(tuple(SENTENCE_ENDS)) or (bare.endswith(".") and not bare[-2:-1].isdigit())


def _clipped(
    text: str, fits: Callable[[str], bool], mark: str, closed: list[bool], back: Sequence[tuple[int, int]]
) -> str:
    best = ""
    opened = sorted(_matched(text))
    for at in range(1, len(text)):
        head = text[:at].rstrip() + mark
        if not fits(head):
            break
        if closed[at] or not _between(text, at) or _takes_back(back, at) or _dangles(text[:at]):
            continue
        # Only where no pair could be kept whole does one stand open here.
        head += "".join(text[end - 1] for start, end in reversed(opened) if start < at < end)
        if fits(head):
            best = head
    return best


def _between(text: str, at: int) -> bool:
    """Whether a word or grapheme ends before `at`; what belongs to the next word begins it."""
    before, after = text[at - 1], text[at]
    if (
        wholes.joins(after)
        or before in "\u200d·"
        or before in _PAIRS
        or after in _CLOSERS
        or after in SENTENCE_ENDS + CLAUSE_ENDS + "、"
    ):
        return False
    if before.isspace() or after.isspace():
        return True
    if before.isdecimal() or (before in "万亿" and after.isalpha()):
        return False
    return not (_latin(before) and _latin(after)) and not (before.isalpha() and after.isdecimal())


def _dangles(head: str) -> bool:
    """Whether what would stay tells of something that does not follow: "请勿："."""
    return head.rstrip().endswith(("：", ":"))


def _latin(char: str) -> bool:
    """A character that makes words with its neighbours, or stands within numbers and names (46.8, v1.2, 0599-1234)."""
    if "\u2460" <= char <= "\u24ff":
        # ① stands for itself.
        return False
    return (
        (char.isalnum() or wholes.joins(char)) and (char < "\u2e80" or "\uff10" <= char <= "\uff5a")
    ) or char in "._-@/%:+&=#~"


def _longest(text: str, fits: Callable[[str], bool], ends: str, mark: str, listed: str = "") -> str:
    """`listed`: the mark for a list that goes on behind the cut."""
    best = ""
    back = _taken_back(text)
    for at in _boundaries(text, ends):
        head = text[:at].rstrip()
        if _dangles(head) or _takes_back(back, at):
            continue
        if mark:
            head = head.rstrip(CLAUSE_ENDS) + mark
        elif listed and _ITEM.match(text, at):
            head = head.rstrip("。.") + listed
        if not fits(head):
            break
        best = head
    return best


def _boundaries(text: str, ends: str) -> Iterator[int]:
    """Positions after which `text` may be cut, rising."""
    found = [end.start() for end in _ENDINGS[ends].finditer(text) if _ends(text, end.start(), ends)]
    closed = _inside(text) if found else []
    for end in found:
        at = end + 1
        while at < len(text):
            if not closed[at] and text[at] not in MARKS and not wholes.joins(text[at]):
                yield at
            # Closing signs belong to what they close.
            if text[at] not in _CLOSERS:
                break
            at += 1


def _ends(text: str, at: int, ends: str) -> bool:
    char = text[at]
    after = text[at + 1 : at + 2]
    if char == "." and "。" in ends:
        # A full stop in place of 。 ends a sentence; one in 46.8, v1.2 or a domain does not.
        word_before = at > 0 and text[at - 1].isascii() and text[at - 1].isalnum()
        if word_before and after.isspace() and _NO_END.search(text, max(0, at - 8), at):
            return False
        return not word_before or not after or after.isspace()
    if char in ",;!?" and char in ends:
        # Within what is written without blanks: 1,234, info!show, id=3;lang.
        return not (at > 0 and _plain(text[at - 1]) and _plain(after))
    return char in ends


def _plain(char: str) -> bool:
    return char.isascii() and char.isalnum()


@lru_cache(maxsize=8)
def _taken_back(text: str) -> tuple[tuple[int, int], ...]:
    """(where what is taken back begins, where the words stand that do so) of each, rising."""
    ends = [0, *sorted({*_boundaries(text, SENTENCE_ENDS), *(found.end() for found in re.finditer("\n", text))})]
    found = [(ends[bisect_right(ends, one.start()) - 1], one.start()) for one in _TAKEN_BACK.finditer(text)]
    ends.append(len(text))
    for first, last in hearsay.groups([text[start:end].strip() for start, end in pairwise(ends)]):
        # Words within the last sentence take back from where it all began.
        start, end = ends[first], ends[last + 1]
        found = [one for one in found if not start <= one[1] < end]
        found.append((start, end - 1))
    return tuple(sorted(found, key=lambda one: one[1]))


def _takes_back(back: Sequence[tuple[int, int]], at: int) -> bool:
    """Whether the sentence that a cut at `at` would end is taken back behind it."""
    following = bisect_left(back, at, key=lambda one: one[1])
    return following < len(back) and back[following][0] < at


def _inside(text: str, *, pairs: bool = True) -> list[bool]:
    """For each position whether a cut there would break a whole (connectors.wholes) or, with `pairs`, a matched pair of brackets or quotes."""
    depth = [0] * (len(text) + 2)
    spans = list(wholes.spans(text))
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
    numbered = {found.start(1) for found in _NUMBERED.finditer(text)}
    for sign in _SIGNS.finditer(text):
        at, char = sign.start(), sign.group()
        if char in _PAIRS:
            stack.append((_PAIRS[char], at))
            waiting[_PAIRS[char]] += 1
        elif char in "\"'" and not _apostrophe(text, at):
            if char in straight:
                yield straight.pop(char), at + 1
            else:
                straight[char] = at
        elif char == "\n":
            # An inch mark on one line has nothing to do with one on another.
            straight.clear()
        elif waiting[char] > 0 and at not in numbered:
            while stack:
                closer, start = stack.pop()
                waiting[closer] -= 1
                if closer == char:
                    yield start, at + 1
                    break


def _apostrophe(text: str, at: int) -> bool:
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    return before.isascii() and before.isalnum() and after.isascii() and after.isalnum()
