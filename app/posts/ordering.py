"""Numbers of HTML lists that <ol start> does not say: a number of its own, letters, Chinese numbers, backwards."""

from __future__ import annotations

import itertools
import re

from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.posts.counting import FORMATS, before

# Attributes that are read here and not kept.
COUNTED = {"ol": {"start", "type", "reversed"}, "li": {"value"}}
_KINDS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_STYLE = re.compile(
    r"list-style(?:-type)?\s*:[^;]*?\b([a-z-]*(?:alpha|latin|roman|chinese|cjk|ideographic|leading-zero)[a-z-]*)",
    re.IGNORECASE,
)
_STYLES = {
    "lower-alpha": "lowerLetter", "lower-latin": "lowerLetter", "upper-alpha": "upperLetter",
    "upper-latin": "upperLetter", "lower-roman": "lowerRoman", "upper-roman": "upperRoman",
    "decimal-leading-zero": "decimalZero", "cjk-decimal": "ideographDigital", "cjk-ideographic": "chineseCountingThousand",
    "simp-chinese-informal": "chineseCountingThousand", "trad-chinese-informal": "chineseCountingThousand",
    "simp-chinese-formal": "chineseLegalSimplified", "trad-chinese-formal": "ideographLegalTraditional",
    "cjk-earthly-branch": "ideographZodiac", "cjk-heavenly-stem": "ideographTraditional",
}  # fmt: skip
_CHINESE = re.compile("chinese|cjk")


def settle_numbers(root: HtmlElement) -> None:
    """Lists that count 1, 2, 3 stay lists, parted where a number is skipped; of others each item says its number itself."""
    for node in list(root.iter("ol")):
        style = _STYLE.search(node.get("style") or "")
        named = style.group(1).lower() if style else ""
        form = _STYLES.get(named) or _KINDS.get((node.get("type") or "").strip(), "")
        numbers = _numbers(node)
        if form or node.get("reversed") is not None:
            _spell(node, numbers, form or "decimal", "、" if _CHINESE.search(named) else ".")
        else:
            _part(node, numbers)


def _numbers(node: HtmlElement) -> list[tuple[HtmlElement, int]]:
    """The items with their numbers, as a browser counts."""
    items = [item for item in node if item.tag == "li"]
    step = -1 if node.get("reversed") is not None else 1
    number = _whole(node.get("start"), len(items) if step < 0 else 1)
    numbers = []
    for item in items:
        number = _whole(item.get("value"), number)
        numbers.append((item, number))
        number += step
    return numbers


def _whole(given: str | None, otherwise: int) -> int:
    found = re.match(r"\s*([+-]?\d{1,5})(?!\d)", given or "")
    return int(found.group(1)) if found else otherwise


def _part(node: HtmlElement, numbers: list[tuple[HtmlElement, int]]) -> None:
    at = node
    for (_last, expected), (item, number) in itertools.pairwise(numbers):
        if number == expected + 1:
            if at is not node:
                at.append(item)
            continue
        made = lxml_html.Element("ol")
        made.set("start", str(number))
        made.tail, at.tail = at.tail, None
        at.addnext(made)
        made.append(item)
        at = made
    if numbers and numbers[0][1] != 1:
        node.set("start", str(numbers[0][1]))


def _spell(node: HtmlElement, numbers: list[tuple[HtmlElement, int]], form: str, dot: str) -> None:
    for item, number in numbers:
        item.tag = "div"
        place = item
        while not (place.text or "").strip() and len(place) and place[0].tag in ("p", "div"):
            place = place[0]
        place.text = before(FORMATS[form](number) + dot, place.text or "")
    node.tag = "div"
