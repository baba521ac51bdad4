"""Merged cells of a sheet (.xlsx), which openpyxl does not tell while it streams."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from lxml import etree
from openpyxl.utils.cell import range_boundaries

# Column, row, last column, last row, from 1; None where a range goes to the edge of the sheet.
Range = tuple[int | None, int | None, int | None, int | None]


def merged_ranges(archive: zipfile.ZipFile, part: str) -> Iterator[Range]:
    """Of the sheet that lies at `part`, in its order; none where there is no such part. Its rows, which stand before
    them, are forgotten as they pass. Raises SyntaxError (of the XML) and ValueError (a range that is none)."""
    path = part.lstrip("/")
    if path not in archive.namelist():
        return
    with archive.open(path) as stream:
        wanted = ("{*}mergeCell", "{*}row")
        for _event, node in etree.iterparse(stream, tag=wanted, resolve_entities=False, no_network=True):
            if etree.QName(node).localname == "mergeCell":
                yield range_boundaries(node.get("ref") or "A1")
            node.clear()
            while node.getprevious() is not None:
                del node.getparent()[0]
