"""Terms in a text: where, and what may stand there instead. Pure; Aho-Corasick, so that 100,000 terms cost as much as ten.

A term inside a longer word that its exceptions allow is none. Where places overlap, what blocks counts, then the longer
one, then the graver one. Offsets count characters (code points).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from ahocorasick_rs import BytesAhoCorasick, Implementation

Severity = Literal["block", "warn", "advise"]
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
GRAVITY: dict[str, int] = {"block": 0, "warn": 1, "advise": 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """`right` is what may stand in the place of `wrong` ("": nothing proposed); each exception contains `wrong`."""

    wrong: str
    right: str = ""
    severity: Severity = "warn"
    reason: str = ""
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    start: int
    end: int
    term: Term


class Matcher:
    """The terms of one version of a pack, ready to be looked for. Safe to use from many threads."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms = list({term.wrong: term for term in terms}.values())
        # {term: (longer word, where the term stands in it) of every word that allows it}
        self._allowing = {
            index: tuple(places)
            for index, term in enumerate(self._terms)
            if (places := [(word, at) for word in _longer_words(term) for at in _everywhere(term.wrong, word)])
        }
        patterns = [_coded(term.wrong) for term in self._terms]
        self._automaton = BytesAhoCorasick(patterns, implementation=Implementation.ContiguousNFA) if patterns else None

    def __len__(self) -> int:
        return len(self._terms)

    def find(self, text: str) -> list[Found]:
        """Every place, in order, none overlapping another."""
        if self._automaton is None or not text:
            return []
        coded = _coded(text)
        # Where characters of two units begin, counted in units.
        pairs = [at + before for before, at in enumerate(_pairs(text))] if len(coded) > 2 * len(text) else []
        found = []
        for index, begin, _end in self._automaton.find_matches_as_indexes(coded, overlapping=True):
            # The second half of one character and the first of the next are none.
            if begin % 2:
                continue
            term, start = self._terms[index], begin // 2 - (bisect_left(pairs, begin // 2) if pairs else 0)
            # Few terms have exceptions, and fewer stand anywhere: those are looked at where they stand.
            if index not in self._allowing or not _inside(text, start, self._allowing[index]):
                found.append(Found(start=start, end=start + len(term.wrong), term=term))
        return apart(found)


class Spans:
    """Stretches of a text, which may overlap, asked often whether one of them holds another."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _end in ordered]
        # How far those reach that begin at this one's start or before.
        self._reach = list(accumulate((end for _start, end in ordered), max))

    def hold(self, start: int, end: int) -> bool:
        before = bisect_right(self._starts, start)
        return before > 0 and end <= self._reach[before - 1]


def find_all(matchers: Iterable[Matcher], text: str) -> list[Found]:
    """The places of several packs in one text; of the same term in two packs the earlier pack's counts."""
    return apart([found for matcher in matchers for found in matcher.find(text)])


def _coded(text: str) -> bytes:
    """UTF-16: two steps of the automaton for nearly every character, where UTF-8 takes three for a Chinese one."""
    return text.encode("utf-16-le", "surrogatepass")


def _pairs(text: str) -> Iterator[int]:
    """Where in `text` characters stand that take two units of UTF-16."""
    return (one.start() for one in _BEYOND.finditer(text))


def _longer_words(term: Term) -> set[str]:
    """Where the correction holds the error ("以及" for "及"), corrected text must not be found again."""
    return {word for word in (*term.exceptions, term.right) if term.wrong in word and word != term.wrong}


def _everywhere(part: str, word: str) -> list[int]:
    """Where `part` begins in `word`, overlapping places too."""
    return [at for at in range(len(word)) if word.startswith(part, at)]


def _inside(text: str, start: int, words: Iterable[tuple[str, int]]) -> bool:
    """Whether one of the (word, offset) stands so that `start` is at its offset."""
    return any(at <= start and text.startswith(word, start - at) for word, at in words)


def apart(found: Sequence[Found]) -> list[Found]:
    """Of overlapping places what blocks, whatever else is longer; then the longest, of equally long ones the gravest.
    In the order of the text."""
    severe = _longest([one for one in found if one.term.severity == "block"])
    # They are apart and in order: only the first that ends behind a place's start can touch it.
    ends = [bad.end for bad in severe]

    def touched(one: Found) -> bool:
        first = bisect_right(ends, one.start)
        return first < len(severe) and severe[first].start < one.end

    others = [one for one in found if one.term.severity != "block" and not touched(one)]
    return sorted([*severe, *_longest(others)], key=lambda one: one.start) if severe else _longest(others)


def _longest(found: Sequence[Found]) -> list[Found]:
    taken: list[Found] = []
    last = 0
    for one in sorted(found, key=lambda one: (one.start, -one.end, GRAVITY[one.term.severity])):
        if taken and one.start < last:
            before = taken[-1]
            longer = one.end - one.start > before.end - before.start
            if not longer:
                continue
            taken.pop()
        taken.append(one)
        last = one.end
    return taken
