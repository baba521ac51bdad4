"""The calendar on screen: a post is dragged to another hour and back, refused where the day is taken, put on the
schedule from the tray; what is published does not move. By mouse, by keyboard, and in whatever zone the browser is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from app import create_app
from app.accounts.models import Account
from app.config import load
from app.db import atomic, db, utcnow
from app.posts import services as posts
from app.posts.models import Post
from app.publishing import services as publishing
from app.publishing import timetables
from app.review.models import Review
from app.system.demo.city import PASSWORD
from app.units.access import SYSTEM, Actor, actor_for
from app.units.models import User
from tests.journeys.browser import Person, newcomer, sign_in
from tests.journeys.stack import Stack
from tests.patience import wait_for

BEIJING = ZoneInfo("Asia/Shanghai")
MOVED, TAKEN, WAITING = "改期的稿件", "占用名额的稿件", "等着排期的稿件"
NEAR = "同一天的微博"


@dataclass
class Week:
    """Next week on the calendar, as the author sees it; `monday` is its first day."""

    person: Person
    monday: date

    @property
    def page(self) -> Page:
        return self.person.page

    def open(self) -> None:
        self.person.open(f"/calendar?view=week&date={self.monday}")
        expect(self.chip(TAKEN)).to_be_visible()

    def day(self, number: int) -> str:
        return (self.monday + timedelta(days=number)).isoformat()

    def chip(self, title: str) -> Locator:
        # By its own title: a conflict's words name its neighbour.
        named = self.page.locator(".chip-title", has_text=title)
        return self.page.locator(".ec-event:not(.ec-ghost, .ec-preview)").filter(has=named)

    def feed(self, first: date | None = None, days: int = 7) -> dict[str, dict[str, Any]]:
        """What the server holds now, by title."""
        start = first or self.monday
        answer = self.page.request.get(
            f"{self.person.base}/calendar/feed?start={start}&end={start + timedelta(days=days)}"
        )
        assert answer.ok, answer.text()
        return {event["title"]: event for event in answer.json()["events"]}

    def place(self, day: int, hour: float) -> tuple[float, float]:
        """The point of an hour on the screen."""
        box = self.page.locator(".ec-body .ec-day").nth(day).bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] * hour / 24 + 2

    def drag(self, title: str, day: int, hour: float) -> None:
        """By the mouse, taken at the chip's upper edge."""
        box = wait_for(f"{title} on the page", lambda: self.chip(title).bounding_box())
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 3)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] / 2 + 12, box["y"] + 12)
        self.page.mouse.move(*self.place(day, hour), steps=8)
        self.page.mouse.up()

    def stands(self, title: str, day: int, clock: str) -> None:
        """On the screen (the hour, and the column's place) and at the server."""
        expect(self.chip(title).locator(".chip-time")).to_have_text(clock)
        wait_for(f"{title} at {clock}", lambda: self.feed()[title]["start"] == f"{self.day(day)}T{clock}:00" or None)
        hour = int(clock[:2]) + int(clock[3:]) / 60
        # Asked until it holds: a chip that goes back is drawn anew, and has no place for that moment.
        wait_for(f"{title} in column {day} at {clock}", lambda: self.lies(title, day, hour))

    def lies(self, title: str, day: int, hour: float) -> bool:
        """Whether the chip's upper left corner is in that day's column at that hour's height."""
        box, column = self.chip(title).bounding_box(), self.page.locator(".ec-body .ec-day").nth(day).bounding_box()
        if box is None or column is None:
            return False
        beside = column["x"] - 2 <= box["x"] < column["x"] + column["width"]
        return beside and abs(box["y"] - (column["y"] + column["height"] * hour / 24)) < 4

    def says(self, words: str) -> None:
        expect(self.page.locator("#toasts .note", has_text=words).first).to_be_visible()


@pytest.fixture(scope="module")
def prepared(stack: Stack) -> date:
    """One mass send a day; next week two scheduled posts, and an approved one in the tray. Next week's Monday."""
    app, now = create_app(load(stack.environment())), utcnow()
    today = now.astimezone(BEIJING).date()
    monday = today + timedelta(days=7 - today.weekday())
    with app.app_context():
        author = actor_for(db.session.scalars(select(User).where(User.email == "author@demo.tandem")).one())
        found = db.session.scalars(select(Account).where(Account.name == "青岚发布").order_by(Account.platform)).all()
        accounts = [account.id for account in found]
        with atomic():
            for account in db.session.scalars(select(Account).where(Account.mode == "mass")):
                account.settings = {**account.settings, "quotas": {"mass": 1}}
        for account_id in accounts:
            timetables.keep(SYSTEM, account_id, timetables.read_slots("每天 07:30、19:30"), 30, now=now)
        weibo = [account.id for account in found if account.platform == "weibo"]
        for title, day in ((MOVED, 1), (TAKEN, 2), (WAITING, None), (NEAR, 4)):
            post_id = approve(author, title, weibo if title == NEAR else accounts, now)
            if day is not None:
                at = datetime(monday.year, monday.month, monday.day, 10, tzinfo=BEIJING) + timedelta(days=day)
                publishing.schedule(author, post_id, publish_at=at, now=now)
        db.session.remove()
        db.engine.dispose()
    return monday


def approve(author: Actor, title: str, accounts: list[str], now: datetime) -> str:
    """A post as its three reviewers left it."""
    fields = {
        "unit_id": author.unit_id,
        "title": title,
        "summary": "一句话说清。",
        "body_html": f"<p>{title}的正文。</p>",
        "source": "青岚市人民政府办公室",
        "account_ids": accounts,
    }
    made = posts.create_post(author, fields, now).id
    with atomic():
        post = db.session.get_one(Post, made)
        assert post.revision is not None
        post.revision.frozen_at, post.status = now, "approved"
        db.session.add(
            Review(
                post_id=post.id,
                revision_id=post.revision_id,
                unit_id=post.unit_id,
                status="approved",
                stages=[],
                submitted_by=author.user_id,
                submitted_at=now,
                closed_at=now,
            )
        )
    return made


@pytest.fixture
def week(stack: Stack, browser: Browser, prepared: date) -> Week:
    return Week(sign_in(browser, stack.web, "author@demo.tandem", PASSWORD), prepared)


def test_dragging_moves_and_undo_brings_back(week: Week) -> None:
    week.open()
    week.stands(MOVED, 1, "10:00")
    week.drag(MOVED, 3, 14)
    week.says("已改到")
    week.stands(MOVED, 3, "14:00")
    week.person.shot("calendar-1-moved")
    week.page.get_by_role("button", name="撤销").click()
    week.says("已撤销")
    week.stands(MOVED, 1, "10:00")
    assert week.person.complaints == []


def test_a_taken_day_is_told_before_the_drop_and_the_chip_goes_back(week: Week) -> None:
    week.open()
    week.drag(MOVED, 2, 13)
    dialog = week.page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"已由《{TAKEN}》")
    expect(dialog).to_contain_text("空闲的日子")
    expect(dialog.get_by_role("button", name="改期")).to_be_disabled()
    week.person.shot("calendar-5-refused")
    dialog.get_by_role("button", name="不改了").click()
    week.stands(MOVED, 1, "10:00")
    # What the page's own address brings after a reload is the same.
    week.page.reload()
    week.stands(MOVED, 1, "10:00")
    assert week.person.complaints == []


def test_a_conflict_is_asked_about_a_slot_is_found_and_a_plan_imported(week: Week, tmp_path: Path) -> None:
    week.open()
    page = week.page
    week.drag(MOVED, 4, 10.25)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"与《{NEAR}》")
    dialog.get_by_role("button", name="仍要这样排").click()
    week.stands(MOVED, 4, "10:15")
    expect(week.chip(MOVED).locator(".chip-clash")).to_have_text("冲突")
    expect(page.locator(".ec-bg-event.slot").first).to_be_attached()
    week.person.shot("calendar-6-conflict")
    page.get_by_role("button", name="撤销").click()
    week.stands(MOVED, 1, "10:00")

    page.get_by_role("button", name=f"排到下一个空档：{WAITING}").press("Enter")
    week.says("已排到")
    expect(page.locator(".tray-post", has_text=WAITING)).to_have_count(0)
    page.get_by_role("button", name="撤销").click()
    expect(page.locator(".tray-post", has_text=WAITING)).to_have_count(1)

    page.get_by_role("link", name="导入排期表").click()
    page.get_by_label("Excel 文件").set_input_files(plan_file(tmp_path, week.monday))
    page.get_by_role("button", name="读取并检查").click()
    expect(page.get_by_text("没有叫“青岚发部”的账号")).to_be_visible()
    assert "导入的稿件" not in week.feed()
    week.person.shot("calendar-7-report")
    page.get_by_label("筛选").get_by_role("link", name="全部").click()
    page.get_by_role("button", name="确认，建 1 篇草稿").click()
    expect(page.get_by_role("heading", name="已建 1 篇草稿")).to_be_visible()
    week.person.shot("calendar-8-made")
    page.get_by_role("link", name="在日历上看").click()
    expect(week.chip("导入的稿件")).to_have_class(re.compile("planned"))
    week.drag("导入的稿件", 5, 16)
    week.says("已拟排到")
    week.stands("导入的稿件", 5, "16:00")
    week.person.shot("calendar-9-planned")

    # On paper goes the list, whatever is on the screen; afterwards the screen is what it was.
    page.evaluate(
        "window.print = () => { document.body.dataset.printed = location.search; dispatchEvent(new Event('afterprint')); }"
    )
    page.get_by_role("button", name="打印清单").click()
    expect(page.locator("body")).to_have_attribute("data-printed", re.compile("view=list"))
    expect(page).to_have_url(re.compile("view=week"))
    week.person.open(f"/calendar?view=list&date={week.monday}")
    expect(week.chip("导入的稿件")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".tray")).to_be_hidden()
    expect(week.chip("导入的稿件").locator(".chip-accounts")).to_have_text("微博·青岚发布")
    expect(week.chip("导入的稿件").locator(".chip-plan")).to_be_visible()
    week.person.shot("calendar-10-print")
    assert week.person.complaints == []


def plan_file(folder: Path, monday: date) -> Path:
    book = Workbook()
    sheet: Any = book.active
    sheet.append(["日期", "时间", "标题", "正文", "账号"])
    sheet.append([monday + timedelta(days=5), "下午3点", "导入的稿件", "正文一段。", "微博·青岚发布"])
    sheet.append([monday + timedelta(days=5), "15:00", "账号写错的", "", "青岚发部"])
    path = folder / "下周排期.xlsx"
    book.save(path)
    return path


def test_an_approved_post_is_dropped_from_the_tray(week: Week) -> None:
    week.open()
    page = week.page
    waiting = page.locator(".tray-post", has_text=WAITING)
    expect(page.locator(".tray-post", has_text="先提交审核").first).not_to_have_attribute("draggable", "true")
    x, y = week.place(4, 9)
    box = page.locator("#calendar").bounding_box()
    assert box
    waiting.drag_to(page.locator("#calendar"), target_position={"x": x - box["x"], "y": y - box["y"]})
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("发布时间")).to_have_value(f"{week.day(4)}T09:00")
    expect(dialog).to_contain_text(WAITING)
    week.person.shot("calendar-2-dialog")
    # Thinking better of it changes nothing.
    dialog.get_by_role("button", name="不改了").click()
    assert WAITING not in week.feed()
    waiting.drag_to(page.locator("#calendar"), target_position={"x": x - box["x"], "y": y - box["y"]})
    dialog.get_by_role("button", name="排期").click()
    week.says("已排到")
    week.stands(WAITING, 4, "09:00")
    expect(waiting).to_have_count(0)
    expect(page.locator(f".ec-col-head:has(time[datetime='{week.day(4)}']) .used-up")).to_contain_text("剩 0/1")
    page.get_by_role("button", name="撤销").click()
    expect(waiting).to_have_count(1)
    assert WAITING not in week.feed()
    assert week.person.complaints == []


def test_the_keyboard_does_it_too(week: Week) -> None:
    week.open()
    page = week.page
    page.get_by_role("button", name=f"改期：{MOVED}").focus()
    page.keyboard.press("Enter")
    at = page.get_by_role("dialog").get_by_label("发布时间")
    expect(at).to_have_value(f"{week.day(1)}T10:00")
    at.fill(f"{week.day(1)}T16:20")
    page.keyboard.press("Enter")
    week.says("已改到")
    week.stands(MOVED, 1, "16:20")
    page.get_by_role("button", name="撤销").click()
    week.stands(MOVED, 1, "10:00")
    page.get_by_role("button", name=f"排期：{WAITING}").press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text(WAITING)
    page.keyboard.press("Escape")
    assert WAITING not in week.feed()
    # A click opens the post; the click that ends a drag did not.
    week.chip(MOVED).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(MOVED)


def test_what_is_published_stays(week: Week) -> None:
    page, today = week.page, utcnow().astimezone(BEIJING).date()
    monday = today - timedelta(days=today.weekday())

    def published() -> dict[str, dict[str, Any]] | None:
        found = {title: event for title, event in week.feed(monday).items() if "state-green" in event["classNames"]}
        return found or None

    week.person.open("/calendar")
    before = wait_for("a published post on the calendar", published)
    page.reload()
    title = sorted(before)[0]
    chip = week.chip(title)
    chip.scroll_into_view_if_needed()
    # With several others at its hour it is a line of a list.
    line = chip.locator("li", has_text=title)
    shown = line if line.count() else chip
    expect(shown).to_have_class(re.compile("fixed"))
    expect(shown.locator("[data-move]")).to_have_count(0)
    week.drag(title, 0 if today.weekday() else 1, 12)
    page.wait_for_timeout(400)
    assert page.locator("#toasts .note").count() == 0
    assert week.feed(monday)[title]["start"] == before[title]["start"]
    assert "/calendar" in page.url


def test_the_address_keeps_view_and_date_and_a_phone_begins_with_the_list(week: Week, browser: Browser) -> None:
    week.open()
    page = week.page
    page.get_by_role("button", name="月", exact=True).click()
    expect(page).to_have_url(re.compile(rf"view=month&date={week.monday}"))
    page.reload()
    expect(page.get_by_role("button", name="月", exact=True)).to_have_class(re.compile("ec-active"))
    expect(week.chip(MOVED)).to_be_visible()
    week.person.shot("calendar-3-month")
    page.set_viewport_size({"width": 390, "height": 844})
    week.person.open(f"/calendar?date={week.monday}")
    expect(page).to_have_url(re.compile("view=list"))
    expect(week.chip(MOVED).get_by_role("button", name="改期")).to_be_visible()
    week.person.shot("calendar-4-list")
    assert week.person.complaints == []


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "Pacific/Auckland"])
def test_hours_are_the_installations_whatever_the_browsers(week: Week, browser: Browser, zone: str) -> None:
    cookies = week.page.context.storage_state()
    abroad = Week(newcomer(browser, week.person.base, storage_state=cookies, timezone_id=zone), week.monday)
    abroad.open()
    abroad.stands(MOVED, 1, "10:00")
    line = abroad.person.open("/calendar?view=week").locator(".ec-now-indicator")
    # In the evening it is below what is shown at first.
    expect(line).to_be_attached()
    line.evaluate("line => line.scrollIntoView({block: 'center'})")
    expect(line).to_be_visible()
    now = utcnow().astimezone(BEIJING)
    # Both in one look: the page may still scroll.
    share = line.evaluate(
        """(line, day) => {
            const column = document.querySelectorAll(".ec-body .ec-day")[day].getBoundingClientRect();
            return (line.getBoundingClientRect().y - column.y) / column.height;
        }""",
        now.weekday(),
    )
    # A quarter of an hour at most since the page was made, on a busy machine.
    assert abs(share * 24 - (now.hour + now.minute / 60)) < 0.25
    abroad.page.context.close()
