"""The line under a headline, "来源：… 作者：… 发布时间：… 浏览次数：…": what of it has a field in a post."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SOURCE = ("信息来源", "文章来源", "稿件来源", "新闻来源", "来源", "稿源")
_AUTHOR = ("文章作者", "作者", "撰稿", "撰文", "记者")
_DATE = ("发布时间", "发布日期", "发文日期", "成文日期", "更新时间", "日期", "时间")
_STAFF = ("责任编辑", "责编", "编辑", "审核", "校对")
# Said for the web page's own sake.
_OTHER = (
    "浏览次数", "浏览量", "阅读次数", "阅读量", "点击数", "点击量", "访问量", "字体大小", "字体", "字号", "分享到", "分享",
    "栏目",
)  # fmt: skip
_LABEL = re.compile(
    r"[【\[（(]?\s*("
    + "|".join(sorted((*_SOURCE, *_AUTHOR, *_DATE, *_STAFF, *_OTHER), key=len, reverse=True))
    + r")\s*[】\])）]?\s*[：:]"
)
DATE = re.compile(r"(?:19|20)\d\d\s*[-年/.]\s*\d{1,2}\s*[-月/.]\s*\d{1,2}\s*日?(?:\s*\d{1,2}:\d\d(?::\d\d)?)?")
_WORDS = re.compile(r"打印(?:本页)?|关闭(?:窗口)?|收藏|下载|[大中小]{1,3}|次|默认|分享")
_EDGES = " \t\r\n\xa0　,，;；、|｜/·-"
_BRACKETS = {"）": "（", ")": "(", "】": "【", "]": "["}
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Byline:
    source: str = ""
    author: str = ""
    date: str = ""
    # What else it says that a reader of the article may miss, e.g. 责任编辑.
    rest: str = ""


def read_byline(text: str) -> Byline | None:
    """The parts of a line that is nothing but such a line; None for any other."""
    text = re.sub(r"\s+", " ", text).strip()
    found = list(_LABEL.finditer(text))
    if not text or len(text) > _LONGEST or "。" in text:
        return None
    if not found:
        return Byline(date=text) if DATE.fullmatch(text) else None
    parts: dict[str, str] = {}
    rest: list[str] = []
    dates = DATE.findall(text)
    if _plain(text[: found[0].start()]):
        return None
    for label, following in zip(found, [*(item.start() for item in found[1:]), len(text)], strict=True):
        value = _plain(text[label.end() : following])
        kind = _kind(label.group(1))
        if kind == "rest":
            rest += [f"{label.group(1)}：{value}"] if label.group(1) in _STAFF and value else []
        elif value:
            parts.setdefault(kind, value)
    if len(parts.get("source", "")) > 60 or len(parts.get("author", "")) > 60:
        return None
    return Byline(
        source=parts.get("source", ""),
        author=parts.get("author", ""),
        date=dates[0] if dates else "",
        rest="；".join(rest),
    )


def _kind(label: str) -> str:
    if label in _SOURCE:
        return "source"
    if label in _AUTHOR:
        return "author"
    return "date" if label in _DATE else "rest"


def _plain(value: str) -> str:
    """A value without dates, buttons, edges, and a bracket that was opened before it."""
    words = (word.strip(_EDGES) for word in re.split(r"[\s|｜【】\[\]]+", DATE.sub(" ", value)))
    value = " ".join(word for word in words if word and not _WORDS.fullmatch(word))
    opening = _BRACKETS.get(value[-1:])
    return value[:-1].strip(_EDGES) if opening and opening not in value else value
