"""Tables on a phone: small ones stay, wide ones get smaller type, and what no screen holds becomes labelled rows.

A table of more than _MOST columns whose head is known is written row by row, each cell behind its column's name; without a
known head it stays a table and scrolls sideways. Merged cells are repeated in each row they stand for.
"""

from __future__ import annotations

import copy
import re

from lxml.html import HtmlElement

from connectors.values import Note
from connectors.wechat.theme import KEEP, SPLIT
from connectors.wechat.tree import element, inside_table, name_of, text_of

# Columns that a phone of 360 px holds in ordinary and in small type.
_ORDINARY, _MOST = 4, 6
# Two columns are labelled rows already.
_LEAST = 2
# Characters of a row's first cell that stand on one line; and of a column's name.
_SHORT, _NAME = 6, 16
# Cells of a row that HTML lets one span; more columns than this are no table for people, nor is one of so many places.
_WIDEST, _MOST_PLACES = 60, 20_000
_INLINE = frozenset({"p", "section", "span", "strong", "em", "u", "s", "sub", "sup", "br", "a", "code"})
_ORDINAL = re.compile(r"^(?:序号|编号|序|No\.?)$", re.IGNORECASE)
_DATA = re.compile(r"\d{3}|[。；？！]")
# Words that name columns when they are all that a cell says: 综合部门 and 城区线路 are records.
_COLUMN = re.compile(
    r"序号|编号|姓名|名称|项目|事项|时间|日期|地点|地址|单位|部门|岗位|职位|职务|类别|类型|内容|标准|金额|数量|人数|电话|性别|成绩|备注|说明|区域|线路"
)

Grid = list[list[HtmlElement]]


def fit_tables(root: HtmlElement, way: str) -> list[Note]:
    """Make every table fit; `way` is the author's word (theme.SPLIT, theme.KEEP), "" for as it is best."""
    notes: list[Note] = []
    for table in list(root.iter("table")):
        if table.getparent() is None:
            continue
        columns = max((_columns(row) for row in table.iter("tr")), default=0)
        wanted = columns > (_LEAST if way == SPLIT else _MOST) and way != KEEP
        rows = _labelled(table, guess=way == SPLIT) if wanted and not inside_table(table) else None
        if rows is not None:
            names = "（表头没有标明，以首行作为栏目）" if _is_headless(table) else ""
            message = f"{columns} 列的表格在手机上放不下，改为分行列表，每项前写明栏目{names}。"
            _replace(table, rows)
            notes.append(Note(kind="table", message=message))
            continue
        if columns > _MOST:
            table.set("class", "wide")
            why = "没有标明表头，不改为分行列表；" if wanted and _is_headless(table) else ""
            notes.append(Note(kind="table", message=f"{columns} 列的表格{why}在手机上可左右滑动查看。"))
        elif columns > _ORDINARY:
            table.set("class", "dense")
            notes.append(Note(kind="table", message=f"{columns} 列的表格改用小字号，以便在手机上看全。"))
        _keep_short(table)
        _name(table)
        _frame(table)
    return notes


def _name(table: HtmlElement) -> None:
    """The caption as a line of its own above the table: nobody says whether captions pass WeChat's filter, and it stays in its
    place when the table is moved sideways."""
    if inside_table(table):
        return
    for caption in table.findall("caption"):
        told = text_of(caption)
        table.remove(caption)
        if told:
            table.addprevious(element("p", "table-name", told))


def _frame(table: HtmlElement) -> None:
    frame = element("section", "table")
    frame.tail, table.tail = table.tail, None
    parent = table.getparent()
    if parent is not None:
        parent.replace(table, frame)
    frame.append(table)


def _replace(table: HtmlElement, rows: list[HtmlElement]) -> None:
    parent = table.getparent()
    if parent is None:
        return
    at = parent.index(table)
    if rows:
        rows[-1].tail, table.tail = table.tail, None
    parent.remove(table)
    for offset, row in enumerate(rows):
        parent.insert(at + offset, row)


def _labelled(table: HtmlElement, *, guess: bool) -> list[HtmlElement] | None:
    """The table as paragraphs; `guess`: its author wants it so, and a first row that looks like names will do. None for one that cannot be told so: nested, with pictures or lists, without a head, or
    larger than people make them."""
    rows = list(table.iter("tr"))
    if max(map(_columns, rows), default=0) > _WIDEST or sum(map(_places, rows)) > _MOST_PLACES:
        return None
    if any(str(node.tag) not in _INLINE for cell in table.iter("td", "th") for node in cell.iterdescendants()):
        return None
    grid = _grid(rows)
    head = _head(table, grid, guess=guess)
    if not head or not grid:
        return None
    width = max(len(row) for row in grid)
    names = ["·".join(dict.fromkeys(filter(None, (_at(row, x) for row in grid[:head])))) for x in range(width)]
    if len(set(names)) != len(names) or not all(names[1:]) or any(len(row) != width for row in grid):
        return None
    captions = [element("p", "table-name", text_of(caption)) for caption in table.iter("caption") if text_of(caption)]
    return [*captions, *(_record(row, names) for row in grid[head:])]


def _at(row: list[HtmlElement], x: int) -> str:
    return name_of(row[x]) if x < len(row) else ""


def _record(row: list[HtmlElement], names: list[str]) -> HtmlElement:
    """One row: its first cell strong (behind its number, where the first column only counts), then 栏目：内容, line by line."""
    if all(cell is row[0] for cell in row):
        whole = element("p", "record")
        whole.append(_words("strong", "", row[0]))
        return whole
    record = element("p", "record")
    first = 1 if not names[0] or _ORDINAL.match(names[0]) else 0
    number = text_of(row[0]) if first else ""
    before = f"{number}. " if number.isdigit() else f"{number} " if number else ""
    record.append(_words("strong", f"{before}{names[first]}：", row[first]))
    for name, cell in zip(names[first + 1 :], row[first + 1 :], strict=True):
        record.append(element("br"))
        words = _words("span", f"{name}：", cell)
        record.append(words)
        words.drop_tag()
    return record


def _words(tag: str, before: str, cell: HtmlElement) -> HtmlElement:
    """What a cell says behind `before`, its emphasis and links kept, its paragraphs as lines; "—" for an empty one."""
    told = element(tag)
    if not text_of(cell):
        told.text = f"{before}—"
        return told
    inner = copy.deepcopy(cell)
    told.text = inner.text
    told.extend(list(inner))
    blocks = list(told.iter("p", "section"))
    for block in blocks:
        if block is not blocks[-1]:
            block.append(element("br"))
        block.drop_tag()
    told.text = before + (told.text or "").lstrip()
    return told


def _head(table: HtmlElement, grid: Grid, *, guess: bool) -> int:
    """How many rows name the columns; 0 when none is known to."""
    rows = list(table.iter("tr"))
    marked = 0
    while marked < len(rows) and _names_columns(rows[marked]):
        marked += 1
    if 0 < marked < len(rows):
        return marked
    if not grid or marked:
        return 0
    # Word marks no heads: the first row is one when nobody could take it for a record, with the rows that its merged cells
    # reach into. A guess by the machine alone would put one person's name before another's.
    depth = max((_span(cell, "rowspan") for cell in grid[0]), default=1)
    names = [name_of(cell) for row in grid[:depth] for cell in row]
    if depth >= len(grid) or any(len(name) > _NAME or _DATA.search(name) for name in names):
        return 0
    guessed = guess and any(_COLUMN.search(name) for name in names)
    return depth if guessed or _is_told_apart(grid[0], grid[depth]) else 0


def _is_headless(table: HtmlElement) -> bool:
    return not any(_names_columns(row) for row in table.iter("tr"))


def _is_told_apart(first: list[HtmlElement], record: list[HtmlElement]) -> bool:
    """Whether a row must be the head above `record`: 序号 above a number, in bold above what is not, or words that name
    columns and nothing else in half of its cells."""
    names, below = ([name_of(cell) for cell in row] for row in (first, record))
    if not names or not below:
        return False
    if _ORDINAL.match(names[0]) and re.fullmatch(r"[0-9０-９一二三四五六七八九十]{1,4}[.、．]?", below[0]):
        return True
    if all(map(_is_strong, first)) and not all(map(_is_strong, record)):
        return True
    return 2 * sum(_COLUMN.fullmatch(name) is not None for name in names) >= len(names) and not any(
        _COLUMN.fullmatch(name) for name in below
    )


def _is_strong(cell: HtmlElement) -> bool:
    return bool(name_of(cell)) and "".join(name_of(node) for node in cell.iter("strong")) == name_of(cell)


def _names_columns(row: HtmlElement) -> bool:
    cells = [cell for cell in row if cell.tag in ("td", "th")]
    parent = row.getparent()
    return (parent is not None and parent.tag == "thead") or (bool(cells) and all(cell.tag == "th" for cell in cells))


def _grid(rows: list[HtmlElement]) -> Grid:
    """The cells by row and column, merged ones in every place that they cover."""
    taken: dict[tuple[int, int], HtmlElement] = {}
    for y, row in enumerate(rows):
        x = 0
        for cell in (cell for cell in row if cell.tag in ("td", "th")):
            while (y, x) in taken:
                x += 1
            for below in range(min(_span(cell, "rowspan"), len(rows) - y)):
                for beside in range(_span(cell, "colspan")):
                    taken.setdefault((y + below, x + beside), cell)
    width = max((x for _y, x in taken), default=-1) + 1
    return [[taken[y, x] for x in range(width) if (y, x) in taken] for y in range(len(rows))]


def _span(cell: HtmlElement, name: str) -> int:
    given = cell.get(name, "1")
    if not (given.isascii() and given.isdigit()):
        return 1
    return max(1, min(int(given), _WIDEST)) if len(given) < 10 else _WIDEST


def _columns(row: HtmlElement) -> int:
    return sum(_span(cell, "colspan") for cell in row if cell.tag in ("td", "th"))


def _places(row: HtmlElement) -> int:
    """Of the grid that the row's cells ask for, below as well."""
    return sum(_span(cell, "colspan") * _span(cell, "rowspan") for cell in row if cell.tag in ("td", "th"))


def _keep_short(table: HtmlElement) -> None:
    """A short word at the head of a row (事项) is not broken in two, however long its neighbours are."""
    for row in table.iter("tr"):
        first = next((cell for cell in row if cell.tag in ("td", "th")), None)
        if first is not None and 0 < len(text_of(first)) <= _SHORT:
            first.set("class", "short")
