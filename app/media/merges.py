"""What openpyxl does not tell of a sheet (.xlsx) while it streams: its merged cells, and where it ends."""

from __future__ import annotations

import zipfile

from lxml import etree
from openpyxl.utils.cell import range_boundaries

# Column, row, last column, last row, from 1; None where a range goes to the edge of the sheet.
Range = tuple[int | None, int | None, int | None, int | None]


def shape_of(archive: zipfile.ZipFile, part: str) -> tuple[list[Range], int]:
    """Merged ranges in the order of the sheet that lies at `part`, and the number of its last row with a value (openpyxl
    makes up every row that a sheet leaves out); ([], 0) where there is no such part. Rows are forgotten as they pass.
    Raises SyntaxError (of the XML) and ValueError (a range or a number that is none)."""
    path = part.lstrip("/")
    ranges: list[Range] = []
    number = last = 0
    if path not in archive.namelist():
        return ranges, last
    with archive.open(path) as stream:
        wanted = ("{*}mergeCell", "{*}row")
        for _event, node in etree.iterparse(stream, tag=wanted, resolve_entities=False, no_network=True):
            if etree.QName(node).localname == "mergeCell":
                ranges.append(range_boundaries(node.get("ref") or "A1"))
            else:
                number = int(float(node.get("r") or number + 1))
                if next(node.iter("{*}v", "{*}is"), None) is not None:
                    last = max(last, number)
            node.clear()
            while node.getprevious() is not None:
                del node.getparent()[0]
    return ranges, last
