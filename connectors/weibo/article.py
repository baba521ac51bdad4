"""头条文章: a long post as an article of Weibo's own, with a status that announces it. A right beside the app's level.

Chosen by the override "form": "article", or by the account's setting `article_long` for posts whose text is longer than
what its level can carry. The payload is {form, title, digest, content_html, text, images, cover_url, link, delivery}:
`images` is the cover (or nothing), `cover_url` an address at Weibo that serves where no picture can be uploaded.

Source: Toutiao/api (title 32, content 90 000, text 1900 characters; the cover is an address of a picture).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from connectors import labels, urgent
from connectors import text as words
from connectors.base import MediaStore
from connectors.values import AccountConfig, Adaptation, Content, Form, Image, Length, Note, Problem, Severity
from connectors.weibo import compose, links, pictures
from connectors.weibo.adapt import TAGS, clean_html, frame_of, operator_ip, own_images
from connectors.weibo.length import half_units
from connectors.weibo.levels import ARTICLE, SHORT, Level, article_right

STATUS_FORM, ARTICLE_FORM = "status", "article"
FORMS = (Form(key=STATUS_FORM, label="微博"), Form(key=ARTICLE_FORM, label="头条文章"))
TITLE, CONTENT, TEXT = 32, 90_000, 1900
# What an uploaded picture's address may add to the characters of /media/{sha256}.
_ADDRESS_ROOM = 60
_NAMES = {
    "form": "发布形式", "title": "标题", "digest": "导语", "content_html": "正文", "text": "文字", "images": "封面",
    urgent.BREVITY: "篇幅",
}  # fmt: skip
PICTURE = re.compile(r"""<img\b[^>]*?\bsrc=["']/media/([0-9a-f]{64})["'][^>]*>""")

_OPENING = re.compile(r"<([a-z][a-z0-9]*)(?=[\s/>])", re.IGNORECASE)
_ALIGNED = re.compile(r"<[a-z][^<>]*\sstyle=[^<>]*text-align", re.IGNORECASE)
# Nobody misses them: what they hold stays.
_MERE_BOXES = {"figure", "tfoot", "div", "span", "section"}

# Pictures that are not of the library have no address at Weibo and never get one.
_FOREIGN = re.compile(r"""<img\b(?![^>]*?\bsrc=["']/media/[0-9a-f]{64}["'])[^>]*>""")


def is_article(payload: Any) -> bool:
    return bool(payload.get("form") == ARTICLE_FORM)


def chosen(account: AccountConfig, level: Level, content: Content) -> bool:
    """Whether this post becomes an article: the author's word first, else the account's setting for long posts."""
    form = content.overrides.get("form")
    if form is not None:
        return bool(form == ARTICLE_FORM)
    if account.settings.get("article_long") is not True or not article_right(account):
        return False
    if urgent.wants_short(content):
        # One screen that everybody sees at once; an article must be opened.
        return False
    return half_units(words.read(content.body_html).text) > level.limit * 2


def adapt_article(account: AccountConfig, level: Level, media: MediaStore, content: Content) -> Adaptation:
    """The payload of an article; the same content gives the same payload, byte for byte."""
    return _Adapting(account, level, media, content).done()


class _Adapting:
    def __init__(self, account: AccountConfig, level: Level, media: MediaStore, content: Content) -> None:
        self.account, self.level, self.media, self.content = account, level, media, content
        self.overrides = {key: value for key, value in content.overrides.items() if key in _NAMES and value is not None}
        self.notes: list[Note] = []
        self.problems: list[Problem] = []
        self.document = words.read(content.body_html, struck=False)
        self.pictured = False

    @property
    def uploads(self) -> bool:
        """Whether pictures can be brought to Weibo beforehand."""
        return self.level.uploads

    def done(self) -> Adaptation:
        link = links.ascii_link(self.content.link)
        cover = self._cover()
        self.pictured = bool(cover or self.document.images)
        payload: dict[str, Any] = {
            "form": ARTICLE_FORM,
            "title": self._line("title", self.content.title),
            "digest": self._line("digest", self.content.summary),
            "content_html": self._content(),
            "text": self._text(link),
            "images": [{"media_id": image.media_id, "sha256": image.sha256} for image in cover],
            "cover_url": "" if cover else str(self.account.settings.get("article_cover") or ""),
            "link": link,
            "delivery": {"mode": ARTICLE},
        }
        for name, shown in (("text", payload["text"]), ("content_html", words.read(payload["content_html"]).text)):
            self.problems += labels.problems(self.content, shown, name, pictured=self.pictured)
        self._judge(payload)
        if "form" not in self.overrides:
            self.notes.append(Note(kind="form", message="正文较长，按账号设置改发头条文章，并配发一条微博。"))
        self.notes += [Note(kind="override", message=f"{_NAMES[key]}由拟稿人手工设定。") for key in self.overrides]
        used = _counted(payload["content_html"])
        length = Length(used=used, limit=CONTENT, unit="字符")
        return Adaptation(payload=payload, notes=tuple(self.notes), problems=tuple(self.problems), length=length)

    def _line(self, name: str, adapted: str) -> str:
        return re.sub(r"\s+", " ", str(self.overrides.get(name, adapted))).strip()

    def _text(self, link: str) -> str:
        """As short as a status, so that the article is what people open; the link by which it is found again last."""
        if "text" in self.overrides:
            return str(self.overrides["text"]).replace("\r\n", "\n").replace("\r", "\n").strip()
        text, notes = compose.compose(
            self.content,
            self.document,
            link,
            replace(self.level, limit=SHORT),
            frame_of(self.account),
            labels.label(self.content, pictured=self.pictured, short=True),
        )
        self.notes += [note for note in notes if note.kind not in ("cut", "table")]
        return text

    def _cover(self) -> list[Image]:
        offered = pictures.offered(self.content, self.document)
        if "images" in self.overrides:
            offered = pictures.named(own_images(self.overrides["images"], 1, self.problems))
        if not offered:
            return []
        if not self.uploads:
            said = "本级别应用不能把图片传到微博，文章封面用账号设置中的图片地址。"
            self.notes.append(Note(kind="images", message=said))
            return []
        found, notes, problems = pictures.choose(self.media, offered[:1], 1)
        self.notes += notes
        self.problems += problems
        return found

    def _content(self) -> str:
        own = self.overrides.get("content_html")
        written = str(own) if own is not None else self.content.body_html
        body, foreign = _FOREIGN.subn("", clean_html(written))
        self._tell_lost(written, foreign)
        lost = 0

        def place(match: re.Match[str]) -> str:
            nonlocal lost
            image = pictures.fit(self.media, match[1], self.notes, self.problems) if self.uploads else None
            lost += image is None
            return f'<img src="{image.url}">' if image is not None else ""

        body = PICTURE.sub(place, body)
        if lost and not self.uploads:
            said = f"正文中的 {lost} 张图片未带入头条文章：本级别应用不能把图片传到微博，请见文章链接。"
            self.notes.append(Note(kind="images", message=said))
        if self.content.source and own is None:
            body += f"<p>来源：{clean_html(self.content.source)}</p>"
        if own is None and body and (said := labels.label(self.content, pictured=self.pictured)):
            body += f"<p>{said}</p>"
        return body

    def _tell_lost(self, written: str, foreign: int) -> None:
        """What an article does not take, whoever wrote it."""
        if foreign:
            said = f"正文中的 {foreign} 张图片不在素材库中，未带入头条文章。"
            self.notes.append(Note(kind="images", message=said))
        names = sorted({name.lower() for name in _OPENING.findall(written)} - TAGS - _MERE_BOXES)
        if _ALIGNED.search(written):
            names.append("对齐方式")
        if names:
            said = f"头条文章不支持的格式已去掉：{'、'.join(names)}。"
            self.notes.append(Note(kind="format", message=said))

    def _judge(self, payload: dict[str, Any]) -> None:
        title, text = str(payload["title"]), str(payload["text"])
        used = _counted(str(payload["content_html"]))
        if not article_right(self.account):
            said = "账号没有头条文章权限。微博会拒绝这篇文章。请改发普通微博，或联系蓝V客服开通后在账号设置中勾选。"
            self._problem("weibo.article.right", "form", said)
        if not title:
            self._problem("weibo.article.title", "title", "文章标题为空。头条文章必须有标题。请填写标题。")
        elif len(title) > TITLE:
            said = f"文章标题 {len(title)} 字，超过 {TITLE} 字的上限。微博会拒绝。请缩短标题。"
            self._problem("weibo.article.title", "title", said)
        if not words.read(str(payload["content_html"])).text and not PICTURE.search(str(payload["content_html"])):
            self._problem("weibo.article.content", "content_html", "文章正文为空。微博会拒绝。请撰写正文。")
        elif used > CONTENT:
            said = f"文章正文 {used} 字符，超过 {CONTENT} 的上限。微博会拒绝。请删减或分成几篇。"
            self._problem("weibo.article.content", "content_html", said)
        self._judge_text(text, str(payload["link"]))
        if not payload["images"] and not payload["cover_url"]:
            why = "请添加一张图片。" if self.uploads else "请管理员在账号设置中填写“头条文章封面地址”。"
            self._problem("weibo.article.cover", "images", f"文章没有封面。头条文章要求封面是微博上的图片。{why}")
        if not operator_ip(self.account):
            said = "发布人公网地址未知。微博要求随发布提供。请系统管理员设置 TANDEM_EGRESS_IP。"
            self._problem("weibo.rip", "", said)

    def _judge_text(self, text: str, link: str) -> None:
        # UTF-16 units: as many as any way of counting characters gives.
        units = len(text.encode("utf-16-le")) // 2
        if not text:
            self._problem("weibo.empty", "text", "配发微博的文字为空。头条文章要求配一段文字。请填写。")
        elif units > TEXT:
            said = f"配发微博的文字 {units} 字，超过 {TEXT} 字的上限。微博会拒绝。请缩短。"
            self._problem("weibo.length", "text", said)
        if link and not links.stands_in(text, link):
            said = "文字中没有文章链接。万一微博没有答复，系统要靠它核实是否已发出。建议补上链接或重置文字。"
            self._problem("weibo.link.missing", "text", said, "warn")
        if not self.level.topics and compose.has_topic(text):
            said = "文字含 #话题#。微博会把它过滤掉，发出的文字将与审核的不一致。请去掉 # 号。"
            self._problem("weibo.topic", "text", said)

    def _problem(self, rule: str, field: str, message: str, severity: Severity = "block") -> None:
        self.problems.append(Problem(rule=rule, severity=severity, message=message, field=field))


def _counted(content_html: str) -> int:
    """Characters as sent: each picture's address may be longer than ours."""
    return len(content_html) + _ADDRESS_ROOM * len(PICTURE.findall(content_html))
