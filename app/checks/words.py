"""Terms in a text: where, and what may stand there instead. Pure; Aho-Corasick, so that 100,000 terms cost as much as ten.

A term inside a longer word that its exceptions allow is none. Where places overlap, what blocks counts, then the longer
one, then the graver one. Offsets count characters (code points).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from ahocorasick_rs import AhoCorasick

Severity = Literal["block", "warn", "advise"]
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
        patterns = [term.wrong for term in self._terms]
        known = {word: index for index, word in enumerate(patterns)}
        # {pattern: the terms that are none inside it}
        self._allowing: dict[int, list[int]] = {}
        for index, term in enumerate(self._terms):
            for word in _longer_words(term):
                pattern = known.setdefault(word, len(patterns))
                if pattern == len(patterns):
                    patterns.append(word)
                self._allowing.setdefault(pattern, []).append(index)
        self._automaton = AhoCorasick(patterns, store_patterns=False) if patterns else None

    def __len__(self) -> int:
        return len(self._terms)

    def find(self, text: str) -> list[Found]:
        """Every place, in order, none overlapping another."""
        if self._automaton is None or not text:
            return []
        allowed: dict[int, list[tuple[int, int]]] = {}
        places: list[tuple[int, int, int]] = []
        for pattern, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if pattern < len(self._terms):
                places.append((start, end, pattern))
            for index in self._allowing.get(pattern, ()):
                allowed.setdefault(index, []).append((start, end))
        longer = {index: Spans(spans) for index, spans in allowed.items()}
        standing = [
            Found(start=start, end=end, term=self._terms[index])
            for start, end, index in places
            if index not in longer or not longer[index].hold(start, end)
        ]
        return apart(standing)


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


def _longer_words(term: Term) -> set[str]:
    """Where the correction holds the error ("以及" for "及"), corrected text must not be found again."""
    return {word for word in (*term.exceptions, term.right) if term.wrong in word and word != term.wrong}


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
