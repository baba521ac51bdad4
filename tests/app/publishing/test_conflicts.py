"""Conflicts are told before they happen: which, in words, and whether they forbid; on Beijing's days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.db import atomic, db, utcnow
from app.errors import Conflict, NotFound
from app.posts.models import Post
from app.publishing import blackouts, conflicts, plans, timetables
from app.publishing import services as publishing
from app.publishing.diary import Diary
from tests.app.posts.helpers import statements
from tests.app.publishing.kit import Desk, fresh_post, row
from tests.app.publishing.web import Api, browser, sound

BEIJING = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def hour(day: int, clock: str = "10:00", month: int = 7) -> datetime:
    return datetime.fromisoformat(f"2026-{month:02d}-{day:02d}T{clock}").replace(tzinfo=BEIJING)


@pytest.fixture
def mass(app: Flask, now: datetime) -> Desk:
    """An office whose WeChat account sends to all once a day."""
    return Desk(now, wechat_mode="mass")


def planned(desk: Desk, title: str, at: datetime, now: datetime, **of: object) -> Post:
    post = desk.approved(title, **of)  # type: ignore[arg-type]
    publishing.schedule(desk.author, post.id, publish_at=at, now=now)
    return fresh_post(post)


def kinds(desk: Desk, post: Post, at: datetime) -> list[tuple[str, bool]]:
    db.session.rollback()
    return [(clash.kind, clash.refuses) for clash in conflicts.at_hour(desk.author, post.id, at)]


def test_a_second_mass_send_on_one_day_is_refused_with_the_free_days(mass: Desk, now: datetime) -> None:
    planned(mass, "头一篇", hour(13), now, accounts=[mass.wechat])
    planned(mass, "隔一天", hour(15, "09:00"), now, accounts=[mass.wechat])
    post = mass.approved("第二篇", accounts=[mass.wechat])
    (clash,) = conflicts.at_hour(mass.author, post.id, hour(13, "15:00"))
    assert (clash.kind, clash.refuses) == ("quota", True)
    assert clash.free_days == (date(2026, 7, 14), date(2026, 7, 16), date(2026, 7, 17))
    assert "《头一篇》（7月13日 10:00）" in clash.said()
    with pytest.raises(Conflict) as refused:
        publishing.schedule(mass.author, post.id, publish_at=hour(13, "15:00"), now=now)
    assert "空闲的日子有：7月14日、7月16日、7月17日。" in refused.value.message
    assert refused.value.extra["free_days"] == ["2026-07-14", "2026-07-16", "2026-07-17"]
    publishing.schedule(mass.author, post.id, publish_at=hour(14), now=now)


def test_days_are_beijings(mass: Desk, now: datetime) -> None:
    planned(mass, "深夜", hour(13, "23:50"), now, accounts=[mass.wechat])
    post = mass.approved("第二篇", accounts=[mass.wechat])
    # One UTC day, two in Beijing; and the other way round.
    assert kinds(mass, post, hour(14, "00:10")) == [("close", False)]
    assert kinds(mass, post, hour(14, "06:00")) == []
    assert kinds(mass, post, hour(13, "00:10")) == [("quota", True)]
    # Its own place is no objection to moving it within its day.
    publishing.schedule(mass.author, post.id, publish_at=hour(14), now=now)
    assert kinds(mass, post, hour(14, "20:00")) == []


def test_a_service_accounts_month(mass: Desk, now: datetime) -> None:
    with atomic():
        mass.wechat.settings = {**mass.wechat.settings, "kind": "service"}
    for day in (13, 14, 15, 16):
        planned(mass, f"{day} 日", hour(day), now, accounts=[mass.wechat])
    post = mass.approved("第五篇", accounts=[mass.wechat])
    (clash,) = conflicts.at_hour(mass.author, post.id, hour(31, "23:30"))
    assert (clash.kind, clash.refuses, clash.free_days[0]) == ("quota", True, date(2026, 8, 1))
    assert kinds(mass, post, hour(1, "00:00", month=8)) == []


def test_posts_close_together_are_told_not_refused(desk: Desk, now: datetime, app: Flask) -> None:
    planned(desk, "早的", hour(13), now, accounts=[desk.weibo])
    post = desk.approved("近的", accounts=[desk.weibo])
    assert kinds(desk, post, hour(13, "10:29")) == [("close", False)]
    assert kinds(desk, post, hour(13, "09:31")) == [("close", False)]
    assert kinds(desk, post, hour(13, "10:30")) == []
    timetables.keep(desk.admin, desk.weibo.id, [], 60, now=now)
    (clash,) = conflicts.at_hour(desk.author, post.id, hour(13, "10:30"))
    assert "相隔 30 分钟，不到 60 分钟" in clash.said()
    timetables.keep(desk.admin, desk.weibo.id, [], 0, now=now)
    assert kinds(desk, post, hour(13)) == []
    # Another account's post is nobody's neighbour.
    other = desk.approved("微信的", accounts=[desk.wechat])
    assert kinds(desk, other, hour(13)) == []


def test_what_is_only_wished_for_warns(mass: Desk, now: datetime) -> None:
    draft = mass.approved("拟排的", accounts=[mass.wechat])
    plans.wish(mass.author, draft.id, hour(13), seen=None, now=now)
    post = mass.approved("要排的", accounts=[mass.wechat])
    # It takes no place yet: a warning, and the day can still be had.
    (clash,) = conflicts.at_hour(mass.author, post.id, hour(13, "15:00"))
    assert (clash.kind, clash.refuses, "算上拟排的已不够" in clash.said()) == ("quota", False, True)
    publishing.schedule(mass.author, post.id, publish_at=hour(13, "15:00"), now=now)
    assert kinds(mass, draft, hour(13)) == [("quota", True)]


def test_what_is_wished_for_is_read_by_account_and_without_texts(mass: Desk, now: datetime) -> None:
    for account, title in ((mass.wechat, "这个"), (mass.weibo, "别的")):
        plans.wish(mass.author, mass.approved(title, accounts=[account]).id, hour(13), seen=None, now=now)
    with statements() as asked:
        found = Diary([mass.wechat], hour(12), hour(14)).others(mass.wechat, "", hour(12), hour(14))
    assert [(entry.title, entry.planned, entry.at) for entry in found] == [("这个", True, hour(13))]
    (wishes,) = [statement for statement in asked if "plans.wished_at" in statement]
    assert "variants.account_id IN" in wishes
    for heavy in ("body_html", "payload", "problems"):
        assert heavy not in " ".join(asked)


def test_black_outs_forbid_but_not_what_is_urgent(desk: Desk, now: datetime) -> None:
    blackouts.announce(
        desk.admin,
        scope="unit",
        scope_id=desk.city.id,
        starts_at=hour(13, "00:00"),
        ends_at=hour(14, "00:00"),
        reason="公祭",
        now=now,
    )
    post = desk.approved(accounts=[desk.weibo])
    (clash,) = conflicts.at_hour(desk.author, post.id, hour(13, "23:59"))
    assert (clash.kind, clash.refuses, "公祭" in clash.said()) == ("blackout", True, True)
    assert kinds(desk, post, hour(14, "00:00")) == []
    with atomic():
        db.session.get_one(Post, post.id).urgent = True
    assert kinds(desk, post, hour(13)) == []


def test_one_title_twice(desk: Desk, now: datetime) -> None:
    planned(desk, "今日天气", hour(13), now, accounts=[desk.weibo])
    post = desk.approved("今日 天气", accounts=[desk.weibo])
    assert kinds(desk, post, hour(14)) == [("twin", False)]
    assert kinds(desk, post, hour(21)) == []
    assert kinds(desk, desk.approved("明日天气", accounts=[desk.weibo]), hour(14)) == []


def test_accounts_that_cannot_publish_by_then(desk: Desk, now: datetime) -> None:
    post = desk.approved(accounts=[desk.weibo])
    with atomic():
        desk.weibo.token_expires_at = hour(13).astimezone(UTC)
    assert kinds(desk, post, hour(13, "09:59")) == []
    assert kinds(desk, post, hour(13)) == [("expiring", False)]
    with atomic():
        desk.weibo.status = "refused"
    assert kinds(desk, post, hour(13)) == [("unconnected", False)]
    with atomic():
        desk.weibo.active = False
    assert kinds(desk, post, hour(13)) == [("inactive", True)]


def test_the_api_tells_them(app: Flask, mass: Desk) -> None:
    now = utcnow()
    day = now.astimezone(BEIJING).date() + 2 * DAY
    at = datetime(day.year, day.month, day.day, 10, tzinfo=BEIJING)
    planned(mass, "头一篇", at, now)
    post = mass.approved("第二篇")
    author = Api(app, mass.author)
    asked = author("GET", f"/posts/{post.id}/conflicts?publish_at={at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    assert asked.status_code == 200, asked.text
    found = {(one["kind"], one["severity"]): one for one in asked.json["items"]}  # type: ignore[index]
    assert set(found) == {("quota", "refuse"), ("close", "warn")}
    assert found["quota", "refuse"]["free_days"][0] == (day + DAY).isoformat()
    refused = author("PUT", f"/posts/{post.id}/schedule", {"publish_at": at.isoformat()})
    assert (refused.status_code, refused.json["free_days"][0]) == (409, (day + DAY).isoformat())  # type: ignore[index]
    near = mass.approved("近的", accounts=[mass.weibo])
    made = author("PUT", f"/posts/{near.id}/schedule", {"publish_at": (at + 5 * MINUTE).isoformat()})
    assert made.status_code == 200, made.text
    assert [one["kind"] for one in made.json["conflicts"]] == ["close"]  # type: ignore[index]
    outsider = Api(app, mass.outsider)
    assert (
        outsider("GET", f"/posts/{post.id}/conflicts?publish_at={at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}").status_code
        == 404
    )
    with pytest.raises(NotFound):
        conflicts.at_hour(mass.outsider, post.id, at)


def test_pages_tell_them_in_words(app: Flask, mass: Desk) -> None:
    now = utcnow()
    day = now.astimezone(BEIJING).date() + 2 * DAY
    at = datetime(day.year, day.month, day.day, 10, tzinfo=BEIJING)
    planned(mass, "头一篇", at, now)
    near = planned(mass, "近的", at + 5 * MINUTE, now, accounts=[mass.weibo])
    author = browser(app, mass.author)
    feed = author.get(f"/calendar/feed?start={day - DAY}&end={day + 6 * DAY}").json
    assert feed is not None
    chips = {event["title"]: event for event in feed["events"]}
    assert "clashing" in chips["近的"]["classNames"]
    assert "与《头一篇》" in chips["近的"]["extendedProps"]["html"]
    assert "与《近的》" in chips["头一篇"]["extendedProps"]["html"]
    assert "不到 30 分钟" in author.get(f"/posts/{near.id}/publications-panel").text
    sound(author, f"/posts/{near.id}")
    waiting = mass.approved("第二篇")
    fragment = author.get(f"/posts/{waiting.id}/schedule-conflicts?publish_at={day}T15:00").text
    assert "不能这样排" in fragment
    assert "空闲的日子" in fragment
    assert author.get(f"/posts/{waiting.id}/schedule-conflicts?publish_at=").text == ""
    asked = author.post(f"/calendar/posts/{waiting.id}/conflicts", json={"at": f"{day}T15:00"})
    assert [(one["kind"], one["severity"]) for one in asked.json["conflicts"]] == [("quota", "refuse")]  # type: ignore[index]
    assert row(near, mass.weibo).status == "scheduled"
    outsider = browser(app, mass.outsider)
    assert outsider.post(f"/calendar/posts/{waiting.id}/conflicts", json={"at": f"{day}T15:00"}).status_code == 404
    assert fresh_post(waiting).status == "approved"


def test_posts_of_other_units_are_not_named(mass: Desk, now: datetime) -> None:
    """An account may carry what other units write: its hour counts, its title is theirs."""
    theirs = planned(mass, "别人的机密标题", hour(13), now, accounts=[mass.wechat])
    draft = mass.approved("别人的草稿", accounts=[mass.weibo])
    plans.wish(mass.author, draft.id, hour(20), seen=None, now=now)
    mine = mass.approved("我的", accounts=[mass.wechat, mass.weibo])
    with atomic():
        for post in (theirs, draft):
            db.session.get_one(Post, post.id).unit_id = mass.other.id
    found = [
        *conflicts.at_hour(mass.author, mine.id, hour(13, "15:00")),
        *conflicts.at_hour(mass.author, mine.id, hour(20, "10:10")),
        *conflicts.of_many(mass.author, [(fresh_post(mine), hour(20, "10:10"), [mass.weibo])])[mine.id],
    ]
    assert [clash.kind for clash in found] == ["quota", "close", "close"]
    for clash in found:
        assert "其他单位的稿件（" in clash.said()
        assert "别人的" not in clash.said()
        assert conflicts.json_of(clash)["post_id"] is None
    with pytest.raises(Conflict) as refused:
        publishing.schedule(mass.author, mine.id, publish_at=hour(13, "15:00"), now=now)
    assert "已由其他单位的稿件（07月13日 10:00）占用" in refused.value.message
    assert refused.value.extra["taken_by"] == {}
    assert "别人的" not in str(refused.value.errors)
    # Who sees both is told.
    above = mass.person("above", mass.other, "author")
    above = replace(above, held=(*above.held, *mass.author.held))
    assert "《别人的草稿》" in conflicts.of_post(above, fresh_post(mine), hour(20, "10:10"))[0].said()
