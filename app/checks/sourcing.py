"""Whose words and whose pictures: reposts that name no source, maps without their number. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.checks.wording import key_of
from connectors.values import Problem

# "禁止转载", "欢迎转载" are no reposts; a line "来源：" is one, "资金来源：" is not.
_REPOST = re.compile(
    r"(?:转载自|转载于|(?:本文|本稿|稿件|文章|内容)(?:转自|摘自|转载)|^[（(【\[]?(?:(?:信息|稿件|文章|内容)?来源|转自|摘自)[:：])",
    re.MULTILINE,
)
_MAP = re.compile(r"地图|区划图|疆域图|版图|地形图|水系图|交通图")
_MAP_NUMBER = re.compile(r"审图号|[A-Z\u4e00-\u9fff]{1,2}S[（(〔\[]\d{4}[）)〕\]]\d+号")


def reposts(body: str, source: str) -> list[Problem]:
    """国办发〔2018〕123号: what is taken over comes from named sources only. `body` is the plain text."""
    found = None if source.strip() else _REPOST.search(body)
    if found is None:
        return []
    message = f"正文写着“{found.group().strip()}”，“信息来源”却没有填写。转载须注明来源，且只转载规定稿源的内容。请填写信息来源；不是转载的，请写明理由。"
    return [_problem("source.missing", body, message, found.start(), found.end())]


def maps(body: str, descriptions: Sequence[str], ticked: Sequence[str] = ()) -> list[Problem]:
    """地图管理条例 第十五、二十一条: a public map bears its number. `descriptions` are those of the pictures, `ticked` of the
    pictures among them that the author called maps."""
    shown = [*ticked, *(text for text in descriptions if _MAP.search(text) and text not in ticked)]
    if not shown or _MAP_NUMBER.search(body) or any(_MAP_NUMBER.search(text) for text in shown):
        return []
    named = f"配图“{shown[0]}”" if shown[0] else "有一张配图"
    what = f"{named}{'标为' if ticked else '像是'}地图"
    message = f"{what}，正文和图片说明里没有审图号。公开的地图须经审核并标注审图号，街区图、景区图等简单地图除外。请注明审图号；不需要的，请写明理由。"
    # Explained for these pictures, not for those that come later.
    return [_problem("map.number", "\0".join(shown), message, None, None)]


def _problem(rule: str, text: str, message: str, start: int | None, end: int | None) -> Problem:
    key = key_of(rule, "body", text, start or 0)
    return Problem(rule=rule, severity="warn", field="body", start=start, end=end, message=message, key=key)
