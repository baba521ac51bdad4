"""Cursors that are numbers: a place in a list, or the number of its last row."""

from __future__ import annotations

from app.errors import Invalid


def is_number(text: str) -> bool:
    """As lists give them: plain digits, fewer than ids have, and no more than a column or an offset holds."""
    return text.isascii() and text.isdecimal() and len(text) < 10


def number_of(cursor: str | None) -> int:
    """0 where there is none. Raises Invalid for what no list gave."""
    if not cursor:
        return 0
    if not is_number(cursor):
        raise Invalid("翻页没有成功。cursor 不是上一页给出的值。请从第一页重新开始。", errors={"cursor": ["无效。"]})
    return int(cursor)
