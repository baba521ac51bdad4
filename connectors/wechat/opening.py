"""What stands before an article's own words: the box of an emergency post, and how long the text takes to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from lxml.html import HtmlElement

from connectors.gist import Sentence
from connectors.pieces import FORBIDS, Label, ended, joined, left_out, marked
from connectors.urgent import Brief
from connectors.wechat.tree import element

# Characters that people read in a minute on a phone (300 to 500 are told of Chinese prose), and of a picture's worth.
_A_MINUTE, _A_PICTURE = 400, 60
# The number a line has in the text, in the box it has one of its own.
_NUMBER = re.compile(
    r"^(?:[（(][一二三四五六七八九十\d]{1,3}[)）]|[一二三四五六七八九十]{1,3}、|\d{1,2}[.．、)）](?!\d)|[①-⑳•·●■])\s*"
)
_NEWS, _FIRST, _MIND = "速览", "请先做到", "请注意"


def minutes(characters: int, pictures: int) -> int:
    """About how long it takes, at least one."""
    return max(1, -(-(characters + pictures * _A_PICTURE) // _A_MINUTE))


def reading_line(characters: int, pictures: int) -> HtmlElement:
    return element("p", "reading", f"全文约 {characters:,} 字，阅读约 {minutes(characters, pictures)} 分钟")


def lead_box(brief: Brief) -> HtmlElement:
    """What, where and when, then what to do or not to do first, numbered behind the text's own words for it, and the
    telephone."""
    box = element("section", "lead")
    news = [ended(brief.summary)] if brief.summary else []
    news += joined(brief.news).split("\n") if brief.news else []
    if news:
        box.append(_headed(f"{_NEWS}：", "".join(news)))
    for labels, actions in groupby(brief.actions, key=lambda one: one.labels):
        box.extend(_group(labels, list(actions)))
    if brief.contact is not None:
        box.append(element("p", "", _flat(joined([brief.contact]))))
    return box


def _group(labels: Sequence[Label], actions: Sequence[Sentence]) -> list[HtmlElement]:
    forbidden = any(FORBIDS.search(one.text) for one in actions)
    head = "".join(label.written for label in labels) or f"{_MIND if forbidden else _FIRST}："
    mark = next((mark for _one, mark in left_out(actions)), "")
    told = [ended(_flat(_NUMBER.sub("", one.text))) for one in actions]
    told[-1] = marked(told[-1], mark)
    if len(told) == 1:
        return [_headed(head, told[0])]
    return [_headed(head, ""), *_lines(told)]


def _headed(head: str, text: str) -> HtmlElement:
    line = element("p")
    strong = element("strong", "", head)
    strong.tail = text
    line.append(strong)
    return line


def _lines(told: Sequence[str]) -> list[HtmlElement]:
    return [element("p", "", f"{at}. {one}") for at, one in enumerate(told, 1)]


def _flat(text: str) -> str:
    return text.replace("\n", " ")
