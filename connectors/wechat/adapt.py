"""The body of a post as HTML that WeChat keeps: tags rewritten, pictures re-encoded, links as references, styles inlined.

Pure and deterministic but for MediaStore.derive(). What WeChat's filter is known to take out (style, class, id, script,
iframe, form, position, CSS variables, links to other hosts, pictures of other hosts) is taken out here, with a note each.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import css_inline
import nh3
from lxml.html import HtmlElement

from connectors.urgent import Brief
from connectors.values import Note, Problem
from connectors.wechat import opening, theme
from connectors.wechat.references import References, take_links
from connectors.wechat.tables import fit_tables
from connectors.wechat.tags import ATTRIBUTES, DROP, KEEP, RENAME
from connectors.wechat.tree import alignment, element, parsed, serialised, text_of

# sha256 of the library -> (sha256 of the bytes to be uploaded, what was changed), or a Chinese reason why not.
Fit = Callable[[str], tuple[str, str] | str]

MEDIA_SRC = re.compile(r"^/media/([0-9a-f]{64})$")


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a body is to look: its theme, what stands before and behind it, and what becomes of wide tables (theme.SPLIT,
    theme.KEEP).

    `article`: the author's own part, where the account puts something above or below it: that alone is counted."""

    theme: str = theme.OFFICIAL
    source: str = ""
    label: str = ""
    brief: Brief | None = None
    reading_time: bool = False
    tables: str = ""
    article: Body | None = None


@dataclass(kw_only=True)
class Body:
    """An adapted body. `pictures` are the hashes to be uploaded, in order; `characters` of its text,
    blanks not counted."""

    html: str = ""
    pictures: list[str] = field(default_factory=list)
    characters: int = 0
    notes: list[Note] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def rewrite(html: str, *, fit: Fit, look: Look) -> Body:
    """The themed article."""
    return _Rewriter(html, fit, keep_styles=False).themed(look)


def read_article(html: str, *, fit: Fit) -> Body:
    """What the text is made of, without a theme and without its `html`."""
    return _Rewriter(html, fit, keep_styles=False).body


def clean_override(html: str, *, fit: Fit) -> Body:
    """What the author wrote by hand as content_html: same filter, own styles kept."""
    return _Rewriter(html, fit, keep_styles=True).as_written()


class _Rewriter:
    def __init__(self, html: str, fit: Fit, *, keep_styles: bool) -> None:
        self.fit = fit
        self.keep_styles = keep_styles
        self.body = Body()
        self.root, complete = parsed(html)
        if not complete:
            message = "正文嵌套过深或有未闭合的标签，后面的内容读不出来。请清除格式后重新粘贴。"
            self.body.problems.append(
                Problem(rule="wechat.nesting", severity="block", message=message, field="content_html")
            )
        self._drop_unsupported()
        self._rename()
        self._pictures()
        self.references: References = take_links(self.root)
        self.body.notes += self.references.notes()
        self._strip_attributes()
        if not keep_styles:
            self._drop_empty()
        self.body.characters = len(re.sub(r"\s", "", self.root.text_content()))

    def themed(self, look: Look) -> Body:
        self.root.set("class", "root")
        self._tell_before(look)
        self.body.notes += fit_tables(self.root, look.tables)
        if look.source:
            self.root.append(element("p", "source", f"来源：{look.source}"))
        if look.label:
            self.root.append(element("p", "source", look.label))
        self.references.append_to(self.root)
        styles = theme.css(look.theme)
        self.body.html = _guarded(
            css_inline.inline_fragment(serialised(self.root), styles, load_remote_stylesheets=False)
        )
        return self.body

    def as_written(self) -> Body:
        self.references.append_to(self.root)
        inner = (self.root.text or "") + "".join(serialised(child, tail=True) for child in self.root)
        self.body.html = _guarded(inner)
        return self.body

    def _tell_before(self, look: Look) -> None:
        """What a reader should see first: the box of an emergency, else how long the text is."""
        first: list[HtmlElement] = []
        if look.brief is not None and look.brief.said:
            first.append(opening.lead_box(look.brief))
        article = look.article or self.body
        if look.reading_time and article.characters:
            first.append(opening.reading_line(article.characters, len(article.pictures)))
            self._note("reading_time", "文首写明字数和大约的阅读时间。")
        if first:
            first[-1].tail, self.root.text = self.root.text, None
            self.root[:0] = first

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

    def _strip_attributes(self) -> None:
        for node in self.root.iter():
            align = alignment(node)
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
            if not text_of(node) and next(node.iter("img", "br", "hr"), None) is None:
                node.drop_tree()
        for node in list(self.root.iter("span")):
            if not node.attrib:
                node.drop_tag()


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


def has_content(html: str) -> bool:
    """Whether a reader would see anything: text or a picture."""
    return "<img " in html or bool(re.sub(r"<[^>]*>|&nbsp;|\s", "", html))
