"""Reading a plan file (排期表, .xlsx): which sheets hold one, and its rows as they stand. No database, nothing is made."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import structlog
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from app.errors import Invalid, TandemError, TooLarge, WrongKind
from app.media.merges import shape_of
from app.media.zipped import FAULTS, bursts, prove
from app.publishing.plan_cells import read_clock, read_day

log = structlog.get_logger()

# What one file may hold: rows of posts, lines looked at, unpacked bytes, characters of text.
MOST_ROWS = 3000
_MOST_LINES = 20_000
_MOST_UNPACKED = 100 * 1024 * 1024
_MOST_TEXT = 10_000_000
_MOST_COLUMNS = 40
# The line of heads is among the first of a sheet: a title and a remark may stand above it.
_HEAD_WITHIN = 20
# Excel holds no more in a cell: what fills it was probably cut.
_CELL = 32_767

# Column -> what people call it.
HEADS: Mapping[str, tuple[str, ...]] = {
    "date": ("日期", "发布日期", "拟发日期", "拟发布日期", "发布日"),
    "time": ("时间", "发布时间", "时刻", "拟发时间", "拟发布时间"),
    "title": ("标题", "题目", "稿件标题", "文章标题", "选题"),
    "body": ("正文", "内容", "稿件内容", "正文内容"),
    "summary": ("摘要", "内容摘要", "导语", "简介"),
    "accounts": ("账号", "发布账号", "渠道", "发布渠道", "平台账号", "账户"),
    "unit": ("单位", "发布单位", "责任单位", "供稿单位"),
    "note": ("备注", "说明", "附注"),
}
WORDS = {
    "date": "日期", "time": "时间", "title": "标题", "body": "正文", "summary": "摘要", "accounts": "账号",
    "unit": "单位", "note": "备注",
}  # fmt: skip
_NEEDED = ("date", "title")
# Where one merged cell stands for all its rows.
_SHARED = ("date", "time", "accounts", "unit", "note")
_BROKEN = "没有读入。这个文件打不开，可能已损坏。请用 Excel 或 WPS 打开后另存为 .xlsx 再上传。"
_SPLIT = re.compile(r"[、,，;；\n/|]+")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a plan. `at`: local wall-clock "2026-07-13T08:30", "" when it cannot be read; `wrong`: [field, sentence];
    `notes`: what was taken for granted."""

    sheet: str
    line: int
    title: str = ""
    summary: str = ""
    body: str = ""
    accounts: Sequence[str] = ()
    unit: str = ""
    note: str = ""
    at: str = ""
    wrong: Sequence[Sequence[str]] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Sheets:
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_plan(name: str, content: bytes, today: date) -> Sheets:
    """Raises WrongKind, TooLarge or Invalid, each saying what to do. `today`: for days written without a year."""
    _check_archive(name, content)
    try:
        return _read(content, today)
    except TandemError:
        raise
    except Exception as error:
        # Whatever the library stumbles over in a file made by who knows which program; a fault of ours is in the log.
        log.warning("plan not read", exc_info=True)
        raise WrongKind(_BROKEN) from error


def _read(content: bytes, today: date) -> Sheets:
    shown: Any = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    typed: Any = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    rows: list[Row] = []
    notes: list[str] = []
    tops: list[str] = []
    for sheet in shown.worksheets:
        if sheet.sheet_state != "visible":
            notes.append(f"隐藏的工作表“{sheet.title}”没有读取。")
            continue
        lines = list(_lines(sheet, notes))
        found = _heads(lines)
        if found is None:
            tops.append(f"“{sheet.title}”：{_first_words(lines)}")
            continue
        merges = _merges(content, str(sheet._worksheet_path))
        raw = dict(_lines(typed[sheet.title], []))
        reader = _Reader(sheet.title, found, merges, raw, today, shown.epoch)
        rows += reader.rows(lines)
        notes += reader.notes()
        if len(rows) > MOST_ROWS:
            raise TooLarge(f"没有读入。排期表超过 {MOST_ROWS:,} 行。请按月份拆成几个文件，分别导入。")
    if len(tops) == sum(sheet.sheet_state == "visible" for sheet in shown.worksheets):
        raise Invalid(_no_plan(tops))
    if not rows:
        raise Invalid("没有读入。排期表里没有内容行。请从模板开始填写，再上传。")
    if sum(len(row.title) + len(row.summary) + len(row.body) for row in rows) > _MOST_TEXT:
        raise TooLarge("没有读入。排期表的文字太多。请把正文留到写稿时再加，或拆成几个文件。")
    notes += [f"工作表{top.partition('：')[0]}没有“日期”和“标题”两栏，没有读取。" for top in tops]
    return Sheets(rows=rows, notes=notes)


def _no_plan(tops: Sequence[str]) -> str:
    return (
        "没有读入。没有一张工作表像排期表：前 20 行里要有写着“日期”和“标题”的表头。"
        f"看到的是：{'；'.join(tops[:5])}。请核对文件，或下载模板填写。"
    )


def _first_words(lines: Sequence[tuple[int, Sequence[Any]]]) -> str:
    words = [str(value).strip() for _line, values in lines[:3] for value in values if str(value or "").strip()]
    return "、".join(word[:12] for word in words[:6]) or "空表"


def _check_archive(name: str, content: bytes) -> None:
    if not zipfile.is_zipfile(io.BytesIO(content)):
        old = content[:4] == b"\xd0\xcf\x11\xe0"
        why = "这是旧格式（.xls）或加了密码的文件" if old else f"“{name[:60]}”不是 Excel 文件（.xlsx）"
        raise WrongKind(f"没有读入。{why}。请用 Excel 或 WPS 打开，另存为 .xlsx 再上传。")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if bursts(archive, _MOST_UNPACKED):
                raise TooLarge("没有读入。文件解开后太大。请删去图片和多余的工作表，只留排期表。")
            if "xl/workbook.xml" not in archive.namelist():
                raise WrongKind(f"没有读入。“{name[:60]}”不是 Excel 文件（.xlsx）。请另存为 .xlsx 再上传。")
            prove(archive)
    except FAULTS as error:
        raise WrongKind(_BROKEN) from error


def _lines(sheet: Any, notes: list[str]) -> Iterator[tuple[int, Sequence[Any]]]:
    """(line number, values) of lines with anything in them."""
    for number, values in enumerate(sheet.iter_rows(values_only=True, max_col=_MOST_COLUMNS), 1):
        if number > _MOST_LINES:
            notes.append(f"工作表“{sheet.title}”只读到第 {_MOST_LINES:,} 行，之后的没有读取。")
            return
        if any(value is not None and str(value).strip() for value in values):
            yield number, values


def _heads(lines: Sequence[tuple[int, Sequence[Any]]]) -> tuple[int, dict[str, int]] | None:
    """The line of heads and {column: its place}, from the first of them that names a date and a title."""
    for number, values in lines:
        if number > _HEAD_WITHIN:
            break
        found: dict[str, int] = {}
        for place, value in enumerate(values):
            head = re.sub(r"[（(].*?[）)]|[\s*＊:：]", "", unicodedata.normalize("NFKC", str(value or "")))
            key = next((key for key, names in HEADS.items() if head in names), None)
            if key and key not in found:
                found[key] = place
        # A single column 发布时间 may hold day and clock.
        if "date" not in found and "time" in found:
            found["date"] = found.pop("time")
        if all(key in found for key in _NEEDED):
            return number, found
    return None


def _merges(content: bytes, path: str) -> list[tuple[int, int, int, int]]:
    """The sheet's merged ranges as (column, row, last column, last row), without those of whole rows or columns."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        found = [tuple(edge or 0 for edge in edges) for edges in shape_of(archive, path)[0]]
    return [(one[0], one[1], one[2], one[3]) for one in found if all(one)]


class _Reader:
    """The rows of one sheet below its line of heads."""

    def __init__(
        self,
        sheet: str,
        heads: tuple[int, dict[str, int]],
        merges: Sequence[tuple[int, int, int, int]],
        raw: Mapping[int, Sequence[Any]],
        today: date,
        epoch: datetime,
    ) -> None:
        self._sheet, (self._head, self._places) = sheet, heads
        self._raw, self._today, self._epoch = raw, today, epoch
        self._bare: list[int] = []
        # {(place, line): the line whose cell stands for it}
        self._above: dict[tuple[int, int], int] = {}
        shared = {self._places[key] for key in _SHARED if key in self._places}
        for column, first, last_column, last in merges:
            for place in range(column - 1, last_column):
                if place in shared and place == column - 1 and last - first <= MOST_ROWS:
                    self._above.update(dict.fromkeys(((place, line) for line in range(first + 1, last + 1)), first))

    def rows(self, lines: Sequence[tuple[int, Sequence[Any]]]) -> Iterator[Row]:
        by_line = dict(lines)
        for number, values in lines:
            if number <= self._head:
                continue
            if any(self._text(values, key) for key in self._places if key not in _SHARED):
                yield self._row(number, values, by_line)
            elif any(self._text(values, key) for key in self._places):
                self._bare.append(number)

    def notes(self) -> list[str]:
        """What was passed over."""
        if not self._bare:
            return []
        named = "、".join(str(number) for number in self._bare[:10]) + ("等" if len(self._bare) > 10 else "")
        return [f"工作表“{self._sheet}”有 {len(self._bare)} 行没有标题和内容，没有读取（第 {named} 行）。"]

    def _row(self, number: int, values: Sequence[Any], by_line: Mapping[int, Sequence[Any]]) -> Row:
        wrong: list[tuple[str, str]] = []
        notes: list[str] = []
        cells = {key: self._cell(key, number, values, by_line, wrong, notes) for key in self._places}
        texts = {key: str(value).strip() if value is not None else "" for key, value in cells.items()}
        day = read_day(cells.get("date"), self._today, self._epoch)
        clock = read_clock(cells.get("time"))
        told = {key for key, _sentence in wrong}
        wrong += [("date", day.wrong)] if day.wrong and "date" not in told else []
        wrong += [("time", clock.wrong)] if clock.wrong and "time" not in told else []
        notes += [day.note] if day.note else []
        at = clock.clock or day.clock
        if at is None and not clock.wrong and not day.wrong and not {"time", "date"} & told:
            wrong.append(("time", "没有时间。请填写发布时间，例如 08:30。"))
        if not texts.get("title"):
            wrong.append(("title", "没有标题。合并的标题格只算第一行。请填写标题，或删去这一行。"))
        notes += [
            f"{WORDS[key]}正好占满一格（{_CELL:,} 字），可能被 Excel 截断。请核对。"
            for key in ("body", "summary")
            if len(texts.get(key, "")) >= _CELL
        ]
        return Row(
            sheet=self._sheet,
            line=number,
            title=" ".join(texts.get("title", "").split()),
            summary=" ".join(texts.get("summary", "").split()),
            body=texts.get("body", ""),
            accounts=[name for part in _SPLIT.split(texts.get("accounts", "")) if (name := " ".join(part.split()))],
            unit=" ".join(texts.get("unit", "").split()),
            note=texts.get("note", ""),
            at=f"{day.day}T{at:%H:%M}" if day.day and at and not wrong else "",
            wrong=wrong,
            notes=notes,
        )

    def _cell(
        self,
        key: str,
        number: int,
        values: Sequence[Any],
        by_line: Mapping[int, Sequence[Any]],
        wrong: list[tuple[str, str]],
        notes: list[str],
    ) -> Any:
        """The cell's value; of a merged one the first row's; formulas without a result and errors are told."""
        place = self._places[key]
        first = self._above.get((place, number), number)
        value = _at(by_line.get(first, ()), place)
        where = f"{get_column_letter(place + 1)}{first}"
        formula = _at(self._raw.get(first, ()), place)
        if isinstance(formula, str) and formula.startswith("=") and value is None:
            wrong.append((key, f"{WORDS[key]}（{where}）是没有算过的公式。请在 Excel 里打开并保存一次，或改成数值。"))
        elif isinstance(value, str) and re.match(r"^#(REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)", value):
            wrong.append((key, f"{WORDS[key]}（{where}）是错误值 {value}。请改正公式，或直接填写。"))
            return None
        elif isinstance(formula, str) and formula.startswith("="):
            notes.append(f"{WORDS[key]}是公式，按算出的结果读取。")
        if first != number and value is not None:
            notes.append(f"{WORDS[key]}是合并单元格，按第 {first} 行读取。")
        return value

    def _text(self, values: Sequence[Any], key: str) -> str:
        value = _at(values, self._places[key])
        return "" if value is None else str(value).strip()


def _at(values: Sequence[Any], place: int) -> Any:
    return values[place] if place < len(values) else None
