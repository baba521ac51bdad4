"""Trying the checks on a pasted text: what they find, and the text in pieces with the places marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.checks.packs import words_for
from app.checks.services import check
from app.checks.sourcing import reposts
from app.errors import Invalid
from app.units.access import Actor, unit_for
from connectors.values import Problem

MOST = 50_000


@dataclass(frozen=True, kw_only=True)
class Piece:
    """`number` counts the marked places from 1; 0: nothing was found here."""

    text: str
    number: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Tried:
    problems: list[Problem]
    pieces: list[Piece]


def try_out(actor: Actor, unit_id: str, text: str) -> Tried:
    """The checks of a post's body on `text`, with the packs of the unit. Nothing is kept. Raises Invalid, NotFound."""
    unit = unit_for(actor, "post.read", unit_id, see="post.read")
    text = text.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        raise Invalid("没有检查。还没有文字。请粘贴一段文字。", errors={"text": ["请粘贴要检查的文字。"]})
    if len(text) > MOST:
        raise Invalid(f"没有检查。文字太长，最多 {MOST:,} 字。请分段检查。", errors={"text": [f"最多 {MOST:,} 字。"]})
    problems = check(text, "body", words_for(unit.id)) + reposts(text, "")
    ordered = sorted(problems, key=lambda problem: (problem.start is None, problem.start or 0, -(problem.end or 0)))
    return Tried(problems=ordered, pieces=marked(text, ordered))


def marked(text: str, problems: Sequence[Problem]) -> list[Piece]:
    """`text` cut at the places of `problems` (in order); of overlapping places the first is marked."""
    pieces: list[Piece] = []
    at = 0
    for number, problem in enumerate(problems, 1):
        if problem.start is None or problem.end is None or problem.start < at:
            continue
        pieces.append(Piece(text=text[at : problem.start]))
        pieces.append(Piece(text=text[problem.start : problem.end], number=number, problem=problem))
        at = problem.end
    pieces.append(Piece(text=text[at:]))
    return [piece for piece in pieces if piece.text]
