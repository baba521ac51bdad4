"""Every status in every situation: why not yet, what next, when, who must act; on pages, calendar and API alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.db import atomic, db, utcnow
from app.publishing import barrier, barring, blackouts, outcomes, situation, states
from app.publishing import services as publishing
from app.publishing.models import Attempt, Publication, Worker
from app.publishing.outlook import Outlook, outlook
from tests.app.publishing.kit import Desk, force, row
from tests.app.publishing.web import Api, browser, sound

HOUR = timedelta(hours=1)
WAITING = (*states.OPEN, *states.IN_FLIGHT, *states.ATTENTION, "failed")


@pytest.fixture
def now() -> datetime:
    """Pages and the API read the real clock."""
    return utcnow()


@pytest.fixture
def found(desk: Desk, now: datetime) -> Publication:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + HOUR, now=now)
    return row(post, desk.weibo)


def change(thing: object, **values: object) -> None:
    with atomic():
        live = db.session.get_one(type(thing), thing.id)  # type: ignore[attr-defined]
        for name, value in values.items():
            setattr(live, name, value)


def words(publication: Publication, now: datetime) -> Outlook:
    db.session.rollback()
    return outlook(db.session.get_one(Publication, publication.id), now)


def no_scheduler(now: datetime) -> None:
    change(db.session.get_one(Worker, "desk"), stopped_at=now)


@pytest.mark.parametrize("status", WAITING)
def test_nothing_waits_without_a_word(desk: Desk, found: Publication, now: datetime, status: str) -> None:
    values = {"error_who": "拟稿人"} if status == "failed" else {}
    force(found, status, now, next_attempt_at=now + HOUR, **values)
    told = words(found, now)
    assert told.following
    assert told.who
    # What a failed one is about stands in its error, and is not said twice.
    assert told.why or status == "failed"
    assert not told.halt


@pytest.mark.parametrize("status", [*states.OPEN, "processing", "unknown", "committing"])
def test_without_a_scheduler_every_waiting_one_says_so(
    app: Flask, desk: Desk, found: Publication, now: datetime, status: str
) -> None:
    force(found, status, now, next_attempt_at=now + HOUR, why="等待另一渠道准备完成。" if status == "ready" else "")
    no_scheduler(now)
    told = words(found, now)
    assert (told.halt, told.following, told.who) == (situation.NOBODY, situation.START_IT, "系统管理员")
    post_id = found.post_id
    for path in (f"/posts/{post_id}/publications-panel", f"/publications/{found.id}", f"/publications?status={status}"):
        assert situation.NOBODY in browser(app, desk.author).get(path).text, path
    api = Api(app, desk.author)
    assert api("GET", f"/publications/{found.id}").json["why"].startswith(situation.NOBODY)  # type: ignore[index]
    listed = api("GET", f"/publications?post_id={post_id}&status={status}").json
    assert all(item["why"].startswith(situation.NOBODY) for item in listed["items"])  # type: ignore[index]
    day = (now + HOUR + timedelta(hours=8)).date()
    feed = browser(app, desk.author).get(f"/calendar/feed?start={day}&end={day + timedelta(days=1)}").json
    assert situation.NOBODY in str(feed["events"]), "the calendar's dots"  # type: ignore[index]


@pytest.mark.parametrize("status", ["held", "missed", "handed_over", "failed"])
def test_what_waits_for_a_person_does_not_blame_the_scheduler(
    desk: Desk, found: Publication, now: datetime, status: str
) -> None:
    force(found, status, now, next_attempt_at=None, error_who="发布人")
    no_scheduler(now)
    assert words(found, now).halt == ""


def test_a_scheduler_that_cannot_keep_up(desk: Desk, found: Publication, now: datetime) -> None:
    force(found, "ready", now, due_at=now - 2 * situation.BEHIND, next_attempt_at=now - 2 * situation.BEHIND)
    assert words(found, now).halt == situation.OVERDUE
    change(found, claim_owner="desk", claim_until=now + HOUR)
    assert words(found, now).halt == "", "somebody is at it"
    change(found, claim_owner="", claim_until=None, next_attempt_at=now - timedelta(seconds=2))
    assert words(found, now).halt == "", "two seconds are nothing"


def test_a_wrong_clock(desk: Desk, found: Publication, now: datetime) -> None:
    change(db.session.get_one(Worker, "desk"), clock_skew=-3.0)
    assert (words(found, now).halt, words(found, now).who) == (situation.WRONG_CLOCK, "系统管理员")
    force(found, "held", now, why="x")
    assert words(found, now).halt == ""


def test_before_its_hour_it_names_when_preparing_begins(desk: Desk, found: Publication, now: datetime) -> None:
    told = words(found, now)
    assert (told.why, told.at, told.who) == ("还没到准备时间。", found.next_attempt_at, "系统")


def test_an_account_that_cannot_publish_is_told_before_the_hour(desk: Desk, found: Publication, now: datetime) -> None:
    change(desk.weibo, status="refused")
    assert (words(found, now).why, words(found, now).who) == ("平台不接受账号现有的授权。", "账号管理员")
    change(desk.weibo, active=False)
    assert words(found, now).why == "账号已停用。"
    change(desk.weibo, active=True, status="connected", unit_id=desk.other.id)
    told = words(found, now)
    assert "不在“青岚市政府办”之下" in told.why
    assert (told.following, told.who) == ("不会发出。请取消，修改后重新送审。", "发布人")


@pytest.mark.parametrize(
    ("why", "rule", "then"),
    [
        (barrier.FOR_PARTNER, "hold", "转为“已暂缓”"),
        (barrier.FOR_PARTNER, "proceed", "这一条照发"),
        (barrier.FOR_FIRST, "hold", "转为“已暂缓”"),
        (barrier.FOR_FIRST, "proceed", "这一条照发"),
        ("尚未发出：今天“发布与核实”的调用额度（30 次）已用完。", "hold", "到时系统自动再试"),
    ],
)
def test_one_that_was_put_off_says_for_what_and_until_when(
    desk: Desk, found: Publication, now: datetime, why: str, rule: str, then: str
) -> None:
    force(found, "ready", now, due_at=now, late_from=now, why=why, next_attempt_at=now + timedelta(minutes=5))
    change(found.schedule, on_partner_failure=rule)
    told = words(found, now)
    assert told.why == why
    assert then in told.following
    assert (told.who, told.at) == ("系统", now + timedelta(minutes=5))


def test_the_platforms_administrator_is_named(desk: Desk, found: Publication, now: datetime) -> None:
    force(found, "processing", now, why="等待账号管理员确认群发。", next_attempt_at=now + HOUR)
    with atomic():
        db.session.add(
            Attempt(
                publication_id=found.id, number=1, key="k", fence=1, started_at=now, send_before=now, outcome="awaiting"
            )
        )
    told = words(found, now)
    assert (told.who, told.at) == ("账号管理员", now + HOUR)
    assert "确认" in told.following


def _stop(desk: Desk, now: datetime) -> Callable[[], object]:
    stop = publishing.start_stop(desk.publisher, scope="account", scope_id=desk.weibo.id, reason="演练", now=now)
    return lambda: publishing.end_stop(desk.publisher, stop.id, now=now)


def _silence(desk: Desk, now: datetime) -> Callable[[], object]:
    hours = {"starts_at": now - HOUR, "ends_at": now + HOUR}
    made = blackouts.announce(desk.admin, scope="unit", scope_id=desk.city.id, reason="演练", now=now, **hours)
    return lambda: blackouts.end(desk.admin, made.blackout.id, now=now)


def _switch_off(desk: Desk, _now: datetime) -> Callable[[], object]:
    change(desk.weibo, active=False)
    return lambda: change(desk.weibo, active=True)


@pytest.mark.parametrize(
    ("bar", "during", "after"),
    [
        (_stop, "演练", "暂停现已解除"),
        (_silence, "演练", "静默期现已结束"),
        (_switch_off, "已停用", "账号现已启用"),
    ],
)
def test_a_reason_that_is_past_is_told_as_past(
    desk: Desk,
    found: Publication,
    now: datetime,
    bar: Callable[[Desk, datetime], Callable[[], object]],
    during: str,
    after: str,
) -> None:
    unbar = bar(desk, now)
    force(found, "ready", now, due_at=now)
    with atomic():
        live = db.session.get_one(Publication, found.id)
        outcomes.hold(live, now, barring.why_barred(live, now))
    assert during in words(found, now).why
    assert after not in words(found, now).why
    unbar()
    assert after in words(found, now).why
    assert "演练" not in words(found, now).why, "the stop is no present reason"


def test_errands_are_waited_for_too(desk: Desk, found: Publication, now: datetime) -> None:
    force(found, "cancelled", now, discard_at=now + HOUR)
    assert (words(found, now).why, words(found, now).at) == ("为它做的准备还没有清理。", now + HOUR)
    change(found, discard_at=None)
    assert words(found, now) == Outlook(why="", following="", who="")
    force(found, "published", now, recall_at=now, why="正在向平台申请撤回。")
    assert words(found, now).following == "撤回结果会显示在这里。"
    no_scheduler(now)
    assert words(found, now).halt == situation.NOBODY


def test_the_list_shows_one_state_with_reasons(app: Flask, desk: Desk, found: Publication, now: datetime) -> None:
    page = sound(browser(app, desk.author), "/publications?status=scheduled")
    assert page.count("还没到准备时间。") == 2
    assert f"/publications/{found.id}" in page
    assert "没有这样的发布" in sound(browser(app, desk.author), "/publications?status=held")
    assert "没有这样的发布" in sound(browser(app, desk.outsider), "/publications")
