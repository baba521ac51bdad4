"""Which CSS properties speak of the same thing: margin of margin-top, border-width of border-left."""

from __future__ import annotations

from functools import cache
from itertools import product

_SIDES = ("top", "right", "bottom", "left")
_LINES = ("width", "style", "color")
# A shorthand, and what it sets (CSS Backgrounds and Borders 3, CSS Fonts 4, CSS Text Decoration 3, CSS Lists 3).
_PARTS = {
    "margin": [f"margin-{side}" for side in _SIDES],
    "padding": [f"padding-{side}" for side in _SIDES],
    "border": [f"border-{side}-{line}" for side, line in product(_SIDES, _LINES)],
    **{f"border-{side}": [f"border-{side}-{line}" for line in _LINES] for side in _SIDES},
    **{f"border-{line}": [f"border-{side}-{line}" for side in _SIDES] for line in _LINES},
    "border-radius": [f"border-{y}-{x}-radius" for y, x in product(("top", "bottom"), ("left", "right"))],
    "background": [
        f"background-{part}"
        for part in ("color", "image", "repeat", "position", "size", "attachment", "origin", "clip")
    ],
    "font": [*(f"font-{part}" for part in ("size", "style", "weight", "family", "variant", "stretch")), "line-height"],
    "list-style": [f"list-style-{part}" for part in ("type", "position", "image")],
    "text-decoration": [f"text-decoration-{part}" for part in ("line", "style", "color", "thickness")],
    "overflow": ["overflow-x", "overflow-y"],
    # Another name of one thing; the last three are attributes of old.
    "word-wrap": ["overflow-wrap"],
    "bgcolor": ["background-color"],
    "align": ["text-align"],
    "size": ["font-size"],
}


def says_the_same(one: str, other: str) -> bool:
    """Whether two properties set a thing in common."""
    return not _sets(one).isdisjoint(_sets(other))


@cache
def _sets(name: str) -> frozenset[str]:
    return frozenset(_PARTS.get(name, [name]))
