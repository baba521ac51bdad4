"""Foreign HTML becomes the house's own: an allow-list, Word's habits undone, and a word about everything taken out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import nh3
from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.posts.figures import settle_captions, settle_figures
from app.posts.foreign import adopt, find_pictures
from app.posts.msword import looks_like_word, undo_word
from app.posts.nesting import flatten, parsed, refuse_bottomless
from app.posts.ordering import COUNTED, settle_numbers
from app.posts.tags import (
    ANY_SCHEME,
    ATTRIBUTES,
    BLOCKS,
    BOXES,
    DROP,
    EMPTIED,
    INLINE,
    LAZY,
    LINES,
    LINK_SCHEMES,
    PASSED,
    RENAME,
    TAGS,
)

# What stands for a picture's address: "/media/{sha256}", or None when it cannot be used.
Place = Callable[[str, str], str | None]

_OPENING = re.compile(r"<([a-z][a-z0-9-]*)(?=[\s/>])", re.IGNORECASE)
_HANDLER = re.compile(r"<[a-z][^<>]*\son[a-z]+\s*=", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_ALIGN = re.compile(r"text-align\s*:\s*(center|right|justify)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    html: str
    notes: list[str] = field(default_factory=list)


def printable(text: str) -> str:
    """`text` without control characters, which no database and no platform takes."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean(html: str, place: Place, *, foreign: bool = False) -> Cleaned:
    """The HTML that may be kept, and notes in Chinese of what was removed. Cleaning twice changes nothing more. Raises
    Invalid for what is nested too deep to be read.

    `foreign`: it comes from another program or page, whose own habits are turned into plain structure first.
    """
    html = printable(html)
    html = _fragment(html)
    worker = _Cleaning(_parsed(html), place)
    worker.notes += _removed(html)
    if flatten(worker.root):
        worker.notes.append("原来的格式一层套一层，太深的几层已展平，文字没有删减，请核对。")
    if looks_like_word(html):
        undo_word(worker.root)
        worker.notes.append("已清除 Word 自带的格式，保留标题、段落、列表、表格和加粗。")
    if foreign:
        worker.notes += adopt(worker.root)
    worker.run()
    guarded = nh3.clean(
        worker.html(),
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        link_rel=None,
        url_schemes=LINK_SCHEMES,
        filter_style_properties={"text-align"},
    )
    return Cleaned(html=guarded.replace(' style=""', "").strip(), notes=worker.notes)


def _fragment(html: str) -> str:
    """What the clipboard marks as the copied piece; all of it where there are no marks."""
    _before, start, rest = html.partition("<!--StartFragment-->")
    piece, end, _after = rest.rpartition("<!--EndFragment-->")
    return piece if start and end else html


def _removed(html: str) -> list[str]:
    """What of `html` is taken out as a whole, counted."""
    counted = Counter(DROP.get(tag.lower(), "") for tag in _OPENING.findall(html))
    del counted[""]
    if handlers := len(_HANDLER.findall(html)):
        counted["事件脚本"] = handlers
    if not counted:
        return []
    return ["已移除不能发布的内容：" + "、".join(f"{name} {count} 处" for name, count in counted.items()) + "。"]


class _Cleaning:
    def __init__(self, root: HtmlElement, place: Place) -> None:
        self.root = root
        self.place = place
        self.notes: list[str] = []

    def run(self) -> None:
        settle_numbers(self.root)
        find_pictures(self.root)
        self._pictures()
        self._links()
        settle_captions(self.root)
        self._rename()
        self._settle_tables()
        settle_figures(self.root)
        self._unbox()
        self._strip()
        _wrap_loose(self.root)
        self._drop_empty()

    def html(self) -> str:
        return "".join(etree.tostring(child, encoding="unicode", method="html") for child in self.root)

    def _pictures(self) -> None:
        for node in list(self.root.iter("img")):
            placed = self.place((node.get("src") or "").strip(), (node.get("alt") or "").strip())
            if placed is None:
                node.drop_tree()
            else:
                node.set("src", placed)

    def _links(self) -> None:
        unusable = 0
        for node in list(self.root.iter("a")):
            href = (node.get("href") or "").strip()
            if not re.match(r"(?i)(?:https?://[^/\s]|mailto:|tel:)", href):
                unusable += bool(href) and not href.startswith("#")
                node.drop_tag()
            else:
                node.set("href", href)
        if unusable:
            self.notes.append(f"已移除 {unusable} 个不能用的链接（只保留 http、https、邮箱和电话），文字保留。")

    def _rename(self) -> None:
        for node in list(self.root.iterdescendants()):
            tag = str(node.tag)
            if tag == "center":
                for inner in (node, *node):
                    inner.set("style", "text-align:center")
            node.tag = RENAME.get(tag, tag)
            parent = node.getparent()
            if node.tag == "li" and (parent is None or parent.tag not in ("ul", "ol")):
                node.tag = "div"
            elif node.tag not in TAGS and node.tag not in BOXES:
                node.drop_tag()

    def _settle_tables(self) -> None:
        """A head is made of head cells, a foot stands at the foot: what looks at the cells alone sees the same."""
        for node in list(self.root.iterdescendants("thead", "tfoot")):
            table = node.getparent()
            if node.tag == "thead":
                for cell in node.iterchildren("tr"):
                    for inner in cell.iterchildren("td"):
                        inner.tag = "th"
            elif table is not None and table.tag == "table":
                table.append(node)
        for line in [node for pre in self.root.iterdescendants("pre") for node in pre.iter("br")]:
            line.tail = f"\n{line.tail or ''}"
            line.drop_tag()

    def _unbox(self) -> None:
        """Boxes with blocks inside fall away, boxes of text alone are paragraphs; nothing inline holds a block."""
        for node in reversed(list(self.root.iterdescendants(*INLINE))):
            if _holds_block(node):
                node.drop_tag()
        for node in reversed(list(self.root.iterdescendants(*BOXES))):
            if _holds_block(node):
                _wrap_loose(node)
                node.drop_tag()
            else:
                node.tag = "p"
        for node in reversed(list(self.root.iterdescendants(*LINES))):
            if not _holds_block(node):
                continue
            if all(inner.tag == "p" for inner in node.iterdescendants() if inner.tag in BLOCKS):
                for inner in list(node.iterdescendants("p")):
                    inner.drop_tag()
            else:
                _wrap_loose(node)
                node.drop_tag()
        for node in list(self.root.iterdescendants("blockquote")):
            _wrap_loose(node)

    def _strip(self) -> None:
        for node in self.root.iterdescendants():
            found = _ALIGN.search(node.get("style") or "") or re.match(r"(center|right)$", (node.get("align") or ""))
            for name in list(node.attrib):
                if name not in ATTRIBUTES.get(str(node.tag), set()) or name == "style":
                    del node.attrib[name]
            if found and "style" in ATTRIBUTES.get(str(node.tag), set()):
                node.set("style", f"text-align:{found.group(1).lower()}")

    def _drop_empty(self) -> None:
        for node in reversed(
            list(self.root.iter("p", "h2", "h3", "h4", "strong", "em", "u", "s", "li", "figure", "table"))
        ):
            seen = (node.text_content() or "").replace("\xa0", " ").strip()
            parent = node.getparent()
            if seen or parent is None or next(node.iterdescendants("img", "hr", "td", "th"), None) is not None:
                continue
            if parent.tag not in ("td", "th"):
                node.drop_tree()


def _parsed(html: str) -> HtmlElement:
    """The tree that a browser makes of `html`, of tags that can be kept or turned into such."""
    refuse_bottomless(html)
    passed = nh3.clean(
        html,
        tags=set(PASSED),
        clean_content_tags=set(EMPTIED),
        attributes={
            "*": {"style", "align", "class"},
            **{tag: names - {"style"} for tag, names in ATTRIBUTES.items()},
            "img": ATTRIBUTES["img"] | LAZY,
            **COUNTED,
        },
        link_rel=None,
        url_schemes=ANY_SCHEME,
    )
    return parsed(passed)


def _holds_block(node: HtmlElement) -> bool:
    return next(node.iterdescendants(*BLOCKS), None) is not None


def _wrap_loose(box: HtmlElement) -> None:
    """Text and inline elements standing directly in `box` become paragraphs."""
    children = list(box)
    run: HtmlElement | None = None
    if (box.text or "").strip():
        run = lxml_html.Element("p")
        run.text, box.text = box.text, None
        box.insert(0, run)
    for child in children:
        tail, child.tail = child.tail, None
        if child.tag in BLOCKS or child.tag == "figcaption":
            run = None
        else:
            if run is None:
                run = lxml_html.Element("p")
                child.addprevious(run)
            run.append(child)
        if (tail or "").strip() or (tail and run is not None):
            if run is None:
                run = lxml_html.Element("p")
                child.addnext(run)
                run.text = tail
            else:
                child.tail = tail
