"""Timetables as people write them, which slots are free, and putting a post into the next one of all its accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.db import utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.publishing import blackouts, calendar, plans, slots, timetables
from app.publishing import services as publishing
from app.publishing.plan_models import Timetable
from tests.app.publishing.kit import Desk, fresh_post
from tests.app.publishing.test_conflicts import hour
from tests.app.publishing.web import Api, browser, sound

BEIJING = ZoneInfo("Asia/Shanghai")
WORKDAYS = "工作日 08:30、12:00、17:30"


def set_hours(desk: Desk, now: datetime, **texts: str) -> None:
    for name, text in texts.items():
        timetables.keep(desk.admin, getattr(desk, name).id, timetables.read_slots(text), 30, now=now)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (WORKDAYS, WORKDAYS),
        ("周一至周五：8:30，12：00, 17点30", WORKDAYS),
        ("星期一、星期三 9:00\n周日10:00", "周一 09:00\n周三 09:00\n周日 10:00"),
        ("每天 07:00\n周末 20:00", "周末 07:00、20:00\n工作日 07:00"),
        ("weekdays 8:30, 12:00\nSat 10:00", "工作日 08:30、12:00\n周六 10:00"),
        ("周六 9时\n\n 周日 9:00 9:00", "周末 09:00"),
        ("", ""),
    ],
)
def test_hours_as_people_write_them(text: str, written: str) -> None:
    found = timetables.read_slots(text)
    assert sorted(timetables.written(found).splitlines()) == sorted(written.splitlines())
    assert timetables.read_slots(timetables.written(found)) == found


@pytest.mark.parametrize(
    "text", ["08:30", "工作日", "工作日 25:00", "工作日 08:61", "周八 08:30", "工作日 早上", "周一 8.5"]
)
def test_what_is_not_understood_names_its_line(text: str) -> None:
    with pytest.raises(Invalid, match="第 2 行"):
        timetables.read_slots(f"周六 10:00\n{text}")
    with pytest.raises(Invalid, match="超过 24"):
        timetables.checked((1, f"{n // 4:02d}:{n % 4 * 15:02d}") for n in range(25))


def test_the_next_slot_is_one_of_all_accounts_and_free_for_all(desk: Desk, now: datetime) -> None:
    # Sunday nine o'clock; the two share noon only.
    set_hours(desk, now, weibo=WORKDAYS, wechat="每天 12:00、20:00")
    post = desk.approved("一起发")
    assert slots.next_free(desk.author, post.id, now) == hour(13, "12:00")
    alone = desk.approved("只发微博", accounts=[desk.weibo])
    assert slots.next_free(desk.author, alone.id, now) == hour(13, "08:30")
    only = desk.approved("只发微信", accounts=[desk.wechat])
    assert slots.next_free(desk.author, only.id, now) == hour(12, "12:00")
    # Taken on one of the accounts, near it on the other, then silenced.
    publishing.schedule(desk.author, alone.id, publish_at=hour(13, "12:00"), now=now)
    assert slots.next_free(desk.author, post.id, now) == hour(14, "12:00")
    publishing.schedule(desk.author, only.id, publish_at=hour(14, "12:20"), now=now)
    assert slots.next_free(desk.author, post.id, now) == hour(15, "12:00")
    blackouts.announce(
        desk.admin, scope="account", scope_id=desk.weibo.id, reason="维护", now=now,
        starts_at=hour(15, "00:00"), ends_at=hour(16, "13:00"),
    )  # fmt: skip
    assert slots.next_free(desk.author, post.id, now) == hour(17, "12:00")
    # What somebody only means to put there is left to them.
    wished = desk.approved("拟排的", accounts=[desk.weibo])
    plans.wish(desk.author, wished.id, hour(17, "12:00"), seen=None, now=now)
    assert slots.next_free(desk.author, post.id, now) == hour(20, "12:00")


def test_a_mass_send_leaves_the_rest_of_its_day(app: Flask, now: datetime) -> None:
    desk = Desk(now, wechat_mode="mass")
    set_hours(desk, now, wechat="每天 00:05、23:55")
    first, second = (desk.approved(title, accounts=[desk.wechat]) for title in ("甲", "乙"))
    slots.to_next(desk.author, first.id, seen=None, now=now)
    slots.to_next(desk.author, second.id, seen=None, now=now)
    # Ten minutes apart on the clock, and on the 13th of UTC both: but Beijing's 12th and 13th, and closer than the gap.
    assert fresh_post(first).publish_at == hour(12, "23:55")
    assert fresh_post(second).publish_at == hour(13, "23:55")


def test_soon_is_too_soon(desk: Desk, now: datetime) -> None:
    set_hours(desk, now, weibo="周日 09:10、09:20")
    post = desk.approved(accounts=[desk.weibo])
    assert slots.next_free(desk.author, post.id, now) == hour(12, "09:20")
    assert slots.next_free(desk.author, post.id, now + timedelta(minutes=6)) == hour(19, "09:10")


def test_without_a_slot_it_says_why(desk: Desk, now: datetime) -> None:
    post = desk.approved()
    with pytest.raises(Conflict, match="还没有设置发布时段"):
        slots.next_free(desk.author, post.id, now)
    # An account without hours follows the other's.
    set_hours(desk, now, weibo="周一 08:00")
    assert slots.next_free(desk.author, post.id, now) == hour(13, "08:00")
    set_hours(desk, now, wechat="周一 09:00")
    with pytest.raises(Conflict, match="没有相同的时刻"):
        slots.next_free(desk.author, post.id, now)
    set_hours(desk, now, wechat="周一 08:00")
    blackouts.announce(
        desk.admin, scope="site", scope_id=None, reason="维护", now=now,
        starts_at=hour(12, "10:00"), ends_at=hour(12, "10:00") + timedelta(days=60),
    )  # fmt: skip
    with pytest.raises(Conflict, match="没有各账号都空闲的时段"):
        slots.next_free(desk.author, post.id, now)
    with pytest.raises(NotFound):
        slots.next_free(desk.outsider, post.id, now)
    with pytest.raises(Forbidden):
        slots.to_next(desk.publisher, post.id, seen=None, now=now)


def test_it_is_undone_like_a_drag(desk: Desk, now: datetime) -> None:
    set_hours(desk, now, weibo=WORKDAYS)
    post = desk.approved(accounts=[desk.weibo])
    moved = slots.to_next(desk.author, post.id, seen=None, now=now)
    assert (moved.at, moved.undo) == (hour(13, "08:30"), "")
    # Asked again it does not stand in its own way; the way back is its old hour.
    calendar.move(desk.author, post.id, at=hour(20, "15:00"), seen=moved.at, now=now)
    again = slots.to_next(desk.author, post.id, seen=hour(20, "15:00"), now=now)
    assert (again.at, again.undo) == (hour(13, "08:30"), hour(20, "15:00"))
    calendar.take_off(desk.author, post.id, seen=again.at, now=now)
    assert fresh_post(post).status == "approved"


def test_free_slots_of_a_week(app: Flask, desk: Desk, now: datetime) -> None:
    set_hours(desk, now, weibo="周日 08:00、12:00\n周一 08:30", wechat="周一 08:30")
    post = desk.approved(accounts=[desk.wechat])
    found = slots.free_between(desk.author, date(2026, 7, 12), 7, now)
    assert [(slot.at, len(slot.accounts)) for slot in found] == [(hour(12, "12:00"), 1), (hour(13, "08:30"), 2)]
    publishing.schedule(desk.author, post.id, publish_at=hour(13, "08:30"), now=now)
    found = slots.free_between(desk.author, date(2026, 7, 12), 7, now)
    assert [[account.id for account in slot.accounts] for slot in found] == [[desk.weibo.id], [desk.weibo.id]]
    assert slots.free_between(desk.outsider, date(2026, 7, 12), 7, now) == []
    assert slots.free_between(desk.author, date(2026, 7, 1), 7, now) == []
    later = browser(app, desk.author).get("/calendar/feed?start=2030-06-03&end=2030-06-10").json
    assert later is not None
    assert [slot["start"] for slot in later["slots"]] == [
        "2030-06-03T08:30:00",
        "2030-06-09T08:00:00",
        "2030-06-09T12:00:00",
    ]
    assert "微信·青岚发布wechat、微博·青岚发布weibo" in later["slots"][0]["html"]


def test_clocks_that_change(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where clocks go forward an hour is skipped; its slot is none that day."""
    config = replace(app.extensions["tandem_config"], timezone="Europe/Berlin")
    monkeypatch.setitem(app.extensions, "tandem_config", config)
    table = Timetable(account_id="a", slots=[[7, "02:30"], [7, "03:30"]], gap_minutes=30)
    assert timetables.moments(table, date(2026, 3, 29), 1) == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
    assert timetables.moments(table, date(2026, 3, 22), 1) == [
        datetime(2026, 3, 22, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 22, 2, 30, tzinfo=UTC),
    ]
    assert timetables.moments(None, date(2026, 3, 22), 7) == []


def test_by_api(app: Flask, desk: Desk) -> None:
    admin, author = Api(app, desk.admin), Api(app, desk.author)
    body = {"slots": [{"weekday": day, "time": "12:00"} for day in range(1, 8)], "gap_minutes": 15}
    path = f"/accounts/{desk.weibo.id}/slots"
    assert author("PUT", path, body).status_code == 403
    assert admin("PUT", path, {"slots": [{"weekday": 8, "time": "12:00"}]}).status_code == 422
    assert admin("PUT", path, {"slots": [{"weekday": 1, "time": "24:00"}]}).status_code == 422
    assert admin("PUT", path, {**body, "gap_minutes": -1}).status_code == 422
    assert author("GET", path).json == {"account_id": desk.weibo.id, "slots": [], "gap_minutes": 30}
    post = desk.approved(accounts=[desk.weibo])
    assert author("GET", f"/posts/{post.id}/next-slot").status_code == 409
    kept = admin("PUT", path, body)
    assert kept.json == {"account_id": desk.weibo.id, **body}, kept.text
    named = author("GET", f"/posts/{post.id}/next-slot").json["publish_at"]  # type: ignore[index]
    made = author("PUT", f"/posts/{post.id}/schedule", {"publish_at": "next_slot"})
    assert made.status_code == 200, made.text
    assert (made.json["publish_at"], made.json["conflicts"]) == (named, [])  # type: ignore[index]
    assert Api(app, desk.outsider)("GET", path).status_code == 404


def test_on_screen(app: Flask, desk: Desk) -> None:
    admin, author = browser(app, desk.admin), browser(app, desk.author)
    page = sound(admin, f"/calendar/slots?account={desk.weibo.id}")
    assert "设置时段" in page
    assert "设置时段" not in sound(author, "/calendar/slots")
    form = {"account_ids": [desk.weibo.id, desk.wechat.id], "slots": WORKDAYS, "gap_minutes": "20"}
    assert author.post("/calendar/slots", data=form).status_code == 403
    wrong = admin.post("/calendar/slots", data={**form, "slots": "工作日 八点"})
    assert (wrong.status_code, "看不懂" in wrong.text, "工作日 八点" in wrong.text) == (422, True, True)
    assert admin.post("/calendar/slots", data={**form, "gap_minutes": "x"}).status_code == 422
    assert "没有选择账号" in admin.post("/calendar/slots", data={**form, "account_ids": []}).text
    said = admin.post("/calendar/slots", data=form, follow_redirects=True)
    assert "已保存 2 个账号的发布时段" in said.text
    assert WORKDAYS in sound(author, f"/accounts/{desk.weibo.id}")
    post = desk.approved()
    tray = author.get("/calendar/tray").text
    assert f'data-next="{post.id}"' in tray
    asked = author.get(f"/calendar/posts/{post.id}/slot").json
    put = author.post(f"/calendar/posts/{post.id}/slot", json={"seen": ""}).json
    assert asked is not None
    assert put is not None
    assert (put["undo"], "已排到" in put["said"]) == ("", True)
    assert fresh_post(post).publish_at == datetime.fromisoformat(put["seen"])
    assert datetime.fromisoformat(asked["at"]).replace(tzinfo=BEIJING) == fresh_post(post).publish_at
    undone = author.delete(f"/calendar/posts/{post.id}/time", json={"seen": put["seen"]})
    assert (undone.status_code, fresh_post(post).status) == (200, "approved")
    done = author.post(
        f"/posts/{post.id}/schedule", data={"when": "next", "order": "wechat_first"}, follow_redirects=True
    )
    assert "已排到下一个空档" in done.text
    assert fresh_post(post).publish_at == datetime.fromisoformat(put["seen"])
    assert utcnow() < datetime.fromisoformat(put["seen"])
