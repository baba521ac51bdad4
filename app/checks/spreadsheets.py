"""Terms as xlsx: reading what people made of it, and writing it."""

from __future__ import annotations

import io
import warnings
import zipfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from app.checks.terms import SEVERITY_WORDS
from app.checks.words import Term
from app.errors import Invalid, TooLarge
from app.media.merges import shape_of
from app.media.zipped import FAULTS, bursts, prove

COLUMNS = {"wrong": "错误", "right": "正确或建议", "severity": "级别", "reason": "理由", "exceptions": "例外"}
# What the columns are called elsewhere.
_NAMES = {
    **{word: name for name, word in COLUMNS.items()},
    "错误用法": "wrong",
    "错误词": "wrong",
    "错词": "wrong",
    "敏感词": "wrong",
    "正确": "right",
    "建议": "right",
    "正确用法": "right",
    "正确词": "right",
    "严重程度": "severity",
    "说明": "reason",
    "依据": "reason",
    "例外词": "exceptions",
}
# A sheet of 100,000 terms unpacks to some 40 MB.
_MOST_UNPACKED = 200 * 1024 * 1024
_MOST_COLUMNS = 30
_LONGEST_CELL = 2_000
_LAST_ROW = 1_048_576
# Rows without words, among those with.
_MOST_EMPTY = 10_000
_TOLD = 2_000
_UNREADABLE = (
    "没有导入。文件读不出来，可能已损坏、加了密码，或不是 .xlsx（旧的 .xls 要先另存为 .xlsx）。请重新保存后上传。"
)
_FAULTS = (
    *FAULTS,
    InvalidFileException,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    # Of both XML readers.
    SyntaxError,
    # A row without end.
    OverflowError,
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row below the head: its number in the sheet, its cells by field, and what is wrong with the cells."""

    number: int
    fields: dict[str, str]
    faults: list[str] = field(default_factory=list)


def read_lines(
    content: bytes, most: int, told: Callable[[int], None] = lambda _count: None
) -> tuple[list[Line], list[str]]:
    """The rows of the first sheet and notes about the file; `told` hears now and then how many rows are read.

    Raises Invalid (unreadable, no head, over `most` rows)."""
    try:
        with warnings.catch_warnings():
            # Of styles and extensions that do not concern us.
            warnings.simplefilter("ignore")
            return _read(content, most, told)
    except _FAULTS as error:
        raise Invalid(_UNREADABLE, errors={"file": ["读不出来。"]}) from error


def _read(content: bytes, most: int, told: Callable[[int], None]) -> tuple[list[Line], list[str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if bursts(archive, _MOST_UNPACKED):
            raise TooLarge("没有导入。文件解压后超过 200 MB。请清除格式和图片，或拆成几个文件后上传。")
        prove(archive)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        try:
            sheet = book.worksheets[0]
            merged, last = _shape(archive, str(getattr(sheet, "_worksheet_path", "")))
            if last > most + _MOST_EMPTY:
                raise Invalid(
                    f"没有导入。第 {last:,} 行还有内容，最多读到第 {most + _MOST_EMPTY:,} 行。中间可能有大片空行。请删去空行，或拆成几个文件。",
                    errors={"file": ["行数太多，或中间有大片空行。"]},
                )
            sheet.reset_dimensions()
            # Rows below that have no words, but perhaps a format, to the end of the sheet.
            rows = sheet.iter_rows(max_row=max(1, last), max_col=_MOST_COLUMNS)
            lines = []
            for line in _lines(rows, merged, most):
                lines.append(line)
                if len(lines) % _TOLD == 0:
                    told(len(lines))
            others = [other.title for other in book.worksheets[1:]]
        finally:
            book.close()
    notes = [f"只读了第一张工作表，没有读：{'、'.join(others)}。"] if others else []
    return lines, notes


def _lines(rows: Iterable[tuple[Any, ...]], merged: list[tuple[int, int]], most: int) -> Iterator[Line]:
    columns: dict[int, str] = {}
    count = 0
    for number, row in enumerate(rows, 1):
        cells = [_text(cell) for cell in row]
        if not any(cells):
            continue
        if not columns:
            columns = _head(cells)
            continue
        count += 1
        if count > most:
            raise Invalid(
                f"没有导入。文件超过 {most:,} 行。一个词库最多 {most:,} 条。请拆成几个文件，导入几个词库。",
                errors={"file": [f"超过 {most:,} 行。"]},
            )
        fields = {name: cells[index] for index, name in columns.items() if index < len(cells)}
        yield Line(number=number, fields=fields, faults=_faults(row, columns, number, merged))


def _head(cells: list[str]) -> dict[int, str]:
    """{index: field} of the first row with text. Raises Invalid when it does not name the errors' column."""
    columns: dict[int, str] = {}
    for index, cell in enumerate(cells):
        name = _NAMES.get(cell.strip("*＊ \n"))
        if name and name not in columns.values():
            columns[index] = name
    if "wrong" not in columns.values():
        raise Invalid(
            f"没有导入。第一行应是表头，其中要有“{COLUMNS['wrong']}”一列。请按导出的格式整理：{'、'.join(COLUMNS.values())}。",
            errors={"file": ["没有“错误”一列。"]},
        )
    return columns


def _faults(row: tuple[Any, ...], columns: dict[int, str], number: int, merged: list[tuple[int, int]]) -> list[str]:
    found = []
    kinds = {COLUMNS[name]: row[index].data_type for index, name in columns.items() if index < len(row)}
    formulas = [name for name, kind in kinds.items() if kind == "f"]
    if formulas:
        found.append(f"“{'、'.join(formulas)}”是公式，不知道算出来是什么。请改成文字。")
    broken = [name for name, kind in kinds.items() if kind == "e"]
    if broken:
        found.append(f"“{'、'.join(broken)}”是出错的值。请改成文字。")
    behind = bisect_right(merged, (number, _LAST_ROW)) - 1
    if behind >= 0 and number <= merged[behind][1]:
        found.append("这一行有合并的单元格，不知道每格各是什么。请取消合并。")
    return found


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()[:_LONGEST_CELL]


def _shape(archive: zipfile.ZipFile, part: str) -> tuple[list[tuple[int, int]], int]:
    """First and last rows of merged ranges, in order and apart, and the number of the last row with a value."""
    ranges, last = shape_of(archive, part)
    return _apart([(top or 1, bottom or 1) for _left, top, _right, bottom in ranges]), last


def _apart(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    apart: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if apart and first <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(last, apart[-1][1]))
        else:
            apart.append((first, last))
    return apart


def write_terms(terms: Iterable[Term]) -> bytes:
    """The same form that is read. A text that begins like a formula stays a text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("词库")
    for index, width in enumerate((24, 24, 8, 48, 36)):
        sheet.column_dimensions["ABCDE"[index]].width = width
    sheet.freeze_panes = "A2"
    sheet.append(list(COLUMNS.values()))
    for term in terms:
        values = (term.wrong, term.right, SEVERITY_WORDS[term.severity], term.reason, "、".join(term.exceptions))
        sheet.append([_cell(sheet, value) for value in values])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: str) -> Any:
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    return cell
