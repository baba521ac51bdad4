"""The body of a post as HTML that WeChat keeps: tags rewritten, pictures re-encoded, links as references, styles inlined.

Pure and deterministic but for MediaStore.derive(). What WeChat's filter is known to take out (style, class, id, script,
iframe, form, position, CSS variables, links to other hosts, pictures of other hosts) is taken out here, with a note each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import css_inline
import nh3
from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

from connectors.values import Note, Problem
from connectors.wechat import theme
from connectors.wechat.tags import ATTRIBUTES, DROP, KEEP, KEPT_LINK_HOST, RENAME

# sha256 of the library -> (sha256 of the bytes to be uploaded, what was changed), or a Chinese reason why not.
Fit = Callable[[str], tuple[str, str] | str]

MEDIA_SRC = re.compile(r"^/media/([0-9a-f]{64})$")
_ALIGN = re.compile(r"text-align\s*:\s*(center|right)")
_DOCUMENT_TAGS = re.compile(r"</?(?:html|body)\b[^>]*>", re.IGNORECASE)
_END = "data-end-of-text"
# Characters of a row's first cell that stand on one line.
_SHORT = 6
_WIDE_COLUMNS = 5


@dataclass(kw_only=True)
class Body:
    """An adapted body. `pictures` are the hashes to be uploaded, in order; `paragraphs` its plain text for a digest."""

    html: str = ""
    pictures: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def rewrite(html: str, *, fit: Fit, source: str = "", terse: bool = False) -> Body:
    """The themed article; `terse` saves characters."""
    return _Rewriter(html, fit, keep_styles=False).themed(source, theme.TERSE if terse else theme.FULL)


def clean_override(html: str, *, fit: Fit) -> Body:
    """What the author wrote by hand as content_html: same filter, own styles kept."""
    return _Rewriter(html, fit, keep_styles=True).as_written()


class _Rewriter:
    def __init__(self, html: str, fit: Fit, *, keep_styles: bool) -> None:
        self.fit = fit
        self.keep_styles = keep_styles
        self.body = Body()
        self.root, complete = _parsed(html)
        if not complete:
            message = "正文嵌套过深或有未闭合的标签，后面的内容读不出来。请清除格式后重新粘贴。"
            self.body.problems.append(
                Problem(rule="wechat.nesting", severity="block", message=message, field="content_html")
            )
        self._drop_unsupported()
        self._rename()
        self._pictures()
        self.references = self._links()
        self._strip_attributes()
        if not keep_styles:
            self._drop_empty()
            self._tables()
        self.body.paragraphs = [text for p in self.root.iter("p") if (text := _text(p)) and not _inside_table(p)]

    def themed(self, source: str, css: str) -> Body:
        self.root.set("class", "root")
        if source:
            self._append("p", "source", f"来源：{source}")
        self._append_references()
        inlined = css_inline.inline_fragment(_serialised(self.root), css, load_remote_stylesheets=False)
        self.body.html = _guarded(inlined)
        return self.body

    def as_written(self) -> Body:
        self._append_references()
        inner = (self.root.text or "") + "".join(_serialised(child, tail=True) for child in self.root)
        self.body.html = _guarded(inner)
        return self.body

    def _note(self, kind: str, message: str) -> None:
        self.body.notes.append(Note(kind=kind, message=message))

    def _drop_unsupported(self) -> None:
        dropped: Counter[str] = Counter()
        for node in list(self.root.iter()):
            if not isinstance(node.tag, str):
                node.drop_tree()
            elif node.tag in DROP and node.getparent() is not None:
                if DROP[node.tag]:
                    dropped[DROP[node.tag]] += 1
                node.drop_tree()
        if dropped:
            named = "、".join(f"{name} {count} 处" for name, count in dropped.items())
            self._note("unsupported", f"移除了微信不支持的内容：{named}。")

    def _rename(self) -> None:
        for node in list(self.root.iterdescendants()):
            tag = str(node.tag)
            if tag == "figcaption":
                node.set("data-role", "caption")
            node.tag = RENAME.get(tag, tag)
            if node.tag not in KEEP:
                node.drop_tag()

    def _pictures(self) -> None:
        foreign = 0
        changed: Counter[str] = Counter()
        for node in list(self.root.iter("img")):
            found = MEDIA_SRC.match(node.get("src", ""))
            if found is None:
                foreign += 1
                node.drop_tree()
                continue
            fitted = self.fit(found.group(1))
            if isinstance(fitted, str):
                self.body.problems.append(
                    Problem(rule="wechat.image", severity="block", message=fitted, field="content_html")
                )
                continue
            sha256, change = fitted
            if change:
                changed[change] += 1
            node.set("src", f"/media/{sha256}")
            if sha256 not in self.body.pictures:
                self.body.pictures.append(sha256)
        for change, count in changed.items():
            self._note("images", f"{count} 张图片{change}。")
        if foreign:
            message = f"{foreign} 张图片不在素材库中，微信会过滤外部图片，已移除。"
            self._note("foreign_images", message)
            self.body.problems.append(
                Problem(
                    rule="wechat.foreign_image", severity="warn", message=message, field="content_html",
                    suggestion="请把图片上传到素材库后重新插入。",
                )
            )  # fmt: skip

    def _links(self) -> list[tuple[str, str]]:
        """Links WeChat would take out become "[n]" and a list at the end: (text, address) of each."""
        references: list[tuple[str, str]] = []
        numbers: dict[str, int] = {}
        lost = 0
        for node in list(self.root.iter("a")):
            href = (node.get("href") or "").strip()
            parts = _split(href)
            if parts.scheme in ("http", "https") and parts.hostname == KEPT_LINK_HOST:
                continue
            if parts.scheme in ("http", "https") and parts.hostname:
                text = _text(node)
                if text != href:
                    if href not in numbers:
                        references.append((text, href))
                        numbers[href] = len(references)
                    _append_text(node, f"[{numbers[href]}]")
            elif _says_more(href, _text(node)):
                lost += 1
            node.drop_tag()
        if lost:
            self._note("links_lost", f"{lost} 个链接不是完整的网址（邮箱、电话或站内地址），只保留了文字。")
        if references:
            self._note("links", f"{len(references)} 个外链转为文末注释。")
        return references

    def _append_references(self) -> None:
        if not self.references:
            return
        refs = etree.SubElement(self.root, "section")
        refs.set("class", "refs")
        for number, (text, href) in enumerate(self.references, 1):
            line = etree.SubElement(refs, "p")
            line.text = f"[{number}] {text}：{href}" if text else f"[{number}] {href}"

    def _strip_attributes(self) -> None:
        for node in self.root.iter():
            align = _alignment(node)
            caption = node.get("data-role") == "caption"
            allowed = ATTRIBUTES.get(str(node.tag), set()) | ({"style"} if self.keep_styles else set())
            for name in list(node.attrib):
                if name not in allowed:
                    del node.attrib[name]
            if not self.keep_styles and align:
                node.set("style", f"text-align:{align}")
            if caption:
                node.set("class", "caption")

    def _drop_empty(self) -> None:
        for node in list(self.root.iter("p", "span", "strong", "em", "h2", "h3", "h4")):
            if not _text(node) and next(node.iter("img", "br", "hr"), None) is None:
                node.drop_tree()
        for node in list(self.root.iter("span")):
            if not node.attrib:
                node.drop_tag()

    def _tables(self) -> None:
        """Tables stay tables: bordered, merged cells kept, wide ones scroll sideways on a phone."""
        for table in list(self.root.iter("table")):
            parent = table.getparent()
            if parent is None:
                continue
            columns = max((_columns(row) for row in table.iter("tr")), default=0)
            if columns > _WIDE_COLUMNS:
                table.set("class", "wide")
                self._note("table", f"{columns} 列的表格在手机上可左右滑动查看。")
            _keep_short(table)
            frame = lxml_html.Element("section")
            frame.set("class", "table")
            frame.tail, table.tail = table.tail, None
            parent.replace(table, frame)
            frame.append(table)

    def _append(self, tag: str, css_class: str, text: str) -> None:
        node = etree.SubElement(self.root, tag)
        node.set("class", css_class)
        node.text = text


def _parsed(html: str) -> tuple[HtmlElement, bool]:
    """The document under one section, and whether it was read to its end.

    libxml2 stops without a word some 250 levels deep, and an unclosed comment swallows the rest: a mark put behind the
    text tells. lxml refuses NUL, and loses what follows </html> in a whole document that was pasted.
    """
    bare = _DOCUMENT_TAGS.sub("", html.replace("\x00", ""))
    root = lxml_html.fragment_fromstring(f"{bare}<hr {_END}>", create_parent="section")
    mark = next((node for node in root.iter("hr") if _END in node.attrib), None)
    if mark is not None:
        mark.drop_tree()
    return root, mark is not None


def _guarded(html: str) -> str:
    """The last word: nothing passes that is not on the list."""
    return nh3.clean(
        html,
        tags=set(KEEP),
        attributes=ATTRIBUTES,
        link_rel=None,
        url_schemes={"http", "https"},
        filter_style_properties=set(theme.PROPERTIES),
    )


def _serialised(node: HtmlElement, *, tail: bool = False) -> str:
    return etree.tostring(node, encoding="unicode", method="html", with_tail=tail)


def _text(node: HtmlElement) -> str:
    return re.sub(r"\s+", " ", node.text_content().replace("\xa0", " ")).strip()


def _alignment(node: HtmlElement) -> str:
    found = _ALIGN.search(node.get("style") or "")
    if found:
        return found.group(1)
    align = (node.get("align") or "").lower()
    return align if align in ("center", "right") else ""


def _append_text(node: HtmlElement, text: str) -> None:
    if len(node):
        node[-1].tail = (node[-1].tail or "") + text
    else:
        node.text = (node.text or "") + text


def _columns(row: HtmlElement) -> int:
    spans = (cell.get("colspan", "1") for cell in row if cell.tag in ("td", "th"))
    return sum(int(span) if span.isdigit() else 1 for span in spans)


def _keep_short(table: HtmlElement) -> None:
    """A short word at the head of a row (事项) is not broken in two, however long its neighbours are."""
    for row in table.iter("tr"):
        first = next((cell for cell in row if cell.tag in ("td", "th")), None)
        if first is not None and 0 < len(_text(first)) <= _SHORT:
            first.set("class", "short")


def _inside_table(node: HtmlElement) -> bool:
    return next(node.iterancestors("table"), None) is not None


def _says_more(href: str, text: str) -> bool:
    """Whether a link that is no web address (mail, telephone, a path of our own site) tells what its text does not."""
    scheme, colon, rest = href.partition(":")
    if not href or href.startswith("#") or scheme.lower() in ("javascript", "data", "vbscript"):
        return False
    return (rest if colon else href) not in text


def _split(href: str) -> SplitResult:
    try:
        return urlsplit(href)
    except ValueError:
        return urlsplit("")


def has_content(html: str) -> bool:
    """Whether a reader would see anything: text or a picture."""
    return "<img " in html or bool(re.sub(r"<[^>]*>|&nbsp;|\s", "", html))
