"""Adapting a post to one WeChat article: fields, limits, cover, delivery, and what the author overrode by hand.

Limits (draft/add): title 32, author 16, digest 128 characters, content under 20 000 characters counting every tag and
under 1 MB, content_source_url 1 KB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from html import escape
from typing import Any

from connectors import labels, raised, urgent
from connectors.base import MediaStore
from connectors.text import Document, read
from connectors.urgent import Brief
from connectors.values import AccountConfig, Adaptation, Content, Length, Note, Problem
from connectors.wechat import adapt, theme
from connectors.wechat.pictures import choose_cover, fit, override_cover
from connectors.wechat.summary import DIGEST, digest_of

TITLE, AUTHOR, CONTENT_CHARS, CONTENT_BYTES, SOURCE_URL_BYTES = 32, 16, 20_000, 1_000_000, 1024
# An address at mmbiz.qpic.cn is longer than /media/{sha256}: room kept for each picture.
UPLOADED_URL_CHARS = 160
TAG_NAME = 30
_MEDIA_URL_CHARS = len("/media/") + 64
_TAG = re.compile(r"</?[a-zA-Z]")
_NAMES = {
    "title": "标题", "author": "作者", "digest": "摘要", "content_html": "正文", "cover": "封面", "comments": "留言开关",
    "delivery": "发布方式", theme.THEME: "版式", theme.READING: "阅读时间", theme.TABLES: "宽表格", urgent.BREVITY: "篇幅",
}  # fmt: skip
# The ways that a post may take, by what its account was connected for: the quota that is reserved and the draft that is
# handed over follow the account, so an author may only step down from notifying followers.
_MODES = {"mass": ("mass", "publish"), "publish": ("publish",), "draft": ("draft",)}


def adapt_content(account: AccountConfig, media: MediaStore, content: Content) -> Adaptation:
    """The payload {title, author, digest, content_html, cover, source_url, comments, delivery} with notes and problems."""
    return Adapting(account, media, content).done()


class Adapting:
    """One adapting: an article (图文). `names` are the parts that an author may set by hand, in Chinese."""

    names: Mapping[str, str] = _NAMES

    def __init__(self, account: AccountConfig, media: MediaStore, content: Content) -> None:
        self.account, self.media, self.content = account, media, content
        self.overrides = {k: v for k, v in content.overrides.items() if k in self.names and v is not None}
        self.notes: list[Note] = []
        self.problems: list[Problem] = []
        self.brief: Brief | None = None

    @cached_property
    def document(self) -> Document:
        """What the post's own text says, without what is struck out."""
        return read(self.content.body_html, struck=False)

    def done(self) -> Adaptation:
        title = self.words("title", self.content.title)
        author = self.words("author", self.content.author or str(self.account.settings.get("default_author") or ""))
        if urgent.wants_short(self.content) and "content_html" not in self.overrides:
            self._be_brief()
        body = self._body()
        payload = {
            "title": title,
            "author": author,
            "digest": self._digest(title),
            "content_html": body.html,
            "cover": self._cover(body),
            "source_url": self.content.link,
            "comments": self.comments(),
            "delivery": self.delivery(),
        }
        pictured = self.pictured() or bool(body.pictures)
        self.problems += labels.problems(self.content, read(body.html).text, "content_html", pictured=pictured)
        used = content_length(body.html)
        self._check(payload, used)
        return self.adaptation(payload, used)

    def adaptation(self, payload: dict[str, Any], used: int) -> Adaptation:
        if self.content.tags:
            self.notes.append(Note(kind="tags", message="微信文章没有话题，标签未使用。"))
        for name in self.overrides:
            self.notes.append(Note(kind="override", message=f"{self.names[name]}由拟稿人手工设定。"))
        length = Length(used=used, limit=CONTENT_CHARS, unit="字符")
        return Adaptation(payload=payload, notes=tuple(self.notes), problems=tuple(self.problems), length=length)

    def pictured(self) -> bool:
        """Whether pictures of the author's go along."""
        return self.content.cover is not None or "cover" in self.overrides or bool(self.document.images)

    def label(self) -> str:
        """The label of what was made with AI, "" where nothing was; noted."""
        said = labels.label(self.content, pictured=self.pictured())
        if said:
            self.notes.append(Note(kind="ai_label", message=f"文末写明“{said}”。"))
        return said

    def words(self, name: str, adapted: str) -> str:
        given = self.overrides.get(name, adapted)
        return re.sub(r"\s+", " ", str(given)).strip()

    def _body(self) -> adapt.Body:
        def fitted(sha256: str) -> tuple[str, str] | str:
            found = fit(self.media, sha256)
            return found if isinstance(found, str) else (found[0].sha256, found[1])

        if "content_html" in self.overrides:
            body = adapt.clean_override(str(self.overrides["content_html"]), fit=fitted)
        else:
            html = self._framed()
            # Neither digest, cover nor reading time is made from what stands above and below every article.
            framed = html != self.content.body_html
            own = adapt.read_article(self.content.body_html, fit=fitted) if framed else None
            for look in self._looks(own):
                body = adapt.rewrite(html, fit=fitted, look=look)
                if content_length(body.html) < CONTENT_CHARS:
                    break
            if look.theme == theme.TERSE:
                body.notes.append(Note(kind="theme", message="正文较长，为不超过微信的字符上限改用简洁版式。"))
            if look.brief is not None:
                body.notes.append(urgent.note(look.brief, "文首"))
            if own is not None:
                body.pictures = own.pictures
                body.notes.append(Note(kind="frame", message="已加上账号设置的片头、片尾。"))
        self.notes += body.notes
        self.problems += body.problems
        return body

    def _be_brief(self) -> None:
        """The short form of an emergency post: a box before the text, which stays whole."""
        brief = urgent.brief(self.content, self.document)
        self.problems += urgent.problems(brief, "content_html")
        self.brief = brief if brief.said else None

    def _looks(self, article: adapt.Body | None) -> Iterator[adapt.Look]:
        """The look that was chosen, then others that take fewer characters; `article` as in Look."""
        name = theme.theme_of(self.account, self.content)
        look = adapt.Look(
            theme=name,
            source=self.content.source,
            # An empty article is one, whatever would be said of it.
            label=self.label() if adapt.has_content(self.content.body_html) else "",
            brief=self.brief,
            reading_time=theme.tells_reading_time(name, self.content),
            tables=str(self.overrides.get(theme.TABLES) or ""),
            article=article,
        )
        yield look
        yield replace(look, theme=theme.TERSE)
        if look.tables != theme.KEEP:
            yield replace(look, theme=theme.TERSE, tables=theme.SPLIT)

    def _framed(self) -> str:
        """The body between what the account puts above and below every article; an empty body stays empty."""
        if not adapt.has_content(self.content.body_html):
            return self.content.body_html
        head, foot = (_block(str(self.account.settings.get(name) or "")) for name in ("head_html", "foot_html"))
        return f"{head}{self.content.body_html}{foot}"

    def _digest(self, title: str) -> str:
        if "digest" in self.overrides:
            return self.words("digest", "")
        summary = self.words("digest", self.content.summary)
        own = self.overrides.get("content_html")
        document = self.document if own is None else read(str(own), struck=False)
        told, notes = digest_of(summary, document, title, self.brief)
        self.notes += notes
        if not summary and (said := raised.note(document.raised, told, "摘要")):
            self.notes.append(Note(kind="summary", message=said))
        if not summary and document.struck:
            self.notes.append(Note(kind="summary", message="加了删除线的文字没有写入摘要。"))
        return told

    def _cover(self, body: adapt.Body) -> dict[str, Any]:
        cover = choose_cover(self.account, self.media, self.content, body.pictures)
        given = self.overrides.get("cover")
        if isinstance(given, Mapping):
            cover = override_cover(cover, self.media, given)
        elif given is not None:
            self.block("wechat.cover", "cover", "封面设定不正确。请重新选择封面。")
        self.notes += cover.notes
        self.problems += cover.problems
        return cover.value

    def comments(self) -> bool:
        given = self.overrides.get("comments", bool(self.account.settings.get("comments")))
        if not isinstance(given, bool):
            self.block("wechat.comments", "comments", "留言开关的设定不正确。请重新选择打开或关闭。")
        return given is True

    def delivery(self) -> dict[str, Any]:
        settings = self.account.settings
        delivery: dict[str, Any] = {
            "mode": self.account.mode,
            # Of another shape it is refused below, whoever stored it.
            "audience": settings.get("audience") or {"is_to_all": True},
            "send_ignore_reprint": int(settings.get("send_ignore_reprint") in (True, 1)),
        }
        given = self.overrides.get("delivery")
        if isinstance(given, Mapping):
            delivery.update({k: given[k] for k in delivery if k in given})
        allowed = delivery["mode"] in _MODES.get(self.account.mode, ())
        delivery["audience"] = _tidy_audience(delivery["audience"])
        if not allowed or not _is_delivery(delivery) or not isinstance(given, Mapping | None):
            self.block("wechat.delivery", "delivery", "发布方式或群发对象不正确。请重新选择。")
        elif delivery["mode"] == "mass":
            self.notes.append(Note(kind="audience", message=_audience_words(delivery["audience"])))
        return delivery

    def _check(self, payload: dict[str, Any], used: int) -> None:
        self.check_length("title", payload["title"], TITLE)
        self.check_length("author", payload["author"], AUTHOR)
        self.check_length("digest", payload["digest"], DIGEST)
        if not payload["title"]:
            self.block("wechat.title", "title", "没有标题。请填写标题。")
        if not adapt.has_content(payload["content_html"]):
            self.block("wechat.content", "content_html", "正文是空的。请填写正文。")
        if used >= CONTENT_CHARS or len(payload["content_html"].encode()) >= CONTENT_BYTES:
            message = f"正文连同标签共 {used} 个字符，微信要求少于 {CONTENT_CHARS} 个。请删减正文或表格，或分成两篇。"
            self.block("wechat.content", "content_html", message)
        self.check_source_url(payload["source_url"])

    def check_source_url(self, url: str) -> None:
        if not url:
            self.block(
                "wechat.source_url", "source_url", "没有原文链接，发出后无法核实。请联系系统管理员检查公开网址设置。"
            )
        elif len(url.encode()) > SOURCE_URL_BYTES:
            self.block("wechat.source_url", "source_url", "原文链接超过 1 KB。请联系系统管理员缩短公开网址。")

    def check_length(self, name: str, text: str, limit: int) -> None:
        if len(text) > limit:
            message = f"{self.names[name]}有 {len(text)} 字，微信最多 {limit} 字。请缩短 {len(text) - limit} 字。"
            self.problems.append(
                Problem(
                    rule=f"wechat.{name}", severity="block", message=message, field=name, start=limit, end=len(text)
                )
            )

    def block(self, rule: str, name: str, message: str) -> None:
        self.problems.append(Problem(rule=rule, severity="block", message=message, field=name))


def _block(given: str) -> str:
    """HTML as it is; plain words as a paragraph for each line."""
    if _TAG.search(given):
        return given
    return "".join(f"<p>{escape(line.strip())}</p>" for line in given.splitlines() if line.strip())


def content_length(html: str) -> int:
    """Characters of the content once every /media/{sha256} has become an address of WeChat's."""
    return len(html) + html.count('src="/media/') * (UPLOADED_URL_CHARS - _MEDIA_URL_CHARS)


def _is_delivery(delivery: Mapping[str, Any]) -> bool:
    audience = delivery["audience"]
    if delivery["send_ignore_reprint"] not in (0, 1):
        return False
    if not isinstance(audience, Mapping) or not isinstance(audience.get("is_to_all"), bool):
        return False
    tag, name = audience.get("tag_id"), audience.get("tag_name", "")
    known = isinstance(tag, int) and not isinstance(tag, bool)
    return bool(audience["is_to_all"]) or (known and isinstance(name, str) and len(name) <= TAG_NAME)


def _tidy_audience(audience: object) -> object:
    """Everybody is everybody, whatever tag stands beside it: what is shown must be what is sent."""
    if isinstance(audience, Mapping) and audience.get("is_to_all") is True:
        return {"is_to_all": True}
    kept = ("is_to_all", "tag_id", "tag_name")
    return {name: audience[name] for name in kept if name in audience} if isinstance(audience, Mapping) else audience


def _audience_words(audience: Mapping[str, Any]) -> str:
    if audience["is_to_all"]:
        return "将群发给全部关注者。"
    return f"只群发给标签“{audience.get('tag_name') or audience['tag_id']}”的关注者，其他关注者收不到。"
