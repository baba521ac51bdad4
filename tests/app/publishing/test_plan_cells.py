"""Dates and clocks as they stand in people's sheets: Excel's kinds, serial numbers, and text."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.publishing.plan_cells import read_clock, read_day

TODAY = date(2026, 7, 12)
MONDAY = date(2026, 7, 13)


@pytest.mark.parametrize(
    ("value", "day", "clock"),
    [
        (datetime(2026, 7, 13), MONDAY, None),  # noqa: DTZ001
        (datetime(2026, 7, 13, 8, 30), MONDAY, time(8, 30)),  # noqa: DTZ001
        # A share of a day comes a little short.
        (datetime(2026, 7, 13, 8, 29, 59, 999_000), MONDAY, time(8, 30)),  # noqa: DTZ001
        (MONDAY, MONDAY, None),
        (46216, MONDAY, None),
        (46216.5, MONDAY, time(12)),
        (20260713, MONDAY, None),
        ("2026-07-13", MONDAY, None),
        ("2026/7/13", MONDAY, None),
        ("2026.7.13", MONDAY, None),
        ("2026年7月13日", MONDAY, None),
        ("２０２６年７月１３日", MONDAY, None),
        ("20260713", MONDAY, None),
        ("7月13日", MONDAY, None),
        ("7/13", MONDAY, None),
        ("7.13", MONDAY, None),
        ("7月13号（周一）", MONDAY, None),
        ("2026年7月13日 星期一", MONDAY, None),
        ("2026-07-13 08:30", MONDAY, time(8, 30)),
        ("2026-07-13T08:30:00", MONDAY, time(8, 30)),
        ("7月13日 下午3点", MONDAY, time(15)),
        ("1月5日", date(2027, 1, 5), None),
        ("6月30日", date(2026, 6, 30), None),
    ],
)
def test_days(value: object, day: date, clock: time | None) -> None:
    found = read_day(value, TODAY)
    assert (found.wrong, found.day, found.clock) == ("", day, clock)


def test_what_was_taken_for_granted_is_told() -> None:
    assert "按 2026 年理解" in read_day("7月13日", TODAY).note
    assert "2026-07-13" in read_day(46216, TODAY).note
    assert read_day("2026-07-13", TODAY).note == ""
    # A book of an old Mac counts from 1904.
    assert read_day(46216 - 1462, TODAY, CALENDAR_MAC_1904).day == MONDAY


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "没有日期"),
        ("  ", "没有日期"),
        ("下周一", "看不懂"),
        ("2026-02-30", "没有 2026年2月30日"),
        ("13/7", "没有 2026年13月7日"),
        ("7月13日（周二）", "是周一，不是周二"),
        (3, "看不懂"),
        (99999, "看不懂"),
        (True, "不是日期"),
        (time(8, 30), "不是日期"),
        ("2026-07-13 25:00", "没有 25:00"),
    ],
)
def test_days_that_are_none(value: object, words: str) -> None:
    found = read_day(value, TODAY)
    assert found.day is None
    assert words in found.wrong


@pytest.mark.parametrize(
    ("value", "clock"),
    [
        (time(8, 30), time(8, 30)),
        (time(8, 29, 59, 999_999), time(8, 30)),
        (datetime(1899, 12, 30, 8, 30), time(8, 30)),  # noqa: DTZ001
        (timedelta(hours=8, minutes=30), time(8, 30)),
        (0.354166666666667, time(8, 30)),
        (830, time(8, 30)),
        (0, time(0)),
        ("8:30", time(8, 30)),
        ("08：30", time(8, 30)),
        ("8:30:00", time(8, 30)),
        ("8点半", time(8, 30)),
        ("8点30分", time(8, 30)),
        ("20时", time(20)),
        ("上午8:30", time(8, 30)),
        ("下午 3点", time(15)),
        ("晚上8点", time(20)),
        (time(23, 59, 40), time(23, 59)),
        (timedelta(hours=23, minutes=59, seconds=40), time(23, 59)),
        ("中午12点", time(12)),
        ("中午1点", time(13)),
        ("3:00 PM", time(15)),
        ("12:05 AM", time(0, 5)),
        ("0830", time(8, 30)),
        (None, None),
        ("", None),
    ],
)
def test_clocks(value: object, clock: time | None) -> None:
    found = read_clock(value)
    assert (found.wrong, found.clock) == ("", clock)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("8:30-9:00", "是一段"),
        ("8:30至9:00", "是一段"),
        ("24:00", "没有 24:00"),
        ("8:75", "没有 8:75"),
        ("晚上12点", "说不清"),
        ("晚上1点", "说不清"),
        ("早上", "看不懂"),
        ("待定", "看不懂"),
        (timedelta(hours=30), "看不懂"),
        (8.25, "看不懂"),
    ],
)
def test_clocks_that_are_none(value: object, words: str) -> None:
    found = read_clock(value)
    assert found.clock is None
    assert words in found.wrong
