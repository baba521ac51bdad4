"""The text of a status: 【title】, the summary or the leading sentences, topics where allowed, the link last."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors import text as words
from connectors.values import Content, Note
from connectors.weibo.length import half_units, literal_units
from connectors.weibo.levels import Level

_TOPIC = re.compile(r"#([^#\n]+)#")
_NUMBERED = re.compile(r"(?<=[0-9])#")


@dataclass
class Draft:
    """A text in the making, with the notes of what was done to it."""

    notes: list[Note] = field(default_factory=list)

    def note(self, kind: str, message: str) -> None:
        self.notes.append(Note(kind=kind, message=message))


def compose(
    content: Content, document: words.Document, link: str, level: Level, frame: tuple[str, str] = ("", "")
) -> tuple[str, list[Note]]:
    """The text for this level, and notes. Longer than the level's limit only when title and link alone are.

    `frame`: what the account puts before and behind every text; left out where title and link leave no room for it.
    """
    draft = Draft()
    head = _headline(_clean(draft, content.title, level, "标题"))
    before, behind = _framed(draft, head, link, level, frame)
    head = f"{before}{head}"
    body = _clean(draft, _body(draft, content, document), level, "正文")
    topics = _topics(draft, content, level)
    tail = f"{behind} {link}" if link else behind
    limit = level.limit * 2
    if topics and not _fits(half_units, limit)(f"{head}{topics}{tail}"):
        draft.note("topics", "话题放不下，已省略。")
        topics = ""
    whole = f"{head}{body}{topics}{tail}"
    if half_units(whole) <= limit:
        return whole, draft.notes
    # What is shortened anyway is made to fit literally too: whether the server discounts links is not known.
    rest = f"{topics}{tail}"
    kept = _cut(body, head, rest, _fits(literal_units, limit)) or _cut(body, head, rest, _fits(half_units, limit))
    draft.note(
        "cut", "正文较长，微博只保留前面部分，全文见链接。" if kept else "正文首句放不下，微博只保留标题和链接。"
    )
    return f"{head}{kept}{topics}{tail}", draft.notes


def _framed(draft: Draft, head: str, link: str, level: Level, frame: tuple[str, str]) -> tuple[str, str]:
    """The account's own words before and behind, cleaned as all are; ("", "") where they do not fit beside title and link."""
    before, behind = (_clean(draft, part, level, name) for part, name in zip(frame, ("片头", "片尾"), strict=True))
    if not before and not behind:
        return "", ""
    if not _fits(half_units, level.limit * 2)(f"{before}{head}{behind} {link}"):
        draft.note("frame", "账号的片头、片尾放不下，已省略。")
        return "", ""
    draft.note("frame", "已加上账号设置的片头、片尾。")
    return before, behind


def _cut(body: str, head: str, rest: str, fits: Callable[[str], bool]) -> str:
    return words.cut(body, lambda part: fits(f"{head}{part}{rest}"))


def _fits(count: Callable[[str], int], limit: int) -> Callable[[str], bool]:
    return lambda text: count(text) <= limit


def _headline(title: str) -> str:
    if not title or title.startswith("【"):
        return title
    return f"【{title}】"


def _body(draft: Draft, content: Content, document: words.Document) -> str:
    if content.summary.strip():
        return words.tidy(content.summary)
    kinds = {block.kind for block in document.blocks}
    lines = [block.text for block in document.blocks if block.kind in ("paragraph", "item", "quote")]
    # Imported documents say their title once more above the text.
    while lines and lines[0] == words.tidy(content.title):
        del lines[0]
    if lines:
        draft.note("summary", "没有摘要，取正文开头的句子。")
    if "table" in kinds:
        draft.note("table", "表格未带入微博，请见链接。")
    return "\n".join(lines)


def _clean(draft: Draft, text: str, level: Level, part: str) -> str:
    """Without links other than ours, and without topic marks where Weibo would strip them."""
    text, dropped = words.drop_links(words.tidy(text))
    if dropped:
        draft.note("links", f"{part}中的 {dropped} 个网址未带入微博，只保留文章链接。")
    if not level.topics and _TOPIC.search(text):
        # 1#楼 is building one, 1楼 the first floor: a # after a number is read 号, not dropped.
        text = _TOPIC.sub(r"\1", _NUMBERED.sub("号", text)).replace("#", "")
        said = f"{part}中的 # 号已去掉（数字后的改为“号”）：本级别应用发出的 #话题# 会被微博过滤。"
        draft.note("topics", said)
    return text


def _topics(draft: Draft, content: Content, level: Level) -> str:
    tags = [tag for tag in (words.tidy(tag).strip("#").replace("\n", " ") for tag in content.tags) if tag]
    if not tags:
        return ""
    if not level.topics:
        draft.note("topics", f"话题未带入微博（{'、'.join(tags)}）：本级别应用不能带 #话题#。")
        return ""
    return "".join(f" #{tag}#" for tag in dict.fromkeys(tags))


def has_topic(text: str) -> bool:
    return _TOPIC.search(text) is not None
