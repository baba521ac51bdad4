"""Homes of people in a text: a place down to its door beside a private name, and the landline there. Pure.

A home is an address with a number of a house, block or room that stands in one sentence, or in one row of cells parted by
tabs, with a name that is somebody's own: 张某某, 户主王小明, 王小明，男, a cell below 姓名. Addresses of offices,
businesses and places where people are asked to go are none, nor are landlines anywhere else: hotlines are normal.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

from app.checks.numbers import narrow
from app.checks.people import lists_people, some_name

_HAN = "\u3400-\u9fff"
_DIGITS = r"[A-Za-z]?\d{1,5}(?:[\-~～]\d{1,5}){0,2}"
# A house, a block, a room: 88号, 3幢2单元501室, 甲5号, 3-2-501.
_DOOR = re.compile(
    rf"(?<![\dA-Za-z.*])(?:(?:{_DIGITS}|[〇零一二三四五六七八九十百]{{1,4}}|[甲乙丙丁]\d{{0,3}}) ?"
    r"(?P<unit>号楼|号院|号|幢|栋|单元|室)|[A-Za-z0-9]{1,2}座|\d{1,3}-\d{1,3}-\d{2,5}(?![\d\-]))"
)
# What may stand right before "88号": a road or a settlement. A date, a document or a ranking has none.
_ROAD = re.compile(r"(?:路|街|道|巷|弄|胡同|里|村|屯|庄|组|坊|区|苑|园|湾|坪|坡|塘|镇|乡|院|沟|坝)[东南西北中]?段? ?$")
_AREA = re.compile(
    rf"[{_HAN}](?:省|市|区|县|旗|镇|乡|街道|街|路|道|巷|弄|胡同|里|村|屯|庄|组|苑|园|城|府|湾|院|公寓|家园|宿舍)"
)
_RUN = re.compile(rf"[{_HAN}0-9A-Za-z()（）·\-# ]*$")
_TAIL = re.compile(rf"[{_HAN}0-9A-Za-z()（）]{{0,16}}")
# Between two parts of one address: 88号(阳光花园)3幢.
_WITHIN = re.compile(rf"[{_HAN}()（）# ]{{0,12}}")
_HOME = re.compile(
    r"家庭[住地]址|住址|居住(?!证)|户籍(?!办|窗)|户口所在|(?<![入记居])住(?![宅所建房院户证])|(?<![国大专公])家[住中里]|家属[院区楼]|宿舍|自建房|老宅|宅基地"
)
_OFFICES = (
    r"(?:局|厅|委员会|村委|居委|党委|政府|办公|办事|中心|服务|窗口|公司|集团|工厂|厂房|厂区|医院|诊所|药[店房]|学校|[中小大]学|学院|幼儿园|"
    r"法院|检察院|派出所|支队|大队|公安|[事税生法究]所|银行|酒店|宾馆|饭店|餐馆|餐厅|商[场铺店城行]|门[店市]|超市|市场|网点|大厦|广场|"
    r"写字楼|车站|工作站|协会|学会|基金会|党校|图书馆|博物馆|体育馆|文化馆|纪念馆|展览馆|礼堂|会议|考[点场]|机关|单位|仓库|工地|社(?!区)|[店馆厂]"
    rf"(?![{_HAN}]))"
)
_OFFICE = re.compile(_OFFICES)
_OFFICE_LAST = re.compile(rf"{_OFFICES}[{_HAN}]?$")
_OFFICE_LABEL = (
    r"(?:办公|办理|办事|领取|报名|通讯|通信|收件|邮寄|来信|来访|接待|单位|公司|注册|经营|生产|项目|施工|工程|建设|事发|案发|活动|考试|面试|报到|"
    rf"集合|接种|检测|投票|开庭|现场|营业|咨询|受理|投诉|举报)[{_HAN}]{{0,4}}(?:地址|地点|场所|处)[:：为是]?"
)
_LABELLED = re.compile(_OFFICE_LABEL + "$")
_LABEL_FIRST = re.compile(_OFFICE_LABEL)
_PLAIN_LABEL = re.compile(r"(?:地址|地点|住所)[:：为是]?$|(?:位于|地处|坐落于|坐落在|设在)$")
_SEPARATORS = "（(，,：:；; 　\t"
_WORKPLACE = re.compile("工作|任职|就业|就读|供职|原")
_LANDLINE = re.compile(
    r"(?<![\d*.\-])(?:0\d{2,3}|\(0\d{2,3}\))[\- ]?[2-8]\d{2,3}[\- ]?\d{4}(?![\d*])"
    r"|(?<=[电机话][:：\t ])[2-8]\d{2,3}[\- ]?\d{4}(?![\d*])"
)
_SENTENCE = re.compile(r"[^。！？；!?;\n]+")
_SOME_DIGIT = re.compile(r"[0-9〇零一二三四五六七八九十百甲乙丙丁A-Za-z]+")
_LINES_BEFORE, _LINES_AFTER = 2, 1
_LONG = 5_000
# How far back in a sentence an office may be named whose address follows.
_LOOK_BACK = 200


@dataclass(frozen=True, kw_only=True)
class Home:
    """`start`/`end`: the door's number, or the landline; `masked` is what may stand there instead, `who` the name beside
    it, `where` the place without its door."""

    kind: Literal["address", "landline"]
    start: int
    end: int
    masked: str
    who: str
    where: str


@dataclass(frozen=True, kw_only=True)
class _Place:
    """An address: where its words begin, its door from `door` to `end`, and how far its clause goes on."""

    start: int
    door: int
    end: int
    tail: int


@dataclass(frozen=True, kw_only=True)
class _Table:
    """What the head of the rows says: that they list people by name, that they tell their homes, and each column's words."""

    names: bool = False
    homes: bool = False
    columns: tuple[str, ...] = ()

    def head(self, column: int) -> str:
        return self.columns[column] if column < len(self.columns) else ""


def homes(text: str) -> list[Home]:
    """Every home in `text` and the landlines beside it, in order."""
    return list(_remembered(text)) if len(text) > _LONG else _found(text)


@lru_cache(maxsize=16)
def _remembered(text: str) -> tuple[Home, ...]:
    return tuple(_found(text))


def _found(text: str) -> list[Home]:
    text = narrow(text)
    if not _DOOR.search(text):
        return []
    found: list[Home] = []
    table = _Table()
    lines = [(line.start(), line.end()) for line in re.finditer(r"[^\n]+", text)]
    for number, (begin, stop) in enumerate(lines):
        row = "\t" in text[begin:stop]
        if row and lists_people(text[begin:stop]):
            columns = tuple(text[begin:stop].split("\t"))
            table = _Table(names=True, homes=bool(_HOME.search(text, begin, stop)), columns=columns)
        around = text[lines[max(0, number - _LINES_BEFORE)][0] : lines[min(len(lines) - 1, number + _LINES_AFTER)][1]]
        near = _once(around)
        for first, last in [(begin, stop)] if row else _sentences(text, begin, stop):
            found += _homes(text, first, last, table if row else _Table(), near)
    return found


def _once(around: str) -> Callable[[], str]:
    """The name in the lines around, looked for when somebody asks and once for all that ask: lines may be very long."""
    return cache(lambda: some_name(around, cells=False, home=False))


def _sentences(text: str, begin: int, stop: int) -> Iterator[tuple[int, int]]:
    return (sentence.span() for sentence in _SENTENCE.finditer(text, begin, stop))


def _homes(text: str, first: int, last: int, table: _Table, near: Callable[[], str]) -> Iterator[Home]:
    """The homes of one sentence or row, and the landlines in it if there are any. `near`: the name in the lines around."""
    found: list[Home] = []
    name = cache(lambda home: some_name(text[first:last], cells=table.names, home=home))
    # A row of a list of offices: its cells say so. A list of people tells of each where they work, too.
    offices = cache(lambda: not table.names and "\t" in text[first:last] and bool(_OFFICE.search(text, first, last)))
    tabs = [at for at in range(first, last) if text[at] == "\t"] if table.names else []
    for place in _places(text, first, last):
        home = table.homes or _is_home(text, first, place)
        if not home and (_is_office(text, first, place, table, tabs) or offices()):
            continue
        who = name(home)
        if not who and home and not table.names:
            who = near()
        if who:
            where = re.split("[在住于到至(（]|[地住]址", text[place.start : place.door])[-1].strip()
            masked = _SOME_DIGIT.sub("**", text[place.door : place.end])
            found.append(
                Home(kind="address", start=place.door, end=place.end, masked=masked, who=who, where=where[-20:])
            )
    if found:
        starts, ends = [one.start for one in found], [one.end for one in found]
        found += [
            replace(found[0], kind="landline", start=m.start(), end=m.end(), masked=_hidden(m.group()))
            for m in _LANDLINE.finditer(text, first, last)
            if not ((before := bisect_right(starts, m.end() - 1)) and ends[before - 1] > m.start())
        ]
    return iter(sorted(found, key=lambda one: one.start))


def _places(text: str, first: int, last: int) -> list[_Place]:
    """The addresses between two offsets, parts of one (88号3幢2单元501室) together."""
    found: list[_Place] = []
    for door in _DOOR.finditer(text, first, last):
        tail = _TAIL.match(text, door.end(), last)
        until = tail.end() if tail else door.end()
        if found and _WITHIN.fullmatch(text, found[-1].end, door.start()):
            found[-1] = replace(found[-1], end=door.end(), tail=until)
            continue
        begin = max(first, door.start() - 40)
        run = _RUN.search(text, begin, door.start())
        words = run.group() if run else ""
        if _ROAD.search(words) if door["unit"] == "号" else _AREA.search(words):
            found.append(_Place(start=door.start() - len(words), door=door.start(), end=door.end(), tail=until))
    return found


def _is_home(text: str, first: int, place: _Place) -> bool:
    """Whether the words in front of the place, or its own, say that somebody lives there."""
    return bool(_HOME.search(text, max(first, place.start - 8), place.tail))


def _is_office(text: str, first: int, place: _Place, table: _Table, tabs: list[int]) -> bool:
    """Whether the place, its label, or whom the label belongs to is an office or a business. `tabs`: where the cells of
    the row end."""
    if table.names:
        column, row = bisect_right(tabs, place.start), first
        if _OFFICE.search(table.head(column)):
            return True
        first = tabs[column - 1] + 1 if column else first
        # 单位 and beside it 地址: its own. Where somebody works (工作单位) tells nothing of an address.
        beside = text[tabs[column - 2] + 1 if column > 1 else row : first].rstrip()[-_LOOK_BACK:] if column else ""
        if _OFFICE_LAST.search(beside) and not _WORKPLACE.search(table.head(column - 1)):
            return True
    if _OFFICE.search(text, place.start, place.tail) or _LABEL_FIRST.match(text, place.start, place.door):
        return True
    before = text[max(first, place.start - _LOOK_BACK) : place.start].rstrip(_SEPARATORS)
    if _LABELLED.search(before):
        return True
    # 市人社局，电话…，地址：… looks back to all of the sentence; 市人社局（…） to what it follows.
    return bool((_OFFICE if _PLAIN_LABEL.search(before) else _OFFICE_LAST).search(before))


def _hidden(number: str) -> str:
    """0599-12345678 as 0599-****5678."""
    return re.sub(r"\d{3,4}(?=[\- ]?\d{4}$)", lambda found: "*" * len(found.group()), number)
