"""What WeChat keeps of an article's HTML (field consensus; the platform documents only scripts and outside pictures).

Dropped: script, style, iframe, forms; class, id and event attributes; `position` and CSS variables; outside links (their
text stays); pictures that are not on mmbiz.qpic.cn. What needs no change is kept byte by byte.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

GONE_WITH_CONTENT = {"script", "style", "iframe", "object", "noscript", "textarea", "select", "template"}
GONE = {"form", "input", "button", "embed", "link", "meta", "base", "html", "head", "body", "frame", "frameset"}
VOID = {"img", "br", "hr", "input", "embed", "link", "meta", "base", "frame", "col", "wbr"}
PICTURE_HOSTS = ("mmbiz.qpic.cn", "mmbiz.qlogo.cn")
Attributes = list[tuple[str, str | None]]


def filtered(html: str) -> str:
    """The article as WeChat stores and shows it."""
    keeper = _Keeper()
    keeper.feed(html)
    keeper.close()
    return "".join(keeper.kept)


class _Keeper(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self._inside = 0  # how deep in elements that go with their content
        self._links: list[bool] = []  # for each open <a>, whether it was kept

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if tag in GONE_WITH_CONTENT:
            self._inside += 1
            return
        if self._inside or tag in GONE:
            return
        if tag == "a":
            self._links.append(_stays(dict(attrs).get("href")))
            if not self._links[-1]:
                return
        if tag == "img" and not _is_own_picture(dict(attrs)):
            return
        kept = _attributes(attrs)
        self.kept.append(self.get_starttag_text() or "" if kept == attrs else _written(tag, kept))

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        if tag in VOID:
            self.handle_starttag(tag, attrs)
        elif tag not in GONE_WITH_CONTENT:
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in GONE_WITH_CONTENT:
            self._inside = max(0, self._inside - 1)
        elif not self._inside and tag not in GONE | VOID and (tag != "a" or (self._links and self._links.pop())):
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.kept.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def _stays(href: str | None) -> bool:
    """Links within WeChat and within the page stay."""
    return bool(href) and (str(href).startswith("#") or urlsplit(str(href)).hostname == "mp.weixin.qq.com")


def _is_own_picture(attrs: dict[str, str | None]) -> bool:
    source = attrs.get("src") or attrs.get("data-src") or ""
    return urlsplit(source).hostname in PICTURE_HOSTS


def _attributes(attrs: Attributes) -> Attributes:
    kept: Attributes = []
    for name, value in attrs:
        if name in ("class", "id") or name.startswith("on"):
            continue
        if name == "style":
            value = _style(value or "")
            if not value:
                continue
        kept.append((name, value))
    return kept


def _style(style: str) -> str:
    declarations = style.split(";")
    dropped = [each for each in declarations if not _declaration_stays(each)]
    if not dropped:
        return style
    return ";".join(each for each in declarations if each.strip() and each not in dropped)


def _declaration_stays(declaration: str) -> bool:
    name, _, value = declaration.strip().lower().partition(":")
    if name.strip() == "position" or name.strip().startswith("--"):
        return False
    return "var(" not in value and not ("url(" in value and "mmbiz.qpic.cn" not in value)


def _written(tag: str, attrs: Attributes) -> str:
    parts = [tag, *(name if value is None else f'{name}="{escape(value)}"' for name, value in attrs)]
    return f"<{' '.join(parts)}>"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain(html: str) -> str:
    """The words of an article, spaces folded."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.parts).split())


BREAKING = {"br", "p", "div", "section", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"}


class _Lines(HTMLParser):
    """Words with the line breaks that the mark-up made."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self._inside += tag in GONE_WITH_CONTENT
        if tag == "br":
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in GONE_WITH_CONTENT:
            self._inside = max(0, self._inside - 1)
        elif tag in BREAKING and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(data)


def pictured_text(text: str) -> str:
    """The words under a picture article: every element goes, line breaks stay; text without mark-up is unchanged."""
    if "<" not in text and "&" not in text:
        return text
    reader = _Lines()
    reader.feed(text)
    reader.close()
    return "".join(reader.parts).strip("\n")
