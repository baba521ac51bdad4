"""Links that WeChat takes out become "[n]" in the text and a numbered list at the end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from lxml import etree
from lxml.html import HtmlElement

from connectors.values import Note
from connectors.wechat.tags import KEPT_LINK_HOST
from connectors.wechat.tree import append_text, text_of

# Of a text's own notes, as Word's footnotes come in.
_OWN = re.compile(r"[\[［]([0-9]{1,3})[\]］]")
_TOLD = {"mailto": "邮箱", "tel": "电话"}


@dataclass
class References:
    """(words, address) of each link that was taken out, in the order of its number; `before`: the highest number that the
    text's own notes have."""

    found: list[tuple[str, str]] = field(default_factory=list)
    before: int = 0
    lost: int = 0

    def notes(self) -> list[Note]:
        told: list[Note] = []
        if self.lost:
            message = f"{self.lost} 个链接不是完整的网址（如站内地址），只保留了文字。"
            told.append(Note(kind="links_lost", message=message))
        if self.found:
            after = f"，编号接在文中已有的 [{self.before}] 之后" if self.before else ""
            told.append(Note(kind="links", message=f"{len(self.found)} 个外链转为文末注释{after}。"))
        return told

    def append_to(self, root: HtmlElement) -> None:
        if not self.found:
            return
        refs = etree.SubElement(root, "section")
        refs.set("class", "refs")
        for number, (text, address) in enumerate(self.found, self.before + 1):
            line = etree.SubElement(refs, "p")
            line.text = f"[{number}] {text}：{address}" if text else f"[{number}] {address}"


def take_links(root: HtmlElement) -> References:
    """Every link but those within WeChat loses its element and keeps its words."""
    references = References(before=max((int(one) for one in _OWN.findall(root.text_content())), default=0))
    numbers: dict[str, int] = {}
    for node in list(root.iter("a")):
        href = (node.get("href") or "").strip()
        if _stays(href):
            continue
        address, text = _address(href), text_of(node)
        if address and address not in text:
            if address not in numbers:
                references.found.append((text or _wordless(node, href), address))
                numbers[address] = references.before + len(references.found)
            append_text(node, f"[{numbers[address]}]")
        elif not address and _says_more(href, text):
            references.lost += 1
        node.drop_tag()
    return references


def _stays(href: str) -> bool:
    parts = _split(href)
    return parts.scheme in ("http", "https") and parts.hostname == KEPT_LINK_HOST


def _address(href: str) -> str:
    """What a reader can use by hand: a whole web address, a mail address, a telephone number; else ""."""
    parts = _split(href)
    if parts.scheme in ("http", "https"):
        return href if parts.hostname else ""
    return unquote(parts.path).strip() if parts.scheme in _TOLD else ""


def _wordless(node: HtmlElement, href: str) -> str:
    return "图片链接" if next(node.iter("img"), None) is not None else _TOLD.get(_split(href).scheme, "")


def _says_more(href: str, text: str) -> bool:
    """Whether a link that leads nowhere outside (a path of our own site) tells what its text does not."""
    scheme, colon, rest = href.partition(":")
    if not href or href.startswith("#") or scheme.lower() in ("javascript", "data", "vbscript"):
        return False
    return (rest if colon else href) not in text


def _split(href: str) -> SplitResult:
    try:
        return urlsplit(href)
    except ValueError:
        return urlsplit("")
