"""The place of a text where what was looked for stands, for lists of results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.search.tokens import BREAK, Query, composed, places_of


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a text; `hit`: it is what was looked for."""

    text: str
    hit: bool = False


def snippet(text: str, query: Query, *, length: int = 90, before: int = 24) -> list[Piece]:
    """About `length` characters around the first hit, in pieces; from the beginning where there is none."""
    text = composed(text)
    marked = _marked(text, query)
    first = min(marked, default=0)
    start = 0 if first <= before else first - before
    end = min(len(text), start + length)
    pieces = list(_pieces(text, start, end, marked))
    lead, trail = "…" if start else "", "…" if end < len(text) else ""
    return [piece for piece in (Piece(text=lead), *pieces, Piece(text=trail)) if piece.text]


def _pieces(text: str, start: int, end: int, marked: set[int]) -> Iterator[Piece]:
    while start < end:
        hit, stop = start in marked, start
        while stop < end and (stop in marked) is hit:
            stop += 1
        yield Piece(text=text[start:stop], hit=hit)
        start = stop


def _marked(text: str, query: Query) -> set[int]:
    """The places of the characters that belong to a hit."""
    found = places_of(text)
    folded = "".join(token for token, _place in found)
    marked: set[int] = set()
    for phrase in query.phrases:
        needle = "".join(phrase)
        at = folded.find(needle)
        while at >= 0:
            marked |= {place for token, place in found[at : at + len(needle)] if token != BREAK}
            at = folded.find(needle, at + 1)
    return marked
