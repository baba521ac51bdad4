"""Three states of a body: what they and I made of their common ancestor, block by block, with a proposal for each. Pure.

Both are laid beside the ancestor, not beside each other: a block that resembles its neighbour would else be taken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.posts.comparing import Block, Part, compare_bodies, compare_parts, pair, parts_of
from app.posts.wording import Effort

Choice = Literal["mine", "theirs", "both"]


@dataclass(frozen=True, kw_only=True)
class _Laid:
    """A text beside its ancestor: for each block of that the block that became of it (None: none), and before each, and at
    the end, the blocks that are new."""

    kept: list[Part | None] = field(default_factory=list)
    new: list[list[Part]] = field(default_factory=list)


def merged(theirs: str, mine: str, base: str | None) -> list[tuple[Block, Choice]]:
    """Every block in reading order, from theirs to mine; "both" where both changed it. Without an ancestor nobody knows who
    did: each difference is both's, but for mere looks."""
    if base is None:
        return [(block, _guess(block)) for block in compare_bodies(theirs, mine)]
    effort = Effort()
    ancestor = parts_of(base)
    others, ours = (_laid(ancestor, parts_of(text), effort) for text in (theirs, mine))
    found = _came(others.new[0], ours.new[0], effort)
    for number, before in enumerate(ancestor):
        found += _became(before, others.kept[number], ours.kept[number], effort)
        found += _came(others.new[number + 1], ours.new[number + 1], effort)
    return found


def _guess(block: Block) -> Choice:
    return "theirs" if block.kind == "same" else "mine" if block.kind == "look" else "both"


def _laid(ancestor: Sequence[Part], after: Sequence[Part], effort: Effort) -> _Laid:
    laid = _Laid(new=[[]])
    for before, now in compare_parts(ancestor, after, effort):
        if before is None:
            if now is not None:
                laid.new[-1].append(now)
            continue
        laid.kept.append(now)
        laid.new.append([])
    return laid


def _became(before: Part, theirs: Part | None, mine: Part | None, effort: Effort) -> list[tuple[Block, Choice]]:
    if theirs is None and mine is None:
        return []
    block = pair(theirs, mine, effort)
    if block.kind == "same":
        return [(block, "theirs")]
    # Whoever has it as it was did nothing to it; a block that is gone was changed by who took it out.
    if mine is not None and mine.html == before.html:
        return [(block, "theirs")]
    if theirs is not None and theirs.html == before.html:
        return [(block, "mine")]
    return [(block, "mine" if block.kind == "look" else "both")]


def _came(theirs: Sequence[Part], mine: Sequence[Part], effort: Effort) -> list[tuple[Block, Choice]]:
    """What is new from either at one place: theirs before mine, the same once."""
    found: list[tuple[Block, Choice]] = []
    waiting: list[tuple[Block, Choice]] = []
    for other, own in compare_parts(theirs, mine, effort):
        block = pair(other, own, effort)
        if own is None:
            found.append((block, "theirs"))
        elif other is None:
            waiting.append((block, "mine"))
        else:
            choice: Choice = "theirs" if block.kind == "same" else "mine" if block.kind == "look" else "both"
            found += [*waiting, (block, choice)]
            waiting = []
    return found + waiting
