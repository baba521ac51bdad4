"""The numbers that Word counts by itself (numbering.xml), as its reader sees them before each paragraph."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from lxml import etree

from app.posts.counting import FORMATS
from app.posts.wordlists import is_bullet, plain

_LEVELS = 9
_OFF = frozenset({"0", "false", "off"})
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True, kw_only=True)
class Number:
    """What stands before a paragraph: `label` as the reader sees it; of kind "ol" and "ul" a list of HTML shows the same."""

    kind: Literal["ol", "ul", "text"]
    level: int
    of: str
    label: str
    number: int
    tight: bool
    bold: bool


@dataclass(frozen=True, kw_only=True)
class _Level:
    start: int = 1
    form: str = "decimal"
    text: str = ""
    tight: bool = False
    legal: bool = False
    restart: int | None = None
    style: str = ""
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class _List:
    counter: str
    levels: dict[int, _Level]
    begins: dict[int, int]


class Numbers:
    """Counts through a document, paragraph by paragraph in their order. `unknown`: ways of writing numbers that were met
    and are written as 1, 2, 3."""

    def __init__(self, numbering: etree._Element | None, styles: etree._Element | None) -> None:
        self.unknown: set[str] = set()
        self._styles = _styles(styles)
        self._lists = _lists(numbering, self._styles) if numbering is not None else {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()

    def next(self, paragraph: etree._Element) -> Number | None:
        """The number of `paragraph` (w:p); None when it has none. Call it once for each, also for those without words."""
        of, level = self._place(paragraph)
        found = self._lists.get(of)
        if found is None or level not in found.levels:
            return None
        shape = found.levels[level]
        counts = self._count(of, found, level)
        return self._written(of, level, shape, counts, found)

    def _place(self, paragraph: etree._Element) -> tuple[str, int]:
        """The list ("" for none) and the level."""
        own = child(paragraph, "pPr", "numPr")
        style = value(child(paragraph, "pPr", "pStyle"))
        of, level = value(child(own, "numId")), value(child(own, "ilvl"))
        by_style, style_level = self._by_style(style)
        of = of or by_style
        if level.isdecimal():
            return of, int(level)
        linked = (
            [at for at, one in self._lists[of].levels.items() if one.style and one.style == style]
            if of in self._lists
            else []
        )
        return of, linked[0] if linked else style_level

    def _by_style(self, style: str) -> tuple[str, int]:
        seen: set[str] = set()
        while style in self._styles and style not in seen:
            seen.add(style)
            of, level, parent = self._styles[style]
            if of:
                return of, level
            style = parent
        return "", 0

    def _count(self, of: str, found: _List, level: int) -> dict[int, int]:
        counts = self._counts.setdefault(found.counter, {})
        begins = found.begins.get(level, found.levels[level].start)
        if level in found.begins and (of, level) not in self._begun:
            counts[level] = begins
        else:
            counts[level] = counts[level] + 1 if level in counts else begins
        self._begun.add((of, level))
        for deeper in [at for at in counts if at > level]:
            restart = found.levels[deeper].restart if deeper in found.levels else None
            if restart is None or level < restart:
                del counts[deeper]
        return counts

    def _written(self, of: str, level: int, shape: _Level, counts: dict[int, int], found: _List) -> Number | None:
        def number(place: re.Match[str]) -> str:
            at = int(place.group(1)) - 1
            upper = found.levels.get(at, _Level())
            count = counts.get(at, found.begins.get(at, upper.start))
            if upper.form in ("none", "bullet"):
                return ""
            if upper.form not in FORMATS:
                self.unknown.add(upper.form)
            return str(count) if shape.legal else FORMATS.get(upper.form, str)(count)

        bullet = shape.form == "bullet"
        label = shape.text if bullet else _PLACE.sub(number, shape.text)
        label = label.strip()
        shown = plain(label)
        own = shape.form in ("decimal", "decimalHalfWidth") or shape.legal
        kind: Literal["ol", "ul", "text"] = "text"
        if bullet and is_bullet(label):
            kind = "ul"
        elif not label:
            return None
        elif not bullet and own and shown == counts[level] and _PLACE.findall(shape.text) == [str(level + 1)]:
            kind = "ol"
        return Number(
            kind=kind, level=level, of=of, label=label, number=counts[level], tight=shape.tight, bold=shape.bold
        )


def _lists(numbering: etree._Element, styles: dict[str, tuple[str, int, str]]) -> dict[str, _List]:
    abstract: dict[str, etree._Element] = {}
    for node in _named(numbering, "abstractNum"):
        abstract[_attribute(node, "abstractNumId")] = node
    numbers = {_attribute(node, "numId"): node for node in _named(numbering, "num")}
    found: dict[str, _List] = {}
    for of, node in numbers.items():
        counter = value(child(node, "abstractNumId"))
        shapes = abstract.get(counter)
        # A list may be one of a style's: then that one counts.
        link = value(child(shapes, "numStyleLink"))
        if link and link in styles and styles[link][0] in numbers:
            counter = value(child(numbers[styles[link][0]], "abstractNumId"))
            shapes = abstract.get(counter)
        if shapes is None or of == "0":
            continue
        levels, begins = _levels(shapes, {}), {}
        for override in _named(node, "lvlOverride"):
            level = _whole(_attribute(override, "ilvl"), 0)
            levels = _levels(override, levels)
            begin = value(child(override, "startOverride"))
            if begin:
                begins[level] = _whole(begin, 1)
        found[of] = _List(counter=counter, levels=levels, begins=begins)
    return found


def _levels(node: etree._Element, known: dict[int, _Level]) -> dict[int, _Level]:
    found = dict(known)
    for level in _named(node, "lvl"):
        at = _whole(_attribute(level, "ilvl"), 0)
        if at >= _LEVELS:
            continue
        restart = child(level, "lvlRestart")
        found[at] = replace(
            _Level(),
            start=_whole(value(child(level, "start")), 0) if child(level, "start") is not None else 0,
            form=value(child(level, "numFmt")) or "decimal",
            text=value(child(level, "lvlText")),
            tight=value(child(level, "suff")) == "nothing",
            legal=is_on(child(level, "isLgl")),
            restart=_whole(value(restart), 0) if restart is not None else None,
            style=value(child(level, "pStyle")),
            bold=is_on(child(level, "rPr", "b")),
        )
    return found


def _styles(root: etree._Element | None) -> dict[str, tuple[str, int, str]]:
    """{style id: (list, level, style it is based on)}."""
    found = {}
    for style in _named(root, "style") if root is not None else ():
        numbered = child(style, "pPr", "numPr")
        found[_attribute(style, "styleId")] = (
            value(child(numbered, "numId")),
            _whole(value(child(numbered, "ilvl")), 0),
            value(child(style, "basedOn")),
        )
    return found


def is_on(node: etree._Element | None) -> bool:
    """A switch of Word's: there, and not set to off."""
    return node is not None and value(node) not in _OFF


def child(node: etree._Element | None, *path: str) -> etree._Element | None:
    """The first child of that name, and so on down; names are local, whichever of the two namespaces of Word it is."""
    for name in path:
        node = next(iter(_named(node, name)), None) if node is not None else None
    return node


def value(node: etree._Element | None) -> str:
    return _attribute(node, "val") if node is not None else ""


def _named(node: etree._Element, name: str) -> list[etree._Element]:
    return [inner for inner in node if isinstance(inner.tag, str) and etree.QName(inner).localname == name]


def _attribute(node: etree._Element, name: str) -> str:
    return next((str(found) for key, found in node.attrib.items() if str(key).rpartition("}")[2] == name), "")


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else otherwise
