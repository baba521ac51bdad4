"""Blanks of a template, {{名称}}: what may stand in them, and a template with them filled in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import escape

from app.errors import Invalid
from app.posts.sanitising import printable
from app.words import N_

KINDS = {
    "text": N_("文字"),
    "datetime": N_("日期和时间"),
    "date": N_("日期"),
    "number": N_("数字"),
    "choice": N_("从几项中选一项"),
}
BLANK = re.compile(r"\{\{\s*([^{}<>\s](?:[^{}<>]{0,28}[^{}<>\s])?)\s*\}\}")
_NUMBER = re.compile(r"-?\d{1,12}(?:\.\d{1,6})?")
_LONGEST = 500


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A template with its blanks filled in; `blocks` as [{"html", "locked"}], a block left empty is left out."""

    title: str
    summary: str
    source: str
    blocks: list[dict[str, Any]]

    @property
    def body_html(self) -> str:
        return "".join(block["html"] for block in self.blocks)


def blanks_in(texts: Iterable[str]) -> list[str]:
    """Names of the blanks, each once, in order."""
    return list(dict.fromkeys(name for text in texts for name in BLANK.findall(text)))


def fill(
    fields: Sequence[Mapping[str, Any]],
    values: Mapping[str, str],
    *,
    title: str,
    summary: str,
    source: str,
    blocks: Sequence[Mapping[str, Any]],
    today: date,
) -> Filled:
    """Raises Invalid naming each field whose value will not do. `today` decides whether a year must be said."""
    words, errors = {}, {}
    for field in fields:
        given = " ".join(printable(str(values.get(field["name"]) or "")).split())
        try:
            words[field["name"]] = _in_words(field, given, today)
        except ValueError as error:
            errors[field["name"]] = [str(error)]
    if errors:
        raise Invalid("稿件没有新建。有的空没有填好。请按各项的提示改正。", errors=errors)
    return Filled(
        title=_put(title, words),
        summary=_put(summary, words),
        source=_put(source, words),
        blocks=[
            {"html": _put_html(block["html"], words), "locked": bool(block["locked"])}
            for block in blocks
            if _said(block["html"], words)
        ],
    )


def _in_words(field: Mapping[str, Any], given: str, today: date) -> str:
    """The value as it stands in a sentence. Raises ValueError with words for the person."""
    if not given:
        if field["required"]:
            raise ValueError("这一项必填。")
        return ""
    kind = field["kind"]
    if len(given) > _LONGEST:
        raise ValueError(f"不能超过 {_LONGEST} 字。")
    if kind == "number" and not _NUMBER.fullmatch(given):
        raise ValueError("请填写数字，如 12 或 3.5。")
    if kind == "choice" and given not in field["choices"]:
        raise ValueError("请从列出的几项中选择。")
    if kind not in ("datetime", "date"):
        return given
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError("请填写完整的日期和时间。" if kind == "datetime" else "请填写完整的日期。") from None
    day = f"{at.month}月{at.day}日" if at.year == today.year else f"{at.year}年{at.month}月{at.day}日"
    if kind == "date":
        return day
    return f"{day}{at.hour}时" + (f"{at.minute}分" if at.minute else "")


def _put(text: str, words: Mapping[str, str]) -> str:
    return BLANK.sub(lambda found: words.get(found[1], found[0]), text)


def _put_html(html: str, words: Mapping[str, str]) -> str:
    return BLANK.sub(lambda found: str(escape(words[found[1]])) if found[1] in words else found[0], html)


def _said(html: str, words: Mapping[str, str]) -> bool:
    """Whether a block says anything: one that is made around blanks which were all left empty does not."""
    names = [name for name in BLANK.findall(html) if name in words]
    return not names or any(words[name] for name in names)
