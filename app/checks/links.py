"""Links that lead nowhere: where they stand in a text, and what fetching them told, as problems. Pure.

Fetching is the scheduler's (scheduler/linker.py); what it found is given here as Seen by address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urldefrag

from app.checks.plaintext import anchors, plain_text
from app.checks.wording import key_of
from connectors.guard import is_web
from connectors.text import URL
from connectors.values import Problem, Severity

DEAD, UNSURE = "link.dead", "link.unsure"
_LONGEST_URL = 2000
# In one text; more say no more.
_MOST = 30
# ASCII marks that end a sentence or bracket rather than an address.
_AFTER = ".,;:!?)]'\""

_GONE = {404: "404，网页不存在", 410: "410，网页已撤下"}
_SHUT = "连接不上，域名写错了，或网站已关闭"
# Known by now: {reason: why}. What is left out is nobody's fault but the looking's, and not told.
_DOUBTS = {
    "failing": "网站出错",
    "timeout": "网站迟迟没有答复",
    "untrusted": "网站的安全证书不可信或已过期，浏览器会警告读者",
    "inside": "地址在内部网络，公众可能打不开",
    "port": "网址（或它转到的地址）用了网页不常用的端口，系统只访问 80、443 和 8000 至 9000",
    "loop": "网站转来转去，始终没有到达",
    "address": "网址写法不对，或转到了不是网页的地方",
}
# A bad minute of the site is no news.
_TWICE = ("failing", "timeout")


@dataclass(frozen=True, kw_only=True)
class Link:
    """An address in a text, and where; start None: no words of the text stand for it."""

    url: str
    start: int | None
    end: int | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of an address: as connectors.visiting.Seen, with the number of looks in a row that failed."""

    verdict: str
    reason: str = ""
    status: int | None = None
    failures: int = 0


def links_in_html(html: str) -> list[Link]:
    """The links of `html` and the addresses that only stand in its words; offsets in its plain text."""
    found = [
        Link(url=url, start=one.start if one.end > one.start else None, end=one.end if one.end > one.start else None)
        for one in anchors(html)
        if (url := tidy(one.href))
    ]
    taken = [(link.start, link.end) for link in found if link.start is not None and link.end is not None]
    written = links_in_text(plain_text(html))
    return found + [one for one in written if not any(a < (one.end or 0) and (one.start or 0) < b for a, b in taken)]


def links_in_text(text: str) -> list[Link]:
    found = []
    for match in URL.finditer(text):
        shown = match.group().rstrip(_AFTER)
        if url := tidy(shown):
            found.append(Link(url=url, start=match.start(), end=match.start() + len(shown)))
    return found


def tidy(address: str) -> str:
    """The address as it is fetched and kept, without the place in the page; "" for what is none of the web's."""
    url = urldefrag(address.strip())[0] if is_web(address.strip()) else ""
    return url if len(url) <= _LONGEST_URL else ""


def link_problems(links: Iterable[Link], known: Mapping[str, Known], field: str, text: str) -> list[Problem]:
    """Of each link that is dead, or may be; `text` is that of `field`. What nobody looked at yet is no problem."""
    found = []
    for link in links:
        seen = known.get(link.url)
        told = _told(seen) if seen is not None else None
        if told is not None:
            found.append(_problem(link, *told, field, text))
    return found[:_MOST]


def _told(seen: Known) -> tuple[str, str] | None:
    """(rule, why), None where there is nothing to tell."""
    if seen.verdict == "dead":
        return DEAD, _GONE.get(seen.status or 0, _SHUT)
    why = _DOUBTS.get(seen.reason) if seen.verdict == "unsure" else None
    if why is None or (seen.reason in _TWICE and seen.failures < 2):
        return None
    return UNSURE, f"{why}（{seen.status}）" if seen.status is not None and seen.reason == "failing" else why


def _problem(link: Link, rule: str, why: str, field: str, text: str) -> Problem:
    shown = link.url if len(link.url) <= 80 else f"{link.url[:77]}…"
    severity: Severity = "warn" if rule == DEAD else "advise"
    if rule == DEAD:
        message = f"链接打不开：{why}。读者点开会看到错误（{shown}）。请核对网址，改正或去掉链接；在浏览器里能打开的，请写明理由。"
    else:
        message = f"链接没有核实：{why}（{shown}）。系统判断不了读者能否打开。请用不连单位内网的手机点开看一下。"
    key = key_of(rule, field, text, link.start or 0, link.url)
    return Problem(rule=rule, severity=severity, field=field, start=link.start, end=link.end, message=message, key=key)
