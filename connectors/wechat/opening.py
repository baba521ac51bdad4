"""What stands before an article's own words: the box of an emergency post, and how long the text takes to read."""

from __future__ import annotations

from collections.abc import Sequence

from lxml.html import HtmlElement

from connectors import gist
from connectors.gist import Sentence
from connectors.urgent import Brief
from connectors.wechat.tree import element

# Characters that people read in a minute on a phone (300 to 500 are told of Chinese prose), and of a picture's worth.
_A_MINUTE, _A_PICTURE = 400, 60
_NEWS, _FIRST = "速览", "请先做到"


def minutes(characters: int, pictures: int) -> int:
    """About how long it takes, at least one."""
    return max(1, -(-(characters + pictures * _A_PICTURE) // _A_MINUTE))


def reading_line(characters: int, pictures: int) -> HtmlElement:
    return element("p", "reading", f"全文约 {characters:,} 字，阅读约 {minutes(characters, pictures)} 分钟")


def lead_box(brief: Brief) -> HtmlElement:
    """What, where and when, then what to do first as numbered lines, and the telephone."""
    box = element("section", "lead")
    news = [brief.summary] if brief.summary else []
    news += [gist.ended(one.text) for one in brief.news]
    if news:
        box.append(_headed(_NEWS, "".join(news)))
    if len(brief.actions) == 1:
        box.append(_headed(_FIRST, gist.ended(brief.actions[0].text)))
    elif brief.actions:
        box.append(_headed(_FIRST, ""))
        box.extend(_lines(brief.actions))
    if brief.contact is not None:
        box.append(element("p", "", gist.ended(brief.contact.text)))
    return box


def _headed(head: str, text: str) -> HtmlElement:
    line = element("p")
    strong = element("strong", "", f"{head}：")
    strong.tail = text
    line.append(strong)
    return line


def _lines(actions: Sequence[Sentence]) -> list[HtmlElement]:
    return [element("p", "", f"{at}. {gist.ended(one.text)}") for at, one in enumerate(actions, 1)]
