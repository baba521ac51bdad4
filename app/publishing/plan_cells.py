"""One cell of a plan as a date or a clock: Excel's own kinds, serial numbers, and what people write as text. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from openpyxl.utils.datetime import CALENDAR_WINDOWS_1900, from_excel

# Serial numbers between 2009 and 2064: what stands outside is no date but a slip.
_SERIALS = (40_000, 60_000)
_WEEKDAY = re.compile(r"[（(]?\s*(?:星期|周|礼拜)([一二三四五六日天])\s*[）)]?")
_FULL = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?$")
_PLAIN = re.compile(r"^(20\d{2})(\d{2})(\d{2})$")
_SHORT = re.compile(r"^(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?$")
_CLOCK = re.compile(r"^(\d{1,2})\s*[:.点时]\s*(?:(\d{1,2})\s*分?|(半))?(?:\s*:\s*\d{1,2})?$")
_DIGITS = re.compile(r"^(\d{1,2})(\d{2})$")
_RANGE = re.compile(r"\d\s*[-—~至到]\s*\d")
_HALF = re.compile(r"^(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚|AM|PM)\s*|\s*(AM|PM)$", re.IGNORECASE)
_LATER = ("下午", "傍晚", "晚上", "晚", "pm")
_LAST_MINUTE = 24 * 60 - 1
# A day without its year that lies further back than this is next year's.
_BACK = timedelta(days=60)


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a cell says: its day, its clock (a cell may hold both), a note of what was taken for granted, or what is wrong."""

    day: date | None = None
    clock: time | None = None
    note: str = ""
    wrong: str = ""


def read_day(value: object, today: date, epoch: datetime = CALENDAR_WINDOWS_1900) -> Read:
    """A cell of 日期, maybe with the clock. `epoch`: the workbook's (1904 on old Macs); `today`: for days without a year."""
    if isinstance(value, datetime):
        return Read(day=value.date(), clock=_minute(value.time()) if value.time() != time() else None)
    if isinstance(value, date):
        return Read(day=value)
    if isinstance(value, bool | time | timedelta):
        return Read(wrong="日期一栏里不是日期。请写成 2026-07-13 这样。")
    if isinstance(value, int | float):
        return _serial(value, epoch)
    return _day_of_text(_plain(value), today)


def read_clock(value: object) -> Read:
    """A cell of 时间."""
    if isinstance(value, datetime):
        return Read(clock=_minute(value.time()))
    if isinstance(value, time):
        return Read(clock=_minute(value))
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return _of_seconds(seconds)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # A share of the day, where the cell was not formatted as a time.
        if 0 <= value < 1:
            return _of_seconds(round(value * 86400))
        return _clock_of_text(str(int(value))) if float(value).is_integer() else Read(wrong=_NO_CLOCK)
    return _clock_of_text(_plain(value))


_NO_CLOCK = "时间看不懂。请写成 08:30 这样。"
_NO_DAY = "日期看不懂。请写成 2026-07-13 这样。"


def _serial(value: float, epoch: datetime) -> Read:
    if value == int(value) and (match := _PLAIN.match(str(int(value)))):
        return _valid(int(match[1]), int(match[2]), int(match[3]))
    if not _SERIALS[0] <= value <= _SERIALS[1]:
        return Read(wrong=_NO_DAY)
    found = from_excel(value, epoch)
    if not isinstance(found, datetime):
        return Read(wrong=_NO_DAY)
    clock = _minute(found.time()) if found.time() != time() else None
    return Read(day=found.date(), clock=clock, note=f"日期是数字 {value:g}，按 Excel 日期理解为 {found:%Y-%m-%d}。")


def _day_of_text(text: str, today: date) -> Read:
    if not text:
        return Read(wrong="没有日期。请填写发布日期。")
    said = _WEEKDAY.search(text)
    rest = _WEEKDAY.sub(" ", text).strip()
    day, _space, clock = rest.partition(" ") if not _FULL.match(rest) and not _SHORT.match(rest) else (rest, "", "")
    if "T" in day and not clock:
        day, _t, clock = day.partition("T")
    found = _day(day.strip(), today)
    if found.wrong or found.day is None:
        return found
    if said and "一二三四五六日".index(said[1].replace("天", "日")) != found.day.weekday():
        real = "一二三四五六日"[found.day.weekday()]
        return Read(wrong=f"{found.day.month}月{found.day.day}日是周{real}，不是周{said[1]}。请核对日期。")
    if not clock.strip():
        return found
    hour = _clock_of_text(clock.strip())
    return Read(wrong=hour.wrong) if hour.wrong else Read(day=found.day, clock=hour.clock, note=found.note)


def _day(text: str, today: date) -> Read:
    match = _FULL.match(text) or _PLAIN.match(text)
    if match:
        return _valid(int(match[1]), int(match[2]), int(match[3]))
    match = _SHORT.match(text)
    if not match:
        return Read(wrong=_NO_DAY)
    month, number = int(match[1]), int(match[2])
    found = _valid(today.year, month, number)
    if found.day is not None and found.day < today - _BACK:
        found = _valid(today.year + 1, month, number)
    if found.day is None:
        return found
    return Read(day=found.day, note=f"日期没有年份，按 {found.day.year} 年理解。")


def _valid(year: int, month: int, day: int) -> Read:
    try:
        return Read(day=date(year, month, day))
    except ValueError:
        return Read(wrong=f"没有 {year}年{month}月{day}日 这一天。请核对日期。")


def _clock_of_text(text: str) -> Read:
    if not text:
        return Read()
    if _RANGE.search(text):
        return Read(wrong="时间是一段，不是一个时刻。请只写开始的时刻，例如 08:30。")
    half = _HALF.search(text)
    word = (half[1] or half[2]).lower() if half else ""
    rest = _HALF.sub("", text).strip()
    match = _CLOCK.match(rest)
    digits = None if match else _DIGITS.match(rest) if len(rest) > 2 else None
    if match:
        hour, minute = int(match[1]), 30 if match[3] else int(match[2] or 0)
    elif digits:
        hour, minute = int(digits[1]), int(digits[2])
    else:
        return Read(wrong=_NO_CLOCK)
    if word in ("晚", "晚上") and (hour == 12 or hour < 5):
        return Read(wrong=f"“{text}”说不清是哪一天的几点。请用 24 小时写法，例如 00:30 或 12:00，并核对日期。")
    if (word in _LATER and hour < 12) or (word == "中午" and hour < 3):
        hour += 12
    elif word in ("am", "凌晨") and hour == 12:
        hour = 0
    if hour > 23 or minute > 59:
        return Read(wrong=f"没有 {hour}:{minute:02d} 这个时刻。请写 00:00 到 23:59。")
    return Read(clock=time(hour, minute))


def _of_seconds(seconds: float) -> Read:
    if not 0 <= seconds < 86400:
        return Read(wrong=_NO_CLOCK)
    minutes = min(round(seconds / 60), _LAST_MINUTE)
    return Read(clock=time(minutes // 60, minutes % 60))


def _minute(value: time) -> time:
    """To the minute: Excel's shares of a day come a microsecond short."""
    minutes = round((value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6) / 60)
    minutes = min(minutes, _LAST_MINUTE)
    return time(minutes // 60, minutes % 60)


def _plain(value: object) -> str:
    return " ".join(unicodedata.normalize("NFKC", str(value if value is not None else "")).split())
