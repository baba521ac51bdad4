"""Tables of HTML as tables of Word: every cell has its place on the grid, merged ones keep theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls
from docx.table import _Cell
from lxml.html import HtmlElement

# What Word can show.
MAX_COLUMNS = 63


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One cell: its element, the columns from `column` on that it covers, and whether it only continues one above."""

    node: HtmlElement
    column: int
    columns: int
    rows: int
    continues: bool = False


@dataclass(kw_only=True)
class Row:
    head: bool
    cells: list[Placed] = field(default_factory=list)


Write = Callable[[Placed, Any, int], None]


def placed(table: HtmlElement) -> list[Row] | None:
    """The rows of `table` with their cells from left to right; None when there are more columns than Word takes."""
    rows: list[Row] = []
    above: dict[int, tuple[Placed, int]] = {}
    sources = _rows(table)
    for at, (source, in_head) in enumerate(sources):
        left = len(sources) - at
        cells = list(source.iterchildren("td", "th"))
        row = Row(head=(in_head or all(cell.tag == "th" for cell in cells)) and all(before.head for before in rows))
        column = 0
        waiting = iter(cells)
        following: dict[int, tuple[Placed, int]] = {}
        cell = next(waiting, None)
        while cell is not None or any(start >= column for start in above):
            if column in above:
                upper, more = above[column]
                spot = Placed(node=upper.node, column=column, columns=upper.columns, rows=more, continues=True)
            elif cell is not None:
                room = min((start - column for start in above if start > column), default=MAX_COLUMNS)
                wide = min(_span(cell, "colspan"), room)
                spot = Placed(node=cell, column=column, columns=wide, rows=min(_span(cell, "rowspan"), left))
                cell = next(waiting, None)
            else:
                column += 1
                continue
            row.cells.append(spot)
            if spot.rows > 1:
                following[column] = (spot, spot.rows - 1)
            column += spot.columns
            if column > MAX_COLUMNS:
                return None
        above = following
        rows.append(row)
    return rows


def fill(box: Any, rows: list[Row], width: int, write: Write) -> None:
    """A table in `box` (a document or cell) as wide as `width` (EMU); `write` is given each cell that begins here."""
    count = max((cell.column + cell.columns for row in rows for cell in row.cells), default=0)
    if not count:
        return
    each = width // count
    table = box.add_table(0, count) if isinstance(box, _Cell) else box.add_table(0, count, width)
    table.style = "Table Grid"
    for row in rows:
        made = table.add_row()._tr
        properties = made.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if row.head:
            properties.append(OxmlElement("w:tblHeader"))
        boxes = list(made.tc_lst)
        for cell in row.cells:
            own = boxes[cell.column]
            for extra in boxes[cell.column + 1 : cell.column + cell.columns]:
                made.remove(extra)
            own.width = each * cell.columns
            own.grid_span = cell.columns
            if cell.rows > 1 or cell.continues:
                own.vMerge = "continue" if cell.continues else "restart"
            if row.head or cell.node.tag == "th":
                own.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="F2F2F2"/>'))
            if not cell.continues:
                write(cell, _Cell(own, table), each * cell.columns)


def _rows(table: HtmlElement) -> list[tuple[HtmlElement, bool]]:
    """The table's own rows from top to bottom, and whether each stands in its head."""
    head = [row for part in table.iterchildren("thead") for row in part.iterchildren("tr")]
    middle = [
        row
        for part in table.iterchildren("tbody", "tr")
        for row in ([part] if part.tag == "tr" else part.iterchildren("tr"))
    ]
    foot = [row for part in table.iterchildren("tfoot") for row in part.iterchildren("tr")]
    return [(row, True) for row in head] + [(row, False) for row in (*middle, *foot)]


def _span(cell: HtmlElement, name: str) -> int:
    given = cell.get(name, "1").strip()
    return max(1, min(int(given), 1000)) if given.isdecimal() and len(given) < 6 else 1
