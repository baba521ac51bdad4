"""The article of a web page: title, source, date, author, body; what stands around it is left out.

Government sites name the parts of an article in <meta> (国办发〔2017〕47号 附件: ArticleTitle, PubDate, ContentSource) and
keep the body in a box that the usual publishing systems call by a few names; other pages are weighed by their text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

from app.posts.byline import Byline, read_byline
from app.posts.foreign import find_pictures
from app.posts.nesting import refuse_bottomless
from app.posts.titles import inner_html

_BODIES = (
    "UCAP-CONTENT", "TRS_UEDITOR", "trs_editor_view", "TRS_Editor", "pages_content", "js_content", "zoom", "vsb_content",
    "v_news_content", "wp_articlecontent", "article-content", "article_content", "articleContent", "news_content",
    "newsContent", "article-con", "article_con", "artibody", "content_text", "conTxt", "detail-content", "ContentText",
)  # fmt: skip
_NOISE = re.compile(
    r"share|print|close|related|recommend|breadcrumb|crumb|position|pager|pagination|prev|next_|qrcode|ewm|erweima|toolbar"
    r"|sidebar|comment|copyright|footer|fontsize|font-size|hot-news|xgwz|xglj",
    re.IGNORECASE,
)
_NOISE_WORDS = re.compile(
    r"^(?:上一篇|下一篇|上一条|下一条|相关(?:链接|新闻|文章|报道)|扫一扫|【?打印(?:本页)?】?|【?关闭(?:窗口|本页)?】?|分享到|返回顶部|我要纠错)"
    r".{0,60}$"
)
_TITLE_ENDS = re.compile(r"\s*[-_|｜–—]+\s*")
_FILES = re.compile(r"\.(?:docx?|xlsx?|pptx?|pdf|wps|et|zip|rar|ofd)(?:[?#]|$)", re.IGNORECASE)
_SHORTEST, _LONGEST_BYLINE = 20, 200
_COMMENTS = re.compile(r"^\s*<\?xml[^>]*\?>")


@dataclass(frozen=True, kw_only=True)
class Article:
    """`body_html` has absolute addresses and is not cleaned yet; `notes` in Chinese say what was left out."""

    title: str
    body_html: str
    source: str = ""
    author: str = ""
    date: str = ""
    notes: list[str] = field(default_factory=list)


def extract(html: str, url: str) -> Article | None:
    """None where nothing looks like the text of an article. Raises Invalid for a page too deep to be read."""
    try:
        refuse_bottomless(html)
        deep = lxml_html.HTMLParser(huge_tree=True)
        page: HtmlElement = lxml_html.document_fromstring(_COMMENTS.sub("", html), parser=deep, base_url=url)
    except (etree.ParserError, ValueError):
        return None
    for node in list(page.iter("script", "style", "noscript", "template")):
        if isinstance(node, lxml_html.HtmlElement):
            node.drop_tree()
    about = _about(page)
    body = _body(page)
    if body is None:
        return None
    title = _title(page, about)
    line = _byline(page)
    dropped = _drop_noise(body, title)
    find_pictures(body)
    body.make_links_absolute(url, resolve_base_href=True, handle_failures="ignore")
    return Article(
        title=title,
        body_html=inner_html(body),
        source=about.get("contentsource", "") or line.source,
        author=about.get("author", "") or line.author,
        date=about.get("pubdate", "") or line.date,
        notes=_notes(body, dropped),
    )


def _about(page: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in page.iter("meta"):
        name = (node.get("name") or node.get("property") or "").strip().lower()
        value = " ".join((node.get("content") or "").split())
        if name and value:
            found.setdefault(name, value)
    return found


def _title(page: HtmlElement, about: dict[str, str]) -> str:
    headings = [" ".join(node.text_content().split()) for node in page.iter("h1")]
    headings = [text for text in headings if text]
    whole = " ".join("".join(page.xpath("//title//text()")).split())
    named = about.get("articletitle") or (headings[0] if len(headings) == 1 else "") or about.get("og:title", "")
    return (named or _TITLE_ENDS.split(whole)[0])[:200]


def _body(page: HtmlElement) -> HtmlElement | None:
    names: dict[str, HtmlElement] = {}
    for node in page.iter("div", "td", "section", "article"):
        for name in (node.get("id") or "", *(node.get("class") or "").split()):
            if name and name.lower() not in names and _fills(node):
                names[name.lower()] = node
    for name in _BODIES:
        if name.lower() in names:
            return names[name.lower()]
    articles = [node for node in page.iter("article") if _fills(node)]
    return articles[0] if len(articles) == 1 else _weightiest(page)


def _fills(node: HtmlElement) -> bool:
    return len(" ".join(node.text_content().split())) >= _SHORTEST or next(node.iter("img"), None) is not None


def _weightiest(page: HtmlElement) -> HtmlElement | None:
    """The box that holds most of the running text; each paragraph counts for its box, half for the box around it."""
    weights: dict[HtmlElement, float] = defaultdict(float)
    for node in page.iter("p", "td", "div", "pre", "blockquote"):
        own = _own_text(node)
        box = node.getparent() if node.tag in ("p", "pre", "blockquote") else node
        if len(own) < _SHORTEST or box is None:
            continue
        weight = 1 + own.count("，") + own.count("。") + min(len(own) / 100, 3)
        weights[box] += weight
        if (around := box.getparent()) is not None:
            weights[around] += weight / 2
    ranked = sorted(weights, key=lambda box: weights[box] * (1 - _link_share(box)), reverse=True)
    best = next((box for box in ranked if box.tag not in ("html", "body")), ranked[0] if ranked else None)
    return best if best is not None and len(best.text_content().strip()) >= 3 * _SHORTEST else None


def _own_text(node: HtmlElement) -> str:
    """What stands in a paragraph, or directly in a box."""
    if node.tag in ("p", "pre", "blockquote"):
        return " ".join(node.text_content().split())
    return " ".join(" ".join([node.text or "", *(child.tail or "" for child in node)]).split())


def _link_share(box: HtmlElement) -> float:
    whole = len(box.text_content().strip()) or 1
    return min(1.0, sum(len(link.text_content().strip()) for link in box.iter("a")) / whole)


def _byline(page: HtmlElement) -> Byline:
    """The first line that names a source; the smallest box that says it."""
    best = Byline()
    for node in page.iter("p", "div", "span", "li", "td", "h5", "h6"):
        text = " ".join(node.text_content().split())
        if not 4 <= len(text) <= _LONGEST_BYLINE or ("来源" not in text and "发布" not in text and "作者" not in text):
            continue
        found = read_byline(text)
        if found is not None:
            best = Byline(
                source=best.source or found.source, author=best.author or found.author, date=best.date or found.date
            )
        if best.source:
            break
    return best


def _drop_noise(body: HtmlElement, title: str) -> int:
    """Take out what belongs to the page, not to the article; how many pieces."""
    dropped = 0
    for node in list(body.iterdescendants()):
        if not isinstance(node.tag, str) or all(up is not body for up in node.iterancestors()):
            continue
        text = " ".join(node.text_content().split())
        named = f"{node.get('class') or ''} {node.get('id') or ''}"
        box = node.tag in ("div", "ul", "section", "aside", "nav", "header", "footer", "p", "span", "table")
        own_title = node.tag in ("h1", "h2") and text == title
        if (
            own_title
            or node.tag in ("nav", "aside", "footer")
            or (box and (_noisy(named, node) or _NOISE_WORDS.match(text)))
        ):
            dropped += not own_title
            node.drop_tree()
    return dropped


def _noisy(named: str, node: HtmlElement) -> bool:
    return bool(_NOISE.search(named)) and len(node.text_content().strip()) < _LONGEST_BYLINE * 2


def _notes(body: HtmlElement, dropped: int) -> list[str]:
    notes = ["只取了网页的正文，页头、导航、相关链接等没有带入，请与原网页核对。"]
    if dropped:
        notes.append(f"正文里另有 {dropped} 处分享、打印、上下篇之类的内容，没有带入。")
    files = {link.get("href") for link in body.iter("a") if _FILES.search(link.get("href") or "")}
    if files:
        notes.append(
            f"正文链接了 {len(files)} 个附件文件，只保留链接，没有下载。需要作附件的，请下载后在“附件”处上传。"
        )
    return notes
