"""Timetables (发布时段): the hours of the week at which an account publishes, as people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts import services as accounts
from app.accounts.models import Account
from app.audit import services as audit
from app.config import current
from app.db import atomic, db
from app.errors import Invalid
from app.publishing.plan_models import GAP, Timetable
from app.units.access import Actor, visible

MANAGE = "account.manage"
MOST_A_DAY = 24
MOST_GAP = 1440
# ISO weekdays, 1 Monday.
DAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_GROUPS = {"每天": (1, 2, 3, 4, 5, 6, 7), "工作日": (1, 2, 3, 4, 5), "周末": (6, 7)}
_ENGLISH = {"everyday": "每天", "daily": "每天", "weekdays": "工作日", "weekend": "周末", "weekends": "周末"} | {
    name: DAYS[n] for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
}
_OTHER_NAMES = {
    "周天": "周日",
    "周1": "周一",
    "周2": "周二",
    "周3": "周三",
    "周4": "周四",
    "周5": "周五",
    "周6": "周六",
    "周7": "周日",
}
_CLOCK = re.compile(r"^(\d{1,2})[:.点时](\d{2})?分?$")
_RANGE = re.compile(r"^(周[一二三四五六日])[至到~\-](周[一二三四五六日])$")

Slot = tuple[int, str]


def read_slots(text: str) -> list[Slot]:
    """ "工作日 08:30、12:00" a line -> [(1, "08:30"), …], in order. Raises Invalid naming the line that is not understood."""
    found: set[Slot] = set()
    for number, line in enumerate(unicodedata.normalize("NFKC", text).splitlines(), 1):
        words = [word for word in re.split(r"[\s,、;，；]+", _opened(line)) if word]
        if not words:
            continue
        days: set[int] = set()
        times: list[str] = []
        for word in words:
            clock = _clock(word)
            if clock:
                times.append(clock)
            elif named := _days(word):
                days.update(named)
            else:
                raise _wrong(number, f"“{word}”看不懂")
        if not days or not times:
            raise _wrong(number, "缺少星期" if not days else "缺少时间")
        found |= {(day, clock) for day in days for clock in times}
    return checked(found)


def checked(slots: Iterable[Slot]) -> list[Slot]:
    """In order, each once. Raises Invalid when a day has too many."""
    ordered = sorted(set(slots))
    for day in range(1, 8):
        if sum(one == day for one, _clock in ordered) > MOST_A_DAY:
            raise Invalid(
                f"发布时段没有保存。{DAYS[day - 1]}超过 {MOST_A_DAY} 个时段。请删减后重试。",
                errors={"slots": [f"每天最多 {MOST_A_DAY} 个时段。"]},
            )
    return ordered


def written(slots: Sequence[Sequence[object]]) -> str:
    """As read_slots() takes it, days with the same hours on one line: 工作日 08:30、12:00."""
    by_day = {day: tuple(str(clock) for one, clock in slots if one == day) for day in range(1, 8)}
    lines, left = [], [day for day in by_day if by_day[day]]
    for name, group in _GROUPS.items():
        if set(group) <= set(left) and len({by_day[day] for day in group}) == 1:
            lines.append((group[0], f"{name} {'、'.join(by_day[group[0]])}"))
            left = [day for day in left if day not in group]
    lines += [(day, f"{DAYS[day - 1]} {'、'.join(by_day[day])}") for day in left]
    return "\n".join(line for _first, line in sorted(lines))


def of_accounts(account_ids: Iterable[str]) -> dict[str, Timetable]:
    """{account id: its timetable}, of those that have one."""
    query = select(Timetable).where(Timetable.account_id.in_(list(account_ids)))
    return {row.account_id: row for row in db.session.scalars(query)}


def get(actor: Actor, account_id: str) -> tuple[Account, Timetable]:
    """The account and its timetable; one that nobody made yet is empty. Raises NotFound."""
    account = accounts.get_account(actor, account_id)
    kept = db.session.get(Timetable, account_id)
    return account, kept or Timetable(account_id=account_id, slots=[], gap_minutes=GAP)


def visible_to(actor: Actor) -> list[tuple[Account, Timetable | None]]:
    """The active accounts this person sees, by name, with what they have; at most 500."""
    query = (
        select(Account)
        .where(visible(actor, "account.read", Account.unit_id), Account.active)
        .order_by(Account.name, Account.platform, Account.id)
        .limit(500)
    )
    rows = list(db.session.scalars(query))
    kept = of_accounts(row.id for row in rows)
    return [(row, kept.get(row.id)) for row in rows]


def keep(actor: Actor, account_id: str, slots: Iterable[Slot], gap_minutes: int, *, now: datetime) -> Timetable:
    """Set an account's hours and the least distance of its posts. Raises Invalid, NotFound, Forbidden."""
    ordered = checked(slots)
    if not 0 <= gap_minutes <= MOST_GAP:
        raise Invalid(
            f"发布时段没有保存。最小间隔应为 0 到 {MOST_GAP} 分钟。请改正后重试。",
            errors={"gap_minutes": [f"0 到 {MOST_GAP} 分钟。"]},
        )
    with atomic():
        account = accounts.get_account(actor, account_id, key=MANAGE)
        kept = db.session.get(Timetable, account_id, with_for_update=True)
        before = (kept.slots, kept.gap_minutes) if kept else ([], GAP)
        kept = kept or Timetable(account_id=account_id)
        kept.slots = [[day, clock] for day, clock in ordered]
        kept.gap_minutes, kept.updated_by, kept.updated_at = gap_minutes, actor.user_id, now
        db.session.add(kept)
        if (kept.slots, gap_minutes) != before:
            audit.record(
                actor,
                "timetable.change",
                now=now,
                object_type="account",
                object_id=account_id,
                unit_id=account.unit_id,
                summary=f"设置账号“{account.name}”的发布时段",
                before={"slots": before[0], "gap_minutes": before[1]},
                after={"slots": kept.slots, "gap_minutes": gap_minutes},
            )
    return kept


def moments(timetable: Timetable | None, first: date, days: int) -> list[datetime]:
    """The instants (UTC) of its slots in `days` days from `first` on; an hour that a change of clocks skips is none."""
    zone = ZoneInfo(current().timezone)
    found = []
    for n in range(days):
        day = first + timedelta(days=n)
        for weekday, clock in timetable.slots if timetable else ():
            if weekday != day.isoweekday():
                continue
            wall = datetime.combine(day, time.fromisoformat(str(clock)), zone)
            at = wall.astimezone(UTC)
            if at.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
                found.append(at)
    return sorted(found)


def _opened(line: str) -> str:
    """Space after a day's name, and one name for each: 星期一08:30 -> 周一 08:30. (NFKC made full-width signs plain.)"""
    line = line.replace("星期", "周").replace("礼拜", "周").replace("周1至5", "工作日").replace("每日", "每天")
    for other, name in _OTHER_NAMES.items():
        line = line.replace(other, name)
    line = re.sub(r"(周[一二三四五六日])\s*([至到~\-])\s*(周?)([一二三四五六日])[:]?", r"\1\2周\4 ", line)
    return re.sub(r"(每天|工作日|周末|周[一二三四五六日])(?![至到~\-])[:]?", r"\1 ", line)


def _clock(word: str) -> str:
    match = _CLOCK.match(word)
    if not match or int(match[1]) > 23 or int(match[2] or 0) > 59:
        return ""
    return f"{int(match[1]):02d}:{int(match[2] or 0):02d}"


def _days(word: str) -> tuple[int, ...]:
    name = _ENGLISH.get(word.lower(), word)
    if name in _GROUPS:
        return _GROUPS[name]
    if name in DAYS:
        return (DAYS.index(name) + 1,)
    match = _RANGE.match(name)
    if not match:
        return ()
    first, last = DAYS.index(match[1]), DAYS.index(match[2])
    return tuple(n + 1 for n in range(first, last + 1))


def _wrong(number: int, what: str) -> Invalid:
    return Invalid(
        f"发布时段没有保存。第 {number} 行{what}。请写成“工作日 08:30、12:00”，每行先写星期再写时间。",
        errors={"slots": [f"第 {number} 行{what}。"]},
    )
