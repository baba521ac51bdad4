"""Unmasked citizen ids, mobile numbers and bank cards in a text: where, of what kind, and how they read masked. Pure.

Numbers may be written in full-width digits or be parted by blanks, dashes or dots. Digits stand in groups; a number is
a group or several neighbouring ones. Masked numbers (138****1234), landlines and hotlines are none of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from app.checks.numbers import UNION_PAY, is_bank_card, is_citizen_id, is_old_citizen_id, mobile_of, narrow
from app.checks.people import some_name
from app.checks.words import Spans

Kind = Literal["citizen_id", "bank_card", "mobile"]

_GROUP = re.compile(r"\+?\d+[Xx]?")
# Word's optional hyphen and the joiners are seen by nobody; a bracket closes behind the first digits: (138)0013-8000.
_GAP = re.compile(r"^[ \-.·_/)）\u00ad\u200b-\u200d\u2060\ufeff]{1,3}$")
# The last sign of an id, standing apart.
_X_APART = re.compile(r"[ \-.·\u00ad\u200b-\u200d\u2060\ufeff]{1,3}([Xx])(?![A-Za-z0-9])")
# An address is ASCII: Chinese text is often glued to its end.
_URL = re.compile(r"(?:https?://|www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&()*+,;=%|]+", re.IGNORECASE | re.ASCII)
# Behind these a number stands beside the address rather than in it.
_AFTER_ADDRESS = ",;:!()[]|"
_LABEL_BEFORE = re.compile(r"(?:tel|phone|mobile|mob|id|no|wechat|weixin|whatsapp|wx|vx|qq|v)$", re.IGNORECASE)
# Directly behind the digits, and the whole word: "元女士", "万主任", the next line and the next cell are no units.
_AMOUNT_AFTER = re.compile(
    r"[万亿]?(?:(?:[美欧日港]?元|[美欧]分)(?:人民币|整)?|吨|千克|平方(?:千|公)?米|平方公里|立方米|千瓦时?|公里|字节|[万亿])"
    r"(?![\u3400-\u9fff\U00020000-\U0003ffff])"
)
_ID_WORDS = re.compile(r"身份证|证件号|公民身份|居民证|ID\s*card", re.IGNORECASE)
_CARD_WORDS = re.compile(r"银行卡|卡号|储蓄卡|工资卡|银行[账帐][号户]|开户行|收款[账帐][号户]")
# Numbers of orders and documents look like cards of the foreign schemes, and like ids with a slip of the pen.
_ORDER_BEFORE = re.compile(
    r"(?:订单|单号|编号|编码|代码|文号|案号|流水|条码|批号|证号|注册号|登记号|许可|备案|项目|合同|计划|公告|采购|招标|宗地|执照)[^0-9\n]{0,6}$"
)
# The label of this very number, and words about ids in the clause before it.
_ID_LABEL = re.compile(
    r"(?:身份证|证件|公民身份|居民身份证|ID\s*card)件?(?:编号|号码|号)?(?:[（(][^）)\n]{0,8}[）)])?[\s：:为是（(]*$",
    re.IGNORECASE,
)
_ID_BEFORE = re.compile(r"(?:身份证|证件|公民身份|ID\s*card)[^0-9\n。；;，,！!？?]{0,8}$", re.IGNORECASE)
# 投资项目统一代码: year and month, region, kind, branch, running number.
_PROJECT = re.compile(r"(?<!\d)\d{4}-\d{6}-\d{2}-\d{2}-\d{6}(?!\d)")
# Figures with decimals, and what stands behind a decimal point.
_DECIMALS_AFTER = re.compile(r"\.\d{2,6}(?![\d.年月])|\.\d(?=[\t\n]|$)")
# 1. and 12. number the lines of a list; a longitude has three digits, or is called so.
_POINT_BEFORE = re.compile(
    r"(?<![\d.])\d{3}\.$|(?:经|纬|坐标|[XYxy][=＝:：])[^\n]{0,24}(?<![\d.])\d{1,3}\.$|\d{3}\.\d{4,12}[,，] ?\d{2}\.$"
)
# A table whose head gives the unit of its figures, in a text that speaks of no telephone.
_MONEY = re.compile(r"[（(：:]\s*[十百千万亿]*元\s*[)）]?")
# Words of accounts that begin like a surname: 金额, 余额, 成本.
_ACCOUNT_WORD = re.compile(r"[额本计均费款数收支入出金税债息产]$")
_TELEPHONES = re.compile(r"电话|手机|热线|联系|号码")
# How people group a mobile number; anything else of eleven digits in pieces is a table of figures.
_MOBILE_GROUPS = {(11,), (3, 4, 4), (3, 3, 5), (3, 8), (7, 4), (4, 7), (4, 4, 3), (4, 3, 4), (5, 6), (1,) * 11}
_MAX_GROUPS = 19
# Digits of a mobile number, and of the longest bank card.
_SHORTEST, _LONGEST = 11, 19
# The numbers of a text this long are looked for once: attachments stay the same while their post is written.
_LONG = 5_000


@dataclass(frozen=True, kw_only=True)
class Leak:
    """`start`/`end` in the text that was given; `masked` is what may stand there instead."""

    kind: Kind
    start: int
    end: int
    masked: str


@dataclass(frozen=True, kw_only=True)
class _Group:
    start: int
    end: int
    digits: str


@dataclass(frozen=True, kw_only=True)
class _Words:
    """Whether the text speaks of ids or cards: then a number with a wrong check digit is a leak with a slip of the pen."""

    ids: bool
    cards: bool
    # Whether it is one of figures in yuan.
    money: bool


def leaks(text: str) -> list[Leak]:
    """Every leak in `text`, in order, without overlaps."""
    return list(_remembered(text)) if len(text) > _LONG else _found(text)


@lru_cache(maxsize=16)
def _remembered(text: str) -> tuple[Leak, ...]:
    return tuple(_found(text))


def _found(text: str) -> list[Leak]:
    plain = narrow(text)
    money = _MONEY.search(plain) is not None and _TELEPHONES.search(plain) is None
    words = _Words(ids=bool(_ID_WORDS.search(plain)), cards=bool(_CARD_WORDS.search(plain)), money=money)
    groups = [_Group(start=m.start(), end=m.end(), digits=m.group()) for m in _GROUP.finditer(plain)]
    links = Spans(m.span() for m in _URL.finditer(text))
    projects = Spans(m.span() for m in _PROJECT.finditer(plain))
    found: list[Leak] = []
    at = 0
    while at < len(groups):
        taken = 1
        for count, leak in _candidates(plain, groups, at, words):
            inside_link = links.hold(leak.start, leak.start + 1) and text[leak.start - 1] not in _AFTER_ADDRESS
            # Addresses of web pages are full of numbers; only an id proves itself by its own check digit.
            if (not inside_link or leak.kind == "citizen_id") and not projects.hold(leak.start, leak.end):
                found.append(leak)
                taken = count
                break
        at += taken
    return found


def _candidates(text: str, groups: list[_Group], at: int, words: _Words) -> Iterator[tuple[int, Leak]]:
    """What begins at group `at`: the longest first, as (number of groups, leak)."""
    lengths = [len(groups[at].digits)]
    for before, group in pairwise(groups[at : at + _MAX_GROUPS]):
        # "X" ends an id; a line never continues on the next one.
        if lengths[-1] >= _LONGEST or before.digits[-1] in "Xx" or not _GAP.match(text[before.end : group.start]):
            break
        lengths.append(lengths[-1] + len(group.digits))
    for count in range(len(lengths), 0, -1):
        if lengths[count - 1] == 17 and (last := _X_APART.match(text, groups[at + count - 1].end)):
            parts = groups[at : at + count]
            leak = _leak(text, [*parts, _Group(start=last.start(1), end=last.end(), digits="X")], words)
            if leak is not None:
                yield count, leak
        if not _SHORTEST <= lengths[count - 1] <= _LONGEST:
            continue
        leak = _leak(text, groups[at : at + count], words)
        if leak is not None:
            yield count, leak


def _leak(text: str, parts: list[_Group], words: _Words) -> Leak | None:
    start, end = parts[0].start, parts[-1].end
    number = "".join(part.digits for part in parts)
    after = text[end : end + 1]
    if (after.isascii() and after.isalnum()) or after == "_" or not _free_before(text, start):
        return None
    sizes = tuple(len(part.digits) for part in parts)
    called = _called_id(text, start, words)
    if is_citizen_id(number, strict=not called):
        return Leak(kind="citizen_id", start=start, end=end, masked=f"{number[:6]}********{number[-4:]}")
    known = words.cards or _card_like(sizes)
    if known and is_bank_card(number, strict=not words.cards) and not _is_order(text, start, number):
        hidden = "*" * (len(number) - 8)
        return Leak(kind="bank_card", start=start, end=end, masked=f"{number[:4]}{hidden}{number[-4:]}")
    plain = sizes in {(15,), (6, 6, 3)} and not _ORDER_BEFORE.search(text[max(0, start - 16) : start])
    if is_old_citizen_id(number) and (plain or called):
        return Leak(kind="citizen_id", start=start, end=end, masked=f"{number[:6]}******{number[-3:]}")
    mobile = mobile_of(number)
    if mobile and _grouped(parts, sizes, len(number) - 11) and not _is_figure(text, start, end, words):
        return Leak(kind="mobile", start=start, end=end, masked=f"{mobile[:3]}****{mobile[-4:]}")
    return None


def _card_like(sizes: tuple[int, ...]) -> bool:
    """Whether people write a card so: in one, in fours, or in two pieces."""
    return len(sizes) <= 2 or all(size == 4 for size in sizes[:-1]) or set(sizes) == {1}


def _is_figure(text: str, start: int, end: int, words: _Words) -> bool:
    """Whether the digits are an amount: by the unit behind them, by decimals, or by the head of their column."""
    if _AMOUNT_AFTER.match(text, end):
        return True
    if end - start > _SHORTEST:
        # In groups, as nobody writes an amount.
        return False
    if _DECIMALS_AFTER.match(text, end) or _POINT_BEFORE.search(text[max(0, start - 32) : start]):
        return True
    alone = text[max(0, start - 1) : start] in ("", "\t", "\n") and text[end : end + 1] in ("", "\t", "\n")
    if not (words.money and alone):
        return False
    until = text.find("\n", end)
    row = text[text.rfind("\n", 0, start) + 1 : until if until >= 0 else len(text)]
    name = some_name(row, cells=True, home=False)
    return not name or _ACCOUNT_WORD.search(name) is not None


def _called_id(text: str, start: int, words: _Words) -> bool:
    """Whether the words before a number, or a table that has ids, call it an id: then a wrong check digit is a slip."""
    before = text[max(0, start - 24) : start]
    if _ID_LABEL.search(before):
        return True
    if _ORDER_BEFORE.search(before[-16:]):
        return False
    return _ID_BEFORE.search(before) is not None or (words.ids and before[-1:] in ("\t", "\n", " "))


def _is_order(text: str, start: int, number: str) -> bool:
    return not number.startswith(UNION_PAY) and bool(_ORDER_BEFORE.search(text[max(0, start - 16) : start]))


def _grouped(parts: list[_Group], sizes: tuple[int, ...], prefix: int) -> bool:
    """Whether the groups are those of a mobile number, with or without a country code of `prefix` characters."""
    if prefix == 0:
        return sizes in _MOBILE_GROUPS
    if sizes[0] == prefix:
        return sizes[1:] in _MOBILE_GROUPS
    return (sizes[0] - prefix, *sizes[1:]) in _MOBILE_GROUPS


def _free_before(text: str, start: int) -> bool:
    """A number does not begin in the middle of a code such as AB12 or t20260712_139…; behind "Tel" it does."""
    before = text[max(0, start - 1) : start]
    if not before or not ((before.isascii() and before.isalnum()) or before == "_"):
        return True
    return bool(_LABEL_BEFORE.search(text[max(0, start - 8) : start]))
