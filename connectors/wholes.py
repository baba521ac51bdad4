"""What is never cut in two, whatever stands around it: links and mail addresses, numbers with their units, emoji. Pure.

Every pattern is read through once, from left to right: what it looks back on keeps it from starting anew within a run.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from connectors.text import URL

# Bare, as people write them into a text: zwfw.qinglan.gov.cn/item?id=3, wb@qinglan.gov.cn. Chinese may touch both ends;
# the punctuation that ends a clause is not theirs.
_HOST = r"(?:[A-Za-z0-9-]++\.)+[A-Za-z]{2,}+"
_PATH = r"(?::\d{2,5})?(?:[/?#][A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*(?<![.,;:!?'\")\]]))?"
_BARE = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@{_HOST}{_PATH}|(?<![A-Za-z0-9.-]){_HOST}{_PATH}", re.ASCII
)

_D = "0-9０-９"
_H = "〇零一二两三四五六七八九十百千万亿"
_UNITS = (
    r"(?:平方(?:公里|千米|米|厘米)|立方(?:米|厘米)|公里|千米|毫米|厘米|分米|海里|米|公斤|千克|毫克|微克|克|公顷|吨|亩|毫升|升"
    r"|千瓦时|兆瓦时|吉瓦时|瓦时|兆瓦|吉瓦|千瓦|瓦|千伏安|伏安|千伏|伏|千卡|卡路里|大卡|兆帕|千帕|帕|兆赫|赫兹|分贝|摄氏度|度|℃|美元|欧元|港元|元|角|人次|户次|车次|户|个百分点|百分点|个|小时|分钟|时|点|分|秒"
    r"|年度|年|月|日|号|天|周岁|周|岁|季度|级|倍|成|%|％|‰|例|人|名|位|件|台|套|辆|次|所|家|项|条|艘|架|头|只|株|棵|吨"
    r"|楼|层|室|栋|幢|单元|路|站|期|届|批|章|节|款|篇|页|种|类|起|宗|处|座|座|间|张|份|笔|场)"
)
_PER = rf"(?:[/／每]{_UNITS})?"
_ROUND = r"[余多来几半]?"
# 1,234,567 and 1，234 as well, 12．5, 16:40, 2026-07-12, 0599 1234 5678, 1∶2.5, then 万 or 亿, then what is counted.
_DIGITS = (
    rf"[￥¥$€+\-−±－]?[{_D}]+(?:[,，][{_D}]{{3}}(?![{_D}]))*(?:[.．:：/／∶~～—–－\- ×][{_D}]+)*[⁰¹²³⁴-⁹]*"
    rf"{_ROUND}[十百千万亿]{{0,2}}{_ROUND} ?{_UNITS}?{_PER}"
)
_HAN = rf"第?(?:[{_H}]{{1,40}}分之)?[{_H}]{{1,40}}(?:点[{_H}]{{1,40}})?{_ROUND}{_UNITS}?{_PER}"
_NUMBERS = re.compile(
    rf"[〔（(\[［][{_D}]{{4}}[〕）)\]］]第?[{_D}]+号|[\u4e00-\u9fff][A-Z]·?[A-Z0-9]{{5,6}}|(?<![{_D}])第?{_DIGITS}(?:{_DIGITS})*|(?<![{_H}]){_HAN}(?:{_HAN})*"
)
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")


def spans(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of each; some lie within others."""
    for pattern in (URL, _BARE, _NUMBERS, _FLAG):
        yield from (found.span() for found in pattern.finditer(text))


def joins(char: str) -> bool:
    """Whether `char` belongs to the grapheme before it: a combining mark, a joiner, a variation selector, a skin tone, the
    letters of a flag's tag; a raised or lowered sign belongs to its number."""
    return (
        char in "\u200d\u0e33\u0eb3·"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
        or "\u1160" <= char <= "\u11ff"
        or "\u2070" <= char <= "\u209f"
        or char in "¹²³"
        or unicodedata.category(char)[0] == "M"
    )
