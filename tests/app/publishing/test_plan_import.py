"""Importing a plan: a report row by row that changes nothing, then drafts with their wished hours, each once."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import delete, func, select, update

from app.audit.models import Event
from app.checks import keeping, packs
from app.checks.words import Matcher, Term
from app.db import atomic, db, in_atomic, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound, TandemError, TooLarge, WrongKind
from app.posts import services as posts
from app.posts.models import Post
from app.publishing import calendar, plan_import, plan_sheet, plan_template, plans, timetables
from app.publishing import services as publishing
from app.publishing.plan_check import Judged
from app.publishing.plan_models import Plan, PlanImport, PlanRow
from app.units.access import Actor
from app.units.models import Unit
from tests.app.publishing.kit import Desk, fresh_post
from tests.app.publishing.test_conflicts import hour
from tests.app.publishing.web import browser, sound

HEADS = ["日期", "时间", "标题", "摘要", "正文", "账号", "单位", "备注"]
TODAY = date(2026, 7, 12)


def book(rows: Sequence[Sequence[Any]], heads: Sequence[str] = HEADS) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    sheet: Any = made.active
    sheet.title = "排期表"
    sheet.append(list(heads))
    for row in rows:
        sheet.append(list(row))
    return made


def saved(made: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def row_of(title: str, day: object = "2026-07-13", clock: object = "08:30", **more: str) -> list[Any]:
    values = {"摘要": "", "正文": "", "账号": "", "单位": "", "备注": ""} | more
    return [day, clock, title, *values.values()]


def uploaded(desk: Desk, now: datetime, rows: Sequence[Sequence[Any]]) -> PlanImport:
    return plan_import.upload(desk.author, "7月排期.xlsx", saved(book(rows)), now=now)


def report(desk: Desk, now: datetime, *rows: Sequence[Any]) -> list[Judged]:
    return plan_import.report(desk.author, uploaded(desk, now, rows), now)


def imported(desk: Desk, found: PlanImport, now: datetime) -> plan_import.Progress:
    plan_import.confirm(desk.author, found.id, now=now)
    return plan_import.make_drafts(desk.author, found.id, now=now)


def in_threads(app: Flask, number: int, act: Callable[[], object]) -> list[object]:
    """What each of them answered or raised; they begin together."""
    ready = threading.Barrier(number)

    def one(_number: int) -> object:
        with app.app_context():
            ready.wait()
            try:
                return act()
            except TandemError as refusal:
                return refusal
            finally:
                db.session.remove()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def count(table: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_nothing_is_made_before_confirming_and_each_row_once(desk: Desk, now: datetime) -> None:
    found = uploaded(
        desk,
        now,
        [
            row_of(
                "便民公告",
                正文="第一段。\n\n第二段 <b>。",
                摘要="一句话。",
                账号="青岚发布weibo、微信·青岚发布wechat",
                备注="王敏写",
            ),
            row_of("没有时间的", clock=None),
            row_of("周末活动", date(2026, 7, 18), time(17, 30), 单位="青岚市政府办"),
        ],
    )
    judged = plan_import.report(desk.author, found, now)
    assert [one.good for one in judged] == [True, False, True]
    assert [account.platform for account in judged[0].accounts] == ["weibo", "wechat"]
    assert count(Post) == count(Plan) == 0
    with pytest.raises(Conflict, match="还没有确认"):
        plan_import.make_drafts(desk.author, found.id, now=now)
    done = imported(desk, found, now)
    assert (done.rows, done.made, done.skipped, done.left) == (3, 2, 1, 0)
    drafts = {post.title: post for post in db.session.scalars(select(Post))}
    assert {post.status for post in drafts.values()} == {"draft"}
    notice = drafts["便民公告"]
    assert notice.publish_at is None
    assert notice.revision is not None
    assert notice.revision.body_html == "<p>第一段。</p><p>第二段 &lt;b&gt;。</p>"
    assert notice.revision.summary == "一句话。"
    plan = plans.of_posts([notice.id])[notice.id]
    assert (plan.wished_at, plan.note) == (hour(13, "08:30"), "王敏写")
    assert plans.of_posts([drafts["周末活动"].id])[drafts["周末活动"].id].wished_at == hour(18, "17:30")
    assert [why for _row, why in plan_import.left_out(found)] == ["没有时间。请填写发布时间，例如 08:30。"]
    with pytest.raises(Conflict, match="已经导入过"):
        plan_import.make_drafts(desk.author, found.id, now=now)
    with pytest.raises(Conflict):
        plan_import.discard(desk.author, found.id, now=utcnow())
    assert count(Post) == 2
    event = db.session.scalars(select(Event).where(Event.action == "plan.import")).one()
    assert "2 行建草稿，1 行不导入" in event.summary


def test_a_post_of_the_same_title_and_hour_is_not_made_again(desk: Desk, now: datetime) -> None:
    post = desk.approved(accounts=[desk.weibo])
    plans.wish(desk.author, post.id, hour(13, "08:30"), seen=None, now=now)
    again = report(desk, now, row_of(post.title, 账号="青岚发布weibo"))
    assert (again[0].good, again[0].twin_id, again[0].imported) == (False, post.id, False)
    # Without its hour it may be another matter: that is for the person to say.
    with atomic():
        db.session.execute(delete(Plan).where(Plan.post_id == post.id))
    again = report(desk, now, row_of(post.title, 账号="青岚发布weibo"))
    assert (again[0].good, again[0].twin_id) == (True, "")
    assert any("还没有定时间" in note for note in again[0].notes)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_file_that_is_confirmed_at_this_moment_is_not_discarded(
    desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite nobody can confirm while it is being discarded."""
    found = uploaded(desk, now, [row_of("便民公告")])
    import_id, get = found.id, plan_import.get

    def then_confirmed(actor: Actor, key: str) -> PlanImport:
        seen = get(actor, key)
        with db.engine.begin() as other:
            other.execute(update(PlanImport).where(PlanImport.id == key).values(confirmed_at=now))
        return seen

    monkeypatch.setattr(plan_import, "get", then_confirmed)
    with pytest.raises(Conflict, match="已经开始导入"):
        plan_import.discard(desk.author, import_id, now=utcnow())
    assert count(PlanRow) == 1


def test_the_same_file_again_says_what_is_imported(desk: Desk, now: datetime) -> None:
    rows = [row_of("一"), row_of("二", clock="09:30"), row_of("三", clock="10:30")]
    imported(desk, uploaded(desk, now, rows[:2]), now)
    first = db.session.scalars(select(Post).where(Post.title == "一")).one()
    # Whatever became of the draft since: another title, another hour.
    posts.revise_post(desk.author, first.id, {"title": "改过的题"}, first.version, now)
    plans.wish(desk.author, first.id, hour(15, "12:00"), seen=hour(13, "08:30"), now=now)
    again = uploaded(desk, now, rows)
    judged = plan_import.report(desk.author, again, now)
    assert [(one.good, one.imported) for one in judged] == [(False, True), (False, True), (True, False)]
    assert judged[0].twin_id == first.id
    assert (imported(desk, again, now).made, count(Post)) == (1, 3)
    assert {why for _row, why in plan_import.left_out(again)} == {"已导入：同一行先前已建过草稿，不重复建。"}
    # For another unit the same row is another post.
    theirs = plan_import.upload(desk.outsider, "x.xlsx", saved(book(rows[:1])), now=now)
    assert [one.good for one in plan_import.report(desk.outsider, theirs, now)] == [True]


def test_two_files_confirmed_before_either_is_made(desk: Desk, now: datetime) -> None:
    both = [uploaded(desk, now, [row_of("一"), row_of("二", clock="09:30")]) for _ in range(2)]
    for found in both:
        plan_import.confirm(desk.author, found.id, now=now)
    made = [plan_import.make_drafts(desk.author, found.id, now=now).made for found in both]
    assert (made, count(Post)) == ([2, 0], 2)


def test_confirming_is_single_shot(app: Flask, desk: Desk, now: datetime) -> None:
    key = uploaded(desk, now, [row_of("一"), row_of("二", clock="09:30")]).id
    told = in_threads(app, 2, lambda: plan_import.confirm(desk.author, key, now=now))
    assert sorted(type(one).__name__ for one in told) == ["Conflict", "PlanImport"]
    assert any("已经确认过" in str(one) for one in told)
    in_threads(app, 2, lambda: plan_import.make_drafts(desk.author, key, now=now))
    assert count(Post) == 2
    confirmed = select(func.count(Event.id)).where(Event.action == "plan.import")
    assert db.session.scalar(confirmed) == 1


def test_two_plans_with_the_same_rows_at_one_moment(app: Flask, desk: Desk, now: datetime) -> None:
    both = [uploaded(desk, now, [row_of(f"第{n}篇", clock=f"{n + 8}:00") for n in range(4)]).id for _ in range(2)]
    for one in both:
        plan_import.confirm(desk.author, one, now=now)
    left = iter(both)
    in_threads(app, 2, lambda: plan_import.make_drafts(desk.author, next(left), now=now))
    assert count(Post) == 4


def test_it_is_on_the_calendar_fainter_and_goes_nowhere_by_itself(app: Flask, desk: Desk) -> None:
    now = utcnow()
    day = now.astimezone(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=3)
    found = uploaded(desk, now, [row_of("拟排的", day, "08:30", 账号="青岚发布weibo")])
    imported(desk, found, now)
    author = browser(app, desk.author)
    first, last = day - timedelta(days=1), day + timedelta(days=6)
    feed = author.get(f"/calendar/feed?start={first}&end={last}").json
    assert feed is not None
    (event,) = feed["events"]
    assert (event["start"], event["classNames"]) == (f"{day}T08:30:00", ["state-grey", "planned"])
    assert "拟排" in event["extendedProps"]["html"]
    assert event["startEditable"] is True
    (chip,) = calendar.planned(desk.author, day, 1, now)
    assert calendar.planned(desk.author, day + timedelta(days=1), 5, now) == []
    assert calendar.planned(desk.outsider, day, 1, now) == []
    assert not calendar.planned(desk.publisher, day, 1, now)[0].movable
    # Dragged, undone, dropped.
    path, seen = f"/calendar/posts/{chip.post.id}/wish", event["extendedProps"]["seen"]
    moved = author.put(path, json={"at": f"{day}T15:00", "seen": seen}).json
    assert moved is not None
    assert (moved["undo"], "到点不会发出" in moved["said"]) == (f"{day}T08:30:00", True)
    assert author.put(path, json={"at": f"{day}T16:00", "seen": seen}).status_code == 409
    assert author.put(path, json={"at": "2020-01-01T16:00", "seen": moved["seen"]}).status_code == 422
    assert browser(app, desk.publisher).put(path, json={"at": f"{day}T16:00", "seen": ""}).status_code == 403
    assert author.put(path, json={"at": moved["undo"], "seen": moved["seen"]}).status_code == 200
    assert author.delete(path, json={"seen": seen}).status_code == 200
    assert calendar.planned(desk.author, day, 1, now) == []
    assert fresh_post(chip.post).status == "draft"


def test_one_that_is_scheduled_is_no_plan_any_more(desk: Desk, now: datetime) -> None:
    post = desk.approved(accounts=[desk.weibo])
    plans.wish(desk.author, post.id, hour(14), seen=None, now=now)
    assert [chip.state for chip in calendar.planned(desk.author, date(2026, 7, 14), 1, now)] == ["approved"]
    publishing.schedule(desk.author, post.id, publish_at=hour(15), now=now)
    assert calendar.planned(desk.author, date(2026, 7, 14), 1, now) == []
    with pytest.raises(Conflict, match="已经排期"):
        plans.wish(desk.author, post.id, hour(16), seen=hour(14), now=now)
    publishing.unschedule(desk.author, post.id, now=now)
    assert [chip.at for chip in calendar.planned(desk.author, date(2026, 7, 14), 1, now)] == [hour(14)]


def test_what_is_wrong_with_a_row_and_how_to_mend_it(desk: Desk, now: datetime) -> None:
    with atomic():
        desk.wechat.active = False
    judged = report(
        desk,
        now,
        row_of("不认识的账号", 账号="青岚发布webo"),
        row_of("停用的账号", 账号="青岚发布wechat"),
        row_of("过去的", "2026-07-12", "08:59"),
        row_of("现在起一分钟", "2026-07-12", "09:01"),
        row_of("别人的单位", 单位="邻市政府办"),
        row_of("太长" * 101),
        row_of("写错的日子", "7月13日（周三）"),
        row_of("写错的钟点", clock="8:30-9:00"),
        row_of("", 正文="只有正文"),
        row_of("重复的", clock="10:00"),
        row_of("重复的", clock="10:00"),
        row_of("重复的", clock="15:00"),
    )
    said = [" ".join(sentence for _key, sentence in one.wrong) for one in judged]
    expected = [
        "您是不是指“青岚发布weibo”",
        "已停用",
        "已经过去",
        "",
        "可用的有：青岚市政府办",
        "最多 200 字",
        "是周一，不是周三",
        "是一段",
        "没有标题",
        "",
        "与“排期表”第 11 行重复",
        "",
    ]
    for found, words in zip(said, expected, strict=True):
        assert words in found
        assert bool(found) == bool(words)
    assert "没有正文和摘要" in " ".join(judged[3].notes)
    assert [one.row.line for one in judged] == list(range(2, 14))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_row_for_a_lower_unit_does_not_name_a_higher_units_account(desk: Desk, now: datetime) -> None:
    with atomic():
        bureau = Unit(name="青岚市水务局", level="county", parent_id=desk.city.id, created_at=now)
        db.session.add(bureau)
        db.session.flush()
        bureau.path = f"{desk.city.path}{bureau.id}/"
    (found,) = report(desk, now, row_of("甲", 账号=desk.weibo.name, 单位="青岚市水务局"))
    ((field, words),) = found.wrong
    assert (field, "不在“青岚市水务局”之下" in words) == ("accounts", True)


def test_names_of_accounts(desk: Desk, now: datetime) -> None:
    with atomic():
        desk.weibo.name = desk.wechat.name = "青岚发布"
    names = ["青岚发布", "微博·青岚发布", "微信：青岚发布", "青岚发布（公众号）", "微博 青岚发布\n微信-青岚发布"]
    judged = report(desk, now, *(row_of(f"第{n}", clock=f"{n + 9}:00", 账号=name) for n, name in enumerate(names)))
    assert [[account.platform for account in one.accounts] for one in judged] == [
        ["weibo", "wechat"],
        ["weibo"],
        ["wechat"],
        ["wechat"],
        ["weibo", "wechat"],
    ]
    assert "都选上了" in judged[0].notes[0]
    assert all(one.good for one in judged)


def test_conflicts_with_what_stands_and_among_the_rows(app: Flask, now: datetime) -> None:
    desk = Desk(now, wechat_mode="mass")
    timetables.keep(desk.admin, desk.weibo.id, [], 60, now=now)
    post = desk.approved("已排期的", accounts=[desk.wechat])
    publishing.schedule(desk.author, post.id, publish_at=hour(13), now=now)
    judged = report(
        desk,
        now,
        row_of("撞群发", clock="15:00", 账号="青岚发布wechat"),
        row_of("头一篇", "2026-07-14", "08:00", 账号="青岚发布weibo"),
        row_of("太近", "2026-07-14", "08:30", 账号="青岚发布weibo"),
        row_of("不近", "2026-07-14", "09:30", 账号="青岚发布weibo"),
    )
    assert [[(clash.kind, clash.refuses) for clash in one.clashes] for one in judged] == [
        [("quota", True)],
        [],
        [("close", False)],
        [],
    ]
    # Of a draft an hour that cannot be had is no harm yet: it is made, with the warning.
    assert all(one.good for one in judged)


def test_merged_cells_are_found_without_the_whole_sheet_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    parse = etree.iterparse

    def kept(*args: Any, **more: Any) -> Any:
        made.append(parse(*args, **more))
        return made[-1]

    monkeypatch.setattr(etree, "iterparse", kept)
    sheet = book([row_of(f"第{n}") for n in range(300)])
    sheet.worksheets[0].merge_cells("A2:A4")
    found = plan_sheet.read_plan("a.xlsx", saved(sheet), TODAY)
    assert [row.at for row in found.rows[:3]] == ["2026-07-13T08:30"] * 3
    (events,) = made
    assert sum(1 for _node in events.root.iter()) < 30


def test_merged_cells_formulas_and_errors(desk: Desk, now: datetime) -> None:
    made = book([row_of(f"第{n}篇", clock=f"{n + 9}:00") for n in range(5)])
    sheet: Any = made.active
    sheet.merge_cells("A2:A4")
    sheet.merge_cells("C5:C6")
    sheet["F2"] = "青岚发布weibo"
    sheet.merge_cells("F2:F3")
    sheet["B3"] = "=TIME(8,30,0)"
    sheet["A5"] = "#REF!"
    found = plan_import.upload(desk.author, "x.xlsx", saved(made), now=now)
    judged = plan_import.report(desk.author, found, now)
    assert [one.row.title for one in judged] == ["第0篇", "第1篇", "第2篇", "第3篇"]
    assert [one.at for one in judged] == [hour(13, "09:00"), None, hour(13, "11:00"), None]
    assert "合并单元格，按第 2 行读取" in " ".join(judged[2].notes)
    assert [account.id for account in judged[1].accounts] == [desk.weibo.id]
    assert judged[2].accounts == []
    assert "（B3）是没有算过的公式" in judged[1].wrong[0][1]
    assert "（A5）是错误值 #REF!" in judged[3].wrong[0][1]
    # A row without anything but its hour is passed over, and named.
    assert found.notes == ["工作表“排期表”有 1 行没有标题和内容，没有读取（第 6 行）。"]


def test_a_formula_that_was_computed_counts_as_its_result() -> None:
    made = book([row_of("公式", clock="08:30")])
    sheet: Any = made.active
    sheet["C2"] = "=A1&B1"
    content = saved(made)
    # As Excel saves it: with the result beside the formula.
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w") as after:
        for item in before.infolist():
            data = before.read(item)
            if item.filename == "xl/worksheets/sheet1.xml":
                data = data.replace(
                    b'<c r="C2"><f>A1&amp;B1</f><v></v></c>',
                    '<c r="C2" t="str"><f>A1&amp;B1</f><v>算出的标题</v></c>'.encode(),
                )
                assert "算出的标题".encode() in data
            after.writestr(item, data)
    (row,) = plan_sheet.read_plan("x.xlsx", out.getvalue(), TODAY).rows
    assert row.title == "算出的标题"
    assert "按算出的结果读取" in " ".join(row.notes)


def test_which_sheets_are_read() -> None:
    made = book([row_of("七月的")])
    made.create_sheet("填写说明").append(["怎么填"])
    august: Any = made.create_sheet("八月")
    august.append(["青岚市 2026 年 8 月排期"])
    august.append(["序号", "发布时间", "稿件标题（必填）", "发布账号"])
    august.append([1, datetime(2026, 8, 3, 8, 30), "八月的", "青岚发布weibo"])  # noqa: DTZ001
    hidden: Any = made.create_sheet("旧的")
    hidden.append(HEADS)
    hidden.append(row_of("旧的"))
    hidden.sheet_state = "hidden"
    found = plan_sheet.read_plan("x.xlsx", saved(made), TODAY)
    assert [(row.sheet, row.line, row.title, row.at) for row in found.rows] == [
        ("排期表", 2, "七月的", "2026-07-13T08:30"),
        ("八月", 3, "八月的", "2026-08-03T08:30"),
    ]
    assert any("隐藏的工作表“旧的”" in note for note in found.notes)
    assert any("“填写说明”没有" in note for note in found.notes)


def test_files_that_are_no_plan_say_what_to_do(desk: Desk, now: datetime) -> None:
    for content, error, words in (
        (b"date,title", WrongKind, "不是 Excel 文件"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, WrongKind, "旧格式"),
        (saved(book([], ["姓名", "电话"])), Invalid, "没有一张工作表像排期表"),
        (saved(book([])), Invalid, "没有内容行"),
        (saved(book([row_of(f"{n}") for n in range(plan_sheet.MOST_ROWS + 1)])), TooLarge, "超过 3,000 行"),
    ):
        with pytest.raises(error, match=words):
            plan_import.upload(desk.author, "x.xlsx", content, now=now)
    with pytest.raises(Forbidden):
        plan_import.upload(desk.publisher, "x.xlsx", saved(book([row_of("a")])), now=now)
    assert count(PlanImport) == 0


def test_a_thousand_rows_in_portions(desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row_of(f"第{n}篇", date(2026, 7, 13) + timedelta(days=n // 24), f"{n % 24}:00") for n in range(1200)]
    found = uploaded(desk, now, rows)
    judged = plan_import.report(desk.author, found, now)
    assert (len(judged), all(one.good for one in judged)) == (1200, True)
    monkeypatch.setattr(plan_import, "AT_ONCE", 3)
    plan_import.confirm(desk.author, found.id, now=now)
    for made in (3, 6):
        assert plan_import.make_drafts(desk.author, found.id, now=now).made == made
    assert count(Post) == 6
    # What stopped in the middle goes on where it was, by its order.
    db.session.rollback()
    kept = db.session.scalars(select(PlanRow).where(PlanRow.post_id.is_not(None)).order_by(PlanRow.position)).all()
    assert [one.position for one in kept] == list(range(6))
    # By then past: left out, not made too late. (Rows seven to nine stand at six, seven and eight o'clock.)
    done = plan_import.make_drafts(desk.author, found.id, now=hour(13, "07:30"))
    assert (done.made, done.skipped) == (7, 2)


def test_only_ones_own(desk: Desk, now: datetime) -> None:
    found = uploaded(desk, now, [row_of("我的")])
    for act in (
        lambda: plan_import.get(desk.admin, found.id),
        lambda: plan_import.confirm(desk.outsider, found.id, now=now),
        lambda: plan_import.make_drafts(desk.outsider, found.id, now=now),
        lambda: plan_import.discard(desk.outsider, found.id, now=utcnow()),
    ):
        with pytest.raises(NotFound):
            act()
    assert [one.id for one, _progress in plan_import.mine(desk.author)] == [found.id]
    plan_import.discard(desk.author, found.id, now=utcnow())
    assert count(PlanRow) == 0
    # What nobody confirmed is forgotten with the next file.
    uploaded(desk, now, [row_of("旧的")])
    uploaded(desk, now + timedelta(days=8), [row_of("新的", "2026-07-25")])
    assert (count(PlanImport), count(PlanRow)) == (1, 1)


def test_the_template_can_be_filled_in_and_read(desk: Desk, now: datetime) -> None:
    content = plan_template.template(desk.author, now).getvalue()
    # Its example lies in the past: never imported by mistake.
    (row,) = plan_sheet.read_plan("x.xlsx", content, TODAY).rows
    assert row.wrong == []
    assert row.at == "2025-07-12T08:30"
    filled = openpyxl.load_workbook(io.BytesIO(content))
    filled["排期表"].append([date(2026, 7, 13), time(8, 30), "我的标题", "", "", row.accounts[0], row.unit, ""])
    found = plan_import.upload(desk.author, "x.xlsx", saved(filled), now=now)
    assert [one.good for one in plan_import.report(desk.author, found, now)] == [False, True]


def test_by_the_pages(app: Flask, desk: Desk) -> None:
    author, publisher = browser(app, desk.author), browser(app, desk.publisher)
    assert "下载模板" in sound(author, "/calendar/import")
    assert publisher.get("/calendar/import").status_code == 403
    template = author.get("/calendar/import/template.xlsx")
    assert template.data[:2] == b"PK"
    bad = author.post("/calendar/import", data={"file": (io.BytesIO(b"x"), "a.csv")})
    assert (bad.status_code, "不是 Excel 文件" in bad.text) == (415, True)
    assert author.post("/calendar/import").status_code == 422
    content = saved(book([row_of("将来的", "2099-07-13", 账号="青岚发布weibo"), row_of("过去的", "2020-07-13")]))
    sent = author.post("/calendar/import", data={"file": (io.BytesIO(content), "七月.xlsx")})
    assert sent.status_code == 303
    where = sent.headers["Location"]
    page = sound(author, f"{where}?shown=all")
    for words in ("将建 1 篇草稿", "1 行不能导入", "将来的", "已经过去", "排期表 第 2 行"):
        assert words in page
    assert "排期表 第 2 行" not in sound(author, f"{where}?shown=bad")
    assert count(Post) == 0
    assert publisher.get(where).status_code == 403
    assert author.post(f"{where}/drafts", headers={"HX-Request": "true"}).status_code == 409
    assert author.post(f"{where}/confirmation").headers["Location"] == where
    assert "正在建草稿" in sound(author, where)
    author.post(f"{where}/confirmation")
    assert "这张排期表已经确认过" in sound(author, where)
    fragment = author.post(f"{where}/drafts", headers={"HX-Request": "true"})
    assert "已建 1 篇草稿" in fragment.text
    assert "没有导入的 1 行" in sound(author, where)
    assert count(Post) == 1
    assert "已建 1 篇草稿" in sound(author, "/calendar/import")
    again = author.post("/calendar/import", data={"file": (io.BytesIO(content), "七月.xlsx")}).headers["Location"]
    page = sound(author, f"{again}?shown=known")
    assert "1 行已导入或已有同题同时的稿件" in page
    assert "同一行先前已建过草稿，不重复建。" in page


def test_packs_are_compiled_before_a_draft_is_made(desk: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may have rows of many units: nobody who writes waits while the packs of each are compiled."""
    pack = keeping.create_pack(desk.admin, unit_id=desk.city.id, name="本市用语", source="", now=now)
    found = uploaded(desk, now, [row_of("停水通知", 正文="办理帐号")])
    plan_import.confirm(desk.author, found.id, now=now)
    keeping.add_term(desk.admin, pack.id, {"wrong": "帐号", "right": "账号", "severity": "warn"}, now)
    inside: list[bool] = []

    class Watched(Matcher):
        def __init__(self, terms: Iterable[Term]) -> None:
            inside.append(in_atomic())
            super().__init__(terms)

    monkeypatch.setattr(packs, "Matcher", Watched)
    assert plan_import.make_drafts(desk.author, found.id, now=now).made == 1
    assert inside == [False]
