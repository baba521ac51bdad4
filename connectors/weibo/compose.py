"""The text of a status: 【title】, the summary or the weightiest sentences, topics where allowed, the link last."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from connectors import gist, raised, urgent
from connectors import text as words
from connectors.cutting import cut
from connectors.pieces import joined
from connectors.values import Content, Note
from connectors.weibo.length import half_units, literal_units
from connectors.weibo.levels import SHORT, Level

_TOPIC = re.compile(r"#([^#\n]+)#")
_NUMBERED = re.compile(r"(?<=[0-9])#")
# Where a text sends its reader to a table that stays behind.
_TO_TABLE = re.compile(r"(?<=见)(?:下列?表格?|[附后]表)(?![0-9一二三四五六七八九十])")


@dataclass
class Draft:
    """A text in the making, with the notes of what was done to it."""

    notes: list[Note] = field(default_factory=list)

    def note(self, kind: str, message: str) -> None:
        self.notes.append(Note(kind=kind, message=message))


def compose(
    content: Content,
    document: words.Document,
    link: str,
    level: Level,
    frame: tuple[str, str] = ("", ""),
    label: str = "",
) -> tuple[str, list[Note]]:
    """The text for this level, and notes; `document` is the post's without what is struck out. Longer than the level's limit only when title, label and link alone are.

    `frame`: what the account puts before and behind every text; left out where title and link leave no room for it.
    `label`: what must be said of the text (connectors.labels); everything else gives way to it.
    """
    draft = Draft()
    content, document = _without_tables(draft, content, document, link)
    room = _room(draft, content, link, level, frame, label)
    text = room.filled(_words(draft, content, document, room))
    if not content.summary.strip() or urgent.wants_short(content):
        if document.struck:
            draft.note("struck", f"正文中加了删除线的文字（{document.struck} 处）未带入微博。")
        if said := raised.note(document.raised, text, "微博"):
            draft.note("raised", said)
    return text, draft.notes


def _room(draft: Draft, content: Content, link: str, level: Level, frame: tuple[str, str], label: str) -> _Room:
    """What stands around the words, noted."""
    # One screen of a phone, whatever the app may carry.
    units = (min(level.limit, SHORT) if urgent.wants_short(content) else level.limit) * 2
    headline = _headline(_clean(draft, content.title, level, "标题"))
    declared = f"（{label}）" if label else ""
    before, behind = _framed(draft, f"{headline}{declared}", link, level, frame, units)
    if label:
        draft.note("ai_label", f"文中写明“{label}”。")
    room = _Room(
        head=f"{before}{headline}",
        topics=_topics(draft, content, level),
        tail=f"{declared}{behind} {link}" if link else f"{declared}{behind}",
        units=units,
        level=level,
    )
    if room.topics and not room.holds("", half_units):
        draft.note("topics", "话题放不下，已省略。")
        room = replace(room, topics="")
    return room


def _words(draft: Draft, content: Content, document: words.Document, room: _Room) -> str:
    """The summary or all of the text where there is room for it, else the short form of an emergency, the weightiest
    sentences, or the first ones."""
    summary, short = content.summary.strip(), urgent.wants_short(content)
    if not summary and any(block.kind == "table" for block in document.blocks):
        draft.note("table", "表格未带入微博，请见链接。")
    told = words.tidy(summary) or _body(content, document, bool(room.tail))
    body = _clean(draft, told, room.level, "正文")
    # An urgent post's own summary rarely says what to do first.
    if room.holds(body, half_units) and not (short and summary):
        if body and not summary:
            draft.note("summary", _told_whole(document, words.drop_links(told)[1]))
        return body
    if short and (said := _brief(draft, content, document, room)):
        return said
    if not summary and room.units <= SHORT * 2 and (said := _heaviest(draft, content, document, room)):
        return said
    if room.holds(body, half_units):
        return body
    if not summary:
        draft.note("summary", "没有摘要，取正文开头的句子。")
    # What is shortened anyway is made to fit literally too: whether the server discounts links is not known.
    kept = cut(body, room.fitting(literal_units)) or cut(body, room.fitting(half_units))
    draft.note(
        "cut", "正文较长，微博只保留前面部分，全文见链接。" if kept else "正文首句放不下，微博只保留标题和链接。"
    )
    return kept


def _told_whole(document: words.Document, addresses: int) -> str:
    """The note for a text that came along whole, or without what a status has no place for."""
    kinds = Counter(block.kind for block in document.blocks)
    left = [f"图注 {kinds['caption']} 条"] if kinds["caption"] else []
    left += ["表格"] if kinds["table"] else []
    left += [f"网址 {addresses} 个"] if addresses else []
    left += [f"加了删除线的文字 {document.struck} 处"] if document.struck else []
    return f"没有摘要，取正文全部文字，除{'、'.join(left)}外。" if left else "没有摘要，取正文全文。"


def _framed(draft: Draft, head: str, link: str, level: Level, frame: tuple[str, str], units: int) -> tuple[str, str]:
    """The account's own words before and behind, cleaned as all are; ("", "") where they do not fit beside title and link."""
    before, behind = (_clean(draft, part, level, name) for part, name in zip(frame, ("片头", "片尾"), strict=True))
    if not before and not behind:
        return "", ""
    if half_units(f"{before}{head}{behind} {link}") > units:
        draft.note("frame", "账号的片头、片尾放不下，已省略。")
        return "", ""
    draft.note("frame", "已加上账号设置的片头、片尾。")
    return before, behind


@dataclass(frozen=True, kw_only=True)
class _Room:
    """What stands around the words, and how much there is for them, in half-width units."""

    head: str
    topics: str
    tail: str
    units: int
    level: Level

    def filled(self, body: str) -> str:
        return f"{self.head}{body}{self.topics}{self.tail}"

    def holds(self, body: str, count: Callable[[str], int]) -> bool:
        return count(self.filled(body)) <= self.units

    def fitting(self, count: Callable[[str], int]) -> Callable[[str], bool]:
        """Whether words fit once the topic marks are gone that Weibo would strip."""
        return lambda body: self.holds(_bare(body, self.level), count)


def _brief(draft: Draft, content: Content, document: words.Document, room: _Room) -> str:
    """The short form of an emergency post; "" when not even its news fits."""
    brief = urgent.brief(content, document)
    for count in (literal_units, half_units):
        shown = urgent.one_screen(brief, room.fitting(count))
        if said := urgent.told(shown):
            draft.notes.append(urgent.note(shown, "微博"))
            draft.note("cut", "其余内容未带入微博，全文见链接。")
            return _bare(said, room.level)
    return ""


def _heaviest(draft: Draft, content: Content, document: words.Document, room: _Room) -> str:
    """The weightiest sentences in their order; "" when weighing tells nothing."""
    found = gist.sentences_of(document, content.title)
    for count in (literal_units, half_units):
        chosen = gist.heaviest(found, content.title, room.fitting(count))
        if chosen:
            draft.note("summary", f"没有摘要，按分量从正文 {found[-1].number} 句中取{gist.numbers(chosen)}。")
            draft.note("cut", "其余内容未带入微博，全文见链接。")
            return _bare(joined(chosen), room.level)
    return ""


def _headline(title: str) -> str:
    if not title or title.startswith("【"):
        return title
    return f"【{title}】"


def _body(content: Content, document: words.Document, linked: bool) -> str:
    """The text as lines: its headings too, without which what stands under them may say the opposite, and the numbers of
    its lists. A heading over nothing but a table says where that is."""
    lines: list[str] = []
    before = ""
    for block in document.blocks:
        # Imported documents say their title once more above the text.
        if block.kind == "caption" or (not lines and block.text == words.tidy(content.title)):
            continue
        if block.kind != "table":
            lines.append(block.written)
        elif before == "heading" and linked:
            lines.append("（表格见链接）")
        before = block.kind
    return "\n".join(lines)


def _without_tables(
    draft: Draft, content: Content, document: words.Document, link: str
) -> tuple[Content, words.Document]:
    """Who is sent to a table is sent to the link, where the table is."""
    if not link or not any(block.kind == "table" for block in document.blocks):
        return content, document
    blocks = tuple(
        block if block.kind == "table" else replace(block, text=_TO_TABLE.sub("链接", block.text))
        for block in document.blocks
    )
    summary = _TO_TABLE.sub("链接", content.summary)
    if blocks != document.blocks or summary != content.summary:
        draft.note("table", "表格不带入微博：文中的“见下表”改为“见链接”。")
    return replace(content, summary=summary), replace(document, blocks=blocks)


def _clean(draft: Draft, text: str, level: Level, part: str) -> str:
    """Without links other than ours, and without topic marks where Weibo would strip them."""
    text, dropped = words.drop_links(words.tidy(text))
    if dropped:
        draft.note("links", f"{part}中的 {dropped} 个网址未带入微博，只保留文章链接。")
    bare = _bare(text, level)
    if bare != text:
        said = f"{part}中的 # 号已去掉（数字后的改为“号”）：本级别应用发出的 #话题# 会被微博过滤。"
        draft.note("topics", said)
    return bare


def _bare(text: str, level: Level) -> str:
    """Without topic marks where Weibo would strip them."""
    if level.topics or not _TOPIC.search(text):
        return text
    # 1#楼 is building one, 1楼 the first floor: a # after a number is read 号, not dropped.
    return _TOPIC.sub(r"\1", _NUMBERED.sub("号", text)).replace("#", "")


def _topics(draft: Draft, content: Content, level: Level) -> str:
    given = [words.tidy(tag).strip("#").replace("\n", " ") for tag in content.tags]
    # A # within would end the topic.
    tags = [tag for tag in (one.replace("#", "") for one in given) if tag]
    if not tags:
        return ""
    if not level.topics:
        draft.note("topics", f"话题未带入微博（{'、'.join(tags)}）：本级别应用不能带 #话题#。")
        return ""
    if any("#" in one for one in given):
        draft.note("topics", "话题中间的 # 号已去掉，否则话题会在那里断开。")
    return "".join(f" #{tag}#" for tag in dict.fromkeys(tags))


def has_topic(text: str) -> bool:
    return _TOPIC.search(text) is not None
