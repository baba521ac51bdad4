"""The calendar: its feed, its tray, what is left of each account's quota, and moving a post."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import Account
from app.config import current
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.posts.models import Post
from app.publishing import calendar, outlook, pushdown, resolving
from app.publishing import services as publishing
from app.publishing.models import STATUSES
from tests.app.publishing.kit import Desk, force, fresh_post, row, schedule_of
from tests.app.publishing.web import browser, sound

BEIJING = ZoneInfo("Asia/Shanghai")


def tomorrow_at(hour: int, now: datetime, days: int = 1) -> datetime:
    day = now.astimezone(BEIJING).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING)


def week_of(at: datetime) -> tuple[date, int]:
    return at.astimezone(BEIJING).date() - timedelta(days=2), 7


@pytest.fixture
def mass(app: Flask, now: datetime) -> Desk:
    """An office whose WeChat account sends to all once a day."""
    return Desk(now, wechat_mode="mass")


def chip_of(desk: Desk, post: Post, at: datetime, *, actor: Any = None) -> calendar.Chip:
    chips, total = calendar.chips(actor or desk.author, *week_of(at), utcnow())
    assert total == len(chips)
    (found,) = [chip for chip in chips if chip.post.id == post.id]
    return found


def test_a_post_stands_at_its_hour_in_its_state(desk: Desk, now: datetime) -> None:
    post, at = desk.approved(), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    chip = chip_of(desk, post, at)
    assert (chip.at, chip.state, chip.stopped, chip.movable) == (at, "scheduled", False, True)
    assert [row.account.platform for row in chip.publications] == ["weibo", "wechat"]
    assert not chip_of(desk, post, at, actor=desk.publisher).movable
    assert calendar.chips(desk.outsider, *week_of(at), utcnow()) == ([], 0)
    # Days are the installation's: midnight in Beijing belongs to the new day.
    assert calendar.chips(desk.author, at.date() + timedelta(days=1), 5, utcnow()) == ([], 0)
    assert calendar.chips(desk.author, at.date(), 1, utcnow())[1] == 1


STOPPED = {"failed", "held", "missed", "cancelled", "recalled", "removed"}
MOVABLE = {"scheduled", "preparing", "ready", "held", "missed", "failed"}


@pytest.mark.parametrize("status", STATUSES)
def test_what_does_not_go_out_does_not_look_as_if_it_did(desk: Desk, now: datetime, status: str) -> None:
    post, at = desk.approved(accounts=[desk.weibo]), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    force(row(post, desk.weibo), status, now)
    db.session.rollback()
    chip = chip_of(desk, post, at)
    assert chip.state == status
    assert chip.stopped == (status in STOPPED)
    assert chip.movable == (status in MOVABLE)


def test_one_channel_taken_off_shows_in_the_dots(app: Flask, desk: Desk, now: datetime) -> None:
    post, at = desk.approved(), tomorrow_at(9, utcnow())
    publishing.schedule(desk.author, post.id, publish_at=at, now=utcnow())
    resolving.cancel(desk.author, row(post, desk.wechat).id, reason="只发微博", now=utcnow())
    chip = chip_of(desk, post, at)
    assert (chip.state, chip.stopped, chip.movable) == ("scheduled", False, True)
    answer = feed(browser(app, desk.author), at)
    (event,) = answer["events"]
    assert "微博·青岚发布weibo 已排期" in event["extendedProps"]["html"]
    assert "微信·青岚发布wechat 已取消" in event["extendedProps"]["html"]
    with atomic():
        force(row(post, desk.weibo), "published", utcnow())
        pushdown.push([post.id], utcnow())
    assert (chip_of(desk, post, at).state, chip_of(desk, post, at).movable) == ("partly_published", False)


def test_a_withdrawn_schedule_leaves_the_calendar(desk: Desk, now: datetime) -> None:
    post, at = desk.approved(), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    publishing.unschedule(desk.author, post.id, now=now)
    assert calendar.chips(desk.author, *week_of(at), utcnow()) == ([], 0)


def feed(client: FlaskClient, at: datetime, days: int = 7) -> dict[str, Any]:
    first = at.astimezone(BEIJING).date() - timedelta(days=2)
    answer = client.get(f"/calendar/feed?start={first}&end={first + timedelta(days=days)}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json  # type: ignore[assignment]
    return body


def test_the_feed_tells_local_hours(app: Flask, desk: Desk) -> None:
    now = utcnow()
    early, late = desk.approved("清早"), desk.approved("深夜")
    publishing.schedule(desk.author, early.id, publish_at=tomorrow_at(9, now), now=now)
    publishing.schedule(desk.author, late.id, publish_at=tomorrow_at(23, now) + timedelta(minutes=30), now=now)
    day = tomorrow_at(9, now).date().isoformat()
    answer = feed(browser(app, desk.author), tomorrow_at(9, now))
    assert answer["offset"] == "+08:00"
    assert answer["cut"] == ""
    first, second = answer["events"]
    assert (first["start"], first["end"]) == (f"{day}T09:00:00", f"{day}T10:00:00")
    # An event never reaches into the next day's column.
    assert (second["start"], second["end"]) == (f"{day}T23:30:00", f"{day}T23:59:59")
    assert first["startEditable"] is True
    assert first["classNames"] == ["state-indigo"]
    assert f'href="/posts/{early.id}"' in first["extendedProps"]["html"]
    assert f'data-move="{early.id}"' in first["extendedProps"]["html"]
    (seen,) = [e for e in feed(browser(app, desk.publisher), tomorrow_at(9, now))["events"] if e["id"] == early.id]
    assert seen["startEditable"] is False
    assert "fixed" in seen["classNames"]
    assert "data-move" not in seen["extendedProps"]["html"]
    assert feed(browser(app, desk.outsider), tomorrow_at(9, now))["events"] == []


def test_titles_are_text_not_markup(app: Flask, desk: Desk) -> None:
    now = utcnow()
    post = desk.approved("<img src=x onerror=alert(1)>")
    publishing.schedule(desk.author, post.id, publish_at=tomorrow_at(9, now), now=now)
    (event,) = feed(browser(app, desk.author), tomorrow_at(9, now))["events"]
    assert "<img" not in event["extendedProps"]["html"]
    assert "&lt;img" in event["extendedProps"]["html"]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("start=2026-07-01&end=2026-09-02", "最多看 62 天"),
        ("start=2026-07-02&end=2026-07-01", "结束日期要晚于开始日期"),
        ("start=2026-07-01", "日期不对"),
        ("start=gestern&end=2026-07-01", "日期不对"),
        ("start=9999-12-30&end=9999-12-31", "日期不对"),
        ("start=0001-01-01&end=0001-01-02", "日期不对"),
    ],
)
def test_the_feeds_range_is_bounded(app: Flask, desk: Desk, query: str, word: str) -> None:
    client = browser(app, desk.author)
    refused = client.get(f"/calendar/feed?{query}", headers={"Accept": "application/json"})
    assert refused.status_code == 422
    assert word in refused.json["message"]  # type: ignore[index]
    assert client.get("/calendar/feed?start=2026-07-01&end=2026-09-01").status_code == 200


def test_more_posts_than_fit_are_said(app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = utcnow()
    for hour in (9, 10, 11):
        post = desk.approved(f"第{hour}", accounts=[desk.weibo])
        publishing.schedule(desk.author, post.id, publish_at=tomorrow_at(hour, now), now=now)
    monkeypatch.setattr(outlook, "MOST", 2)
    answer = feed(browser(app, desk.author), tomorrow_at(9, now))
    assert [event["title"] for event in answer["events"]] == ["第9", "第10"]
    assert "共有 3 篇，只列出最早的 2 篇" in answer["cut"]


def left_on(desk: Desk, at: datetime, now: datetime) -> list[tuple[str, int, int]]:
    first, days = week_of(at)
    found = calendar.places(desk.author, first, days, now)
    return [(one.key, one.left, one.limit) for one in found[at.astimezone(BEIJING).date()]]


def test_the_days_heads_count_as_reserving_does(mass: Desk, now: datetime) -> None:
    at = tomorrow_at(9, now)
    assert left_on(mass, at, now) == [("mass", 1, 1)]
    post, second = mass.approved(), mass.approved("第二篇")
    publishing.schedule(mass.author, post.id, publish_at=at, now=now)
    assert left_on(mass, at, now) == [("mass", 0, 1)]
    assert left_on(mass, at + timedelta(days=1), now) == [("mass", 1, 1)]
    with pytest.raises(Conflict, match="已约满"):
        publishing.schedule(mass.author, second.id, publish_at=at + timedelta(hours=3), now=now)
    resolving.cancel(mass.author, row(post, mass.wechat).id, reason="不发", now=now)
    assert left_on(mass, at, now) == [("mass", 1, 1)]
    publishing.schedule(mass.author, second.id, publish_at=at + timedelta(hours=3), now=now)
    assert left_on(mass, at, now) == [("mass", 0, 1)]
    # Days that are over have nothing left to give.
    assert min(calendar.places(mass.author, at.date() - timedelta(days=5), 7, now)) == now.astimezone(BEIJING).date()
    assert calendar.places(mass.outsider, *week_of(at), now)[at.date()] == []


def test_a_service_account_counts_by_the_month(mass: Desk, now: datetime) -> None:
    with atomic():
        mass.wechat.settings = {"kind": "service"}
    at = datetime(now.year + 1, 3, 9, 9, tzinfo=BEIJING)
    publishing.schedule(mass.author, mass.approved().id, publish_at=at, now=now)
    assert left_on(mass, at, now) == [("mass", 3, 4)]
    assert left_on(mass, at + timedelta(days=20), now) == [("mass", 3, 4)]
    assert left_on(mass, at + timedelta(days=30), now) == [("mass", 4, 4)]


def test_plenty_is_not_worth_a_line(desk: Desk, now: datetime) -> None:
    """A hundred publications a day are shown once they run low."""
    at = tomorrow_at(9, now)
    assert left_on(desk, at, now) == []
    with atomic():
        desk.wechat.settings = {"quotas": {"freepublish/submit": 2}}
    assert left_on(desk, at, now) == [("freepublish/submit", 2, 2)]


def test_the_heads_are_short_and_complete(app: Flask, mass: Desk) -> None:
    now = utcnow()
    for number in range(3):
        with atomic():
            db.session.add(
                Account(
                    unit_id=mass.city.id,
                    platform="wechat",
                    external_id=f"gh_more{number}",
                    name=f"区县{number}",
                    environment="simulator",
                    mode="mass",
                    credentials={},
                    callback_key=f"more{number}",
                    created_at=now,
                )
            )
    at = tomorrow_at(9, now)
    publishing.schedule(mass.author, mass.approved().id, publish_at=at, now=now)
    heads = feed(browser(app, mass.author), at)["heads"]
    head = heads[at.date().isoformat()]
    assert "等 4 个" in head
    assert head.index("剩 0/1") < head.index("剩 1/1")
    assert head.count("used-up") == 2  # in short and in the full list
    assert "群发 微信·区县2 剩 1/1" in head
    assert (at.date() - timedelta(days=2)).isoformat() not in heads


def test_the_tray_has_approved_ones_first(desk: Desk, now: datetime) -> None:
    draft, review, ready = desk.approved("草稿"), desk.approved("审核中"), desk.approved("通过")
    with atomic():
        db.session.get_one(Post, draft.id).status = "draft"
        db.session.get_one(Post, review.id).status = "in_review"
    groups = calendar.tray(desk.author)
    assert [(group.status, group.total) for group in groups] == [("approved", 1), ("in_review", 1), ("draft", 1)]
    assert [able for group in groups for _post, able in group.posts] == [True, False, False]
    assert [able for group in calendar.tray(desk.publisher) for _post, able in group.posts] == [False, False, False]
    publishing.schedule(desk.author, ready.id, publish_at=tomorrow_at(9, now), now=now)
    assert [group.status for group in calendar.tray(desk.author)] == ["in_review", "draft"]
    assert calendar.tray(desk.outsider) == []


def test_the_tray_is_cut_aloud(app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "TRAY", 2)
    for number in range(3):
        desk.approved(f"第{number}篇")
    page = sound(browser(app, desk.author), "/calendar")
    assert "第2篇" in page
    assert "第0篇" not in page
    assert "查看全部 3 篇" in page
    assert 'href="/posts?status=approved"' in page


def test_the_page_says_what_is_missing(app: Flask, desk: Desk) -> None:
    draft, ready = desk.approved("没送审的"), desk.approved("能排的")
    with atomic():
        db.session.get_one(Post, draft.id).status = "draft"
    author = browser(app, desk.author)
    page = sound(author, "/calendar?view=month&date=2026-07-01")
    assert "先提交审核" in page
    assert f'data-post="{ready.id}"' in page
    assert f'data-post="{draft.id}"' not in page
    assert "能排的" in author.get("/calendar/tray").text
    assert f'data-post="{ready.id}"' not in sound(browser(app, desk.publisher), "/calendar")
    assert sound(browser(app, desk.outsider), "/calendar").count("没有等待排期的稿件") == 1


def put(client: FlaskClient, post: Post, **fields: Any) -> Any:
    return client.put(f"/calendar/posts/{post.id}/time", json=fields, headers={"Accept": "application/json"})


def test_moving_keeps_order_and_rule_and_can_be_undone(app: Flask, desk: Desk) -> None:
    now = utcnow()
    post, author = desk.approved(), browser(app, desk.author)
    at = tomorrow_at(9, now)
    publishing.schedule(
        desk.author, post.id, publish_at=at, order="wechat_first", on_partner_failure="proceed", now=now
    )
    (event,) = feed(author, at)["events"]
    new = f"{at.date()}T14:30"
    done = put(author, post, at=new, seen=event["extendedProps"]["seen"]).json
    assert done["said"] == "已改到 明天 14:30"
    assert done["undo"] == f"{at.date()}T09:00:00"
    found = schedule_of(post)
    assert found.publish_at == at.replace(hour=14, minute=30)
    assert (found.order, found.on_partner_failure) == ("wechat_first", "proceed")
    assert put(author, post, at=done["undo"], seen=done["seen"]).status_code == 200
    assert schedule_of(post).publish_at == at
    assert (schedule_of(post).order, fresh_post(post).publish_at) == ("wechat_first", at)


def test_a_post_from_the_tray_gets_its_hour_and_can_be_taken_off(app: Flask, desk: Desk) -> None:
    now = utcnow()
    post, author = desk.approved(), browser(app, desk.author)
    at = tomorrow_at(10, now)
    done = put(author, post, at=f"{at.date()}T10:00", seen="").json
    assert (done["said"], done["undo"]) == ("已排到 明天 10:00", "")
    assert row(post, desk.weibo).due_at == at
    path = f"/calendar/posts/{post.id}/time"
    assert author.delete(path, json={"seen": done["seen"]}).status_code == 200
    assert fresh_post(post).status == "approved"
    again = author.delete(path, json={"seen": done["seen"]}, headers={"Accept": "application/json"})
    assert (again.status_code, "没有排期" in again.json["message"]) == (409, True)  # type: ignore[index]


@pytest.mark.parametrize("sent", [{"json": {"seen": "as given"}}, {"json": [1]}, {}])
def test_undoing_does_not_take_off_what_a_colleague_moved(app: Flask, desk: Desk, sent: dict[str, Any]) -> None:
    now = utcnow()
    post, author, at = desk.approved(), browser(app, desk.author), tomorrow_at(10, utcnow())
    given = put(author, post, at=f"{at.date()}T10:00", seen="").json
    publishing.schedule(desk.author, post.id, publish_at=at + timedelta(hours=3), now=now)
    if sent.get("json") == {"seen": "as given"}:
        sent = {"json": {"seen": given["seen"]}}
    refused = author.delete(f"/calendar/posts/{post.id}/time", headers={"Accept": "application/json"}, **sent)
    assert (refused.status_code, "刚被别人改过" in refused.json["message"]) == (409, True)  # type: ignore[index]
    assert (fresh_post(post).status, fresh_post(post).publish_at) == ("scheduled", at + timedelta(hours=3))


@pytest.mark.parametrize("at", ["9999-12-31T10:00", "2200-01-01T00:00", "0001-01-01T00:00"])
def test_hours_of_other_centuries_are_refused_in_words(app: Flask, desk: Desk, at: str) -> None:
    post, author = desk.approved(), browser(app, desk.author)
    answer = put(author, post, at=at, seen="")
    assert (answer.status_code, "发布时间" in answer.json["message"]) == (422, True)
    with pytest.raises(Invalid):
        publishing.schedule(
            desk.author, post.id, publish_at=datetime.fromisoformat(at).replace(tzinfo=UTC), now=utcnow()
        )
    assert fresh_post(post).status == "approved"


def test_refusals_speak_the_services_words(app: Flask, mass: Desk) -> None:
    now = utcnow()
    first, second = mass.approved("占位的"), mass.approved("要挪的")
    at, other = tomorrow_at(9, now), tomorrow_at(9, now, days=2)
    publishing.schedule(mass.author, first.id, publish_at=at, now=now)
    publishing.schedule(mass.author, second.id, publish_at=other, now=now)
    author, seen = browser(app, mass.author), other.isoformat()
    taken = put(author, second, at=f"{at.date()}T15:00", seen=seen)
    assert taken.status_code == 409
    assert "已由《占位的》" in taken.json["message"]
    past = put(author, second, at=f"{at.date() - timedelta(days=3)}T15:00", seen=seen)
    assert (past.status_code, "已经过去" in past.json["message"]) == (422, True)
    assert put(author, second, at="bald", seen=seen).status_code == 422
    assert put(author, second).status_code == 422
    nothing = author.put(f"/calendar/posts/{second.id}/time", json=[1], headers={"Accept": "application/json"})
    assert nothing.status_code == 422
    forbidden = put(browser(app, mass.publisher), second, at=f"{at.date()}T15:00", seen=seen)
    assert (forbidden.status_code, "排期发布" in forbidden.json["message"]) == (403, True)
    assert put(browser(app, mass.outsider), second, at=f"{at.date()}T15:00", seen=seen).status_code == 404
    assert schedule_of(second).publish_at == other


def test_who_saw_another_hour_is_told(desk: Desk, now: datetime) -> None:
    post, at = desk.approved(), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    publishing.schedule(desk.author, post.id, publish_at=at + timedelta(hours=1), now=now)
    with pytest.raises(Conflict, match="刚被别人改过"):
        calendar.move(desk.author, post.id, at=at + timedelta(hours=2), seen=at, now=now)
    assert schedule_of(post).publish_at == at + timedelta(hours=1)
    # Also when the page still shows it in the tray.
    with pytest.raises(Conflict, match="刚被别人改过"):
        calendar.move(desk.author, post.id, at=at + timedelta(hours=2), seen=None, now=now)


@pytest.mark.parametrize("whole", [True, False])
def test_what_a_colleague_took_off_is_not_put_back_by_an_old_page(desk: Desk, now: datetime, whole: bool) -> None:
    post, at = desk.approved(accounts=[desk.weibo]), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    if whole:
        publishing.unschedule(desk.author, post.id, now=now)
    else:
        resolving.cancel(desk.author, row(post, desk.weibo).id, reason="不发了", now=now)
    with pytest.raises(Conflict, match="刚被取消排期"):
        calendar.move(desk.author, post.id, at=at + timedelta(hours=2), seen=at, now=now)
    assert fresh_post(post).status == "approved"
    assert calendar.chips(desk.author, *week_of(at), utcnow()) == ([], 0)


def test_one_released_and_stopped_again_moves_from_where_it_stands(desk: Desk, now: datetime) -> None:
    post, at = desk.approved(accounts=[desk.weibo]), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    force(row(post, desk.weibo), "held", now)
    released = at + timedelta(minutes=20)
    publishing.release(desk.publisher, row(post, desk.weibo).id, reason="按原定发", now=released)
    assert chip_of(desk, post, at).at == released
    force(row(post, desk.weibo), "held", released)
    with atomic():
        pushdown.push([post.id], released)
    chip = chip_of(desk, post, at)
    assert (chip.at, chip.movable) == (released, True)
    later = at + timedelta(hours=4)
    assert calendar.move(desk.author, post.id, at=later, seen=chip.at, now=released).undo is None
    assert (fresh_post(post).publish_at, row(post, desk.weibo).due_at) == (later, later)


def test_the_rest_of_a_post_stands_at_its_new_hour(desk: Desk, now: datetime) -> None:
    """One channel is out, the other was moved to another day: that day must show it."""
    post, at = desk.approved(), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    out = at + timedelta(minutes=1)
    force(row(post, desk.weibo), "published", out)
    force(row(post, desk.wechat), "held", out)
    with atomic():
        pushdown.push([post.id], out)
    assert chip_of(desk, post, at).at == out
    later = at + timedelta(days=2, hours=3)
    publishing.schedule(desk.author, post.id, publish_at=later, now=out)
    assert chip_of(desk, post, later).at == later
    assert later.date() in {
        chip.at.astimezone(BEIJING).date() for chip in calendar.chips(desk.author, later.date(), 1, utcnow())[0]
    }
    force(row(post, desk.wechat), "published", later)
    with atomic():
        pushdown.push([post.id], later)
    assert fresh_post(post).publish_at == out


def test_what_is_going_or_gone_stays(desk: Desk, now: datetime) -> None:
    post, at = desk.approved(accounts=[desk.weibo]), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    for status in ("committing", "processing", "unknown", "published"):
        force(row(post, desk.weibo), status, now)
        with pytest.raises(Conflict, match="不能改期"):
            calendar.move(desk.author, post.id, at=at + timedelta(hours=2), seen=at, now=now)
    with pytest.raises(Forbidden):
        calendar.move(desk.publisher, post.id, at=at, seen=at, now=now)
    with pytest.raises(NotFound):
        calendar.move(desk.outsider, post.id, at=at, seen=at, now=now)


def test_there_is_no_way_back_to_what_did_not_stand(desk: Desk, now: datetime) -> None:
    """A held one was not going out at its hour: going "back" would send it."""
    post, at = desk.approved(accounts=[desk.weibo]), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    force(row(post, desk.weibo), "held", now)
    assert calendar.move(desk.author, post.id, at=at + timedelta(hours=2), seen=at, now=now).undo is None
    later = at + timedelta(hours=2)
    assert calendar.move(desk.author, post.id, at=later + timedelta(hours=1), seen=later, now=now).undo == later
    # Nor to an hour that is over.
    after = later + timedelta(minutes=5)
    gone = later + timedelta(hours=1)
    assert calendar.move(desk.author, post.id, at=gone + timedelta(hours=3), seen=gone, now=after).undo == gone
    over = gone + timedelta(hours=3)
    moved = calendar.move(
        desk.author, post.id, at=over + timedelta(hours=5), seen=over, now=over + timedelta(minutes=1)
    )
    assert moved.undo is None


def test_one_cancelled_as_a_whole_waits_in_the_tray_again(desk: Desk, now: datetime) -> None:
    post, at = desk.approved(accounts=[desk.weibo]), tomorrow_at(9, now)
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    resolving.cancel(desk.author, row(post, desk.weibo).id, reason="不发了", now=now)
    assert calendar.chips(desk.author, *week_of(at), utcnow()) == ([], 0)
    assert [group.status for group in calendar.tray(desk.author)] == ["approved"]
    moved = calendar.move(desk.author, post.id, at=at + timedelta(hours=1), seen=None, now=now)
    assert moved.undo == ""
    assert row(post, desk.weibo).status == "scheduled"


def test_the_range_is_checked_in_the_service(desk: Desk, now: datetime) -> None:
    for days in (0, -1, calendar.MOST_DAYS + 1):
        with pytest.raises(Invalid):
            calendar.chips(desk.author, now.date(), days, now)
    assert current().timezone == "Asia/Shanghai"
