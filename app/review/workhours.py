"""Working hours: 8:30 to 12:00 and 13:30 to 18:00 of every working day, eight hours a day. Pure.

Days by the State Council's notice of each year. A year whose notice is not known here is provisional (暂定): Monday to
Friday without the days that the law itself names.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SPANS = ((time(8, 30), time(12)), (time(13, 30), time(18)))


def _days(year: int, *spans: tuple[int, int, int]) -> set[date]:
    """(month, first day, last day) each."""
    return {date(year, month, day) for month, first, last in spans for day in range(first, last + 1)}


# {year: (days off, weekend days that are worked)}. 2026: 国办发明电〔2025〕7号.
_NOTICES = {
    2026: (
        _days(2026, (1, 1, 3), (2, 15, 23), (4, 4, 6), (5, 1, 5), (6, 19, 21), (9, 25, 27), (10, 1, 7)),
        _days(2026, (1, 4, 4), (2, 14, 14), (2, 28, 28), (5, 9, 9), (9, 20, 20), (10, 10, 10)),
    ),
}
# 《全国年节及纪念日放假办法》: those that fall on the same day each year.
_BY_LAW = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}


def is_workday(day: date) -> bool:
    off, worked = _NOTICES.get(day.year, (set(), set()))
    if day in off or (day.year not in _NOTICES and (day.month, day.day) in _BY_LAW):
        return False
    return day in worked or day.weekday() < 5


def is_provisional(day: date) -> bool:
    """The year's notice is not known: the days may still change."""
    return day.year not in _NOTICES


def after(start: datetime, hours: float, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which that many working hours have passed since `start`."""
    left, day = timedelta(hours=hours), start.astimezone(zone).date()
    while True:
        for opens, closes in SPANS if is_workday(day) else ():
            end = datetime.combine(day, closes, zone).astimezone(UTC)
            begin = max(datetime.combine(day, opens, zone).astimezone(UTC), start)
            if end > begin:
                if left <= end - begin:
                    return begin + left
                left -= end - begin
        day += timedelta(days=1)
