"""Superscripts and subscripts in a line of plain text: 10⁴, H₂O, or ^(…) and _(…) where Unicode has no sign. Pure."""

from __future__ import annotations

import re

_UP = str.maketrans("0123456789+-−=()（）ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾⁽⁾ⁿⁱ")
_DOWN = str.maketrans("0123456789+-−=()（）", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎₍₎")
_HAS_UP, _HAS_DOWN = re.compile(r"[0-9+\-−=()（）ni]+"), re.compile(r"[0-9+\-−=()（）]+")
# What is read rightly as it stands: [1], ①, *, ®, the "th" of an ordinal.
_PLAIN = re.compile(r"[^0-9A-Za-z\u4e00-\u9fff+\-−=(（].*|st|nd|rd|th", re.DOTALL)
# Names that everybody writes on the line.
_NAMES = frozenset({"PM2.5"})


def in_a_line(words: str, before: str, *, raised: bool) -> str:
    """`words` (of <sup> when `raised`, else of <sub>) as plain text behind `before`; unchanged when that misleads nobody."""
    bare = words.strip()
    if not bare or _PLAIN.fullmatch(bare) or f"{before[-2:]}{bare}" in _NAMES:
        return words
    if (_HAS_UP if raised else _HAS_DOWN).fullmatch(bare):
        return bare.translate(_UP if raised else _DOWN)
    return f"{'^' if raised else '_'}({bare})"


def note(written: tuple[str, ...], text: str, place: str) -> str:
    """What to say when any of these stands in `text`, "" otherwise."""
    if not any(one in text for one in written):
        return ""
    return f"{place}没有上标和下标的格式，已改为相应的符号（如 10⁴、H₂O）；没有这种符号的写作 ^(…)、_(…)。"
