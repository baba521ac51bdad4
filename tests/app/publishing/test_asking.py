"""What pages say to whom: who acts next, who may, what stands in the way, when it really went, where it was asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.db import atomic, db, utcnow
from app.errors import Invalid
from app.publishing import heartbeats, outcomes, pushdown, resolving, verifying
from app.publishing import services as publishing
from app.publishing.models import Publication, Worker
from app.publishing.outlook import outlook
from app.review.models import Review
from app.units.models import User
from connectors.values import CannotTell
from scheduler import jobs
from scheduler.runtime import Runtime
from tests.app.publishing.kit import Desk, claim_of, force, fresh_post, row
from tests.app.publishing.web import browser, sound


@pytest.fixture
def now() -> datetime:
    """Pages read the real clock."""
    return utcnow()


@pytest.fixture
def post_id(desk: Desk, now: datetime) -> str:
    post = desk.approved()
    publishing.schedule(desk.author, post.id, publish_at=now + timedelta(hours=1), now=now)
    return post.id


def panel(app: Flask, person: object, post_id: str) -> str:
    answer = browser(app, person).get(f"/posts/{post_id}/publications-panel")  # type: ignore[arg-type]
    assert answer.status_code == 200
    return answer.text


def doubt(found: Publication, now: datetime) -> None:
    with atomic():
        live = db.session.get_one(Publication, found.id)
        live.status, live.committed_at = "committing", now
        db.session.flush()
        outcomes.become_unknown(
            live, now, {"cause": "请求已发出，但没有收到平台的完整答复。", "remedy": "系统会去平台核实。"}
        )


def test_a_doubt_says_in_one_line_who_looks_next(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    doubt(row(post_id, desk.weibo), now)
    found = row(post_id, desk.weibo)
    words = outlook(found, now)
    assert (words.who, words.at) == ("系统", found.next_attempt_at)
    text = panel(app, desk.author, post_id)
    assert text.count("核实前不会重发") == 1
    assert "请发布人打开" not in text
    assert "“认定结果”要由发布人办理：publisher。" in text
    assert "认定为已发布" not in text
    assert "认定结果”要由" not in panel(app, desk.publisher, post_id)


def test_where_the_platform_does_not_let_us_look_people_are_asked(desk: Desk, post_id: str, now: datetime) -> None:
    doubt(row(post_id, desk.weibo), now)
    force(row(post_id, desk.weibo), "unknown", now, claim_owner="w", claim_until=now + timedelta(minutes=1), fence=7)
    finding = CannotTell(reason="无法核实：没有权限。", next_at=now + timedelta(hours=1), by_person=True)
    verifying.record_finding(claim_of(row(post_id, desk.weibo)), finding, [], now)
    found = row(post_id, desk.weibo)
    assert outlook(found, now).who == "发布人"
    assert "账号主页" in outlook(found, now).following
    assert found.next_attempt_at is not None, "the right may come back: asked again all the same"


def test_the_end_of_the_rhythm_is_told_to_people(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    doubt(row(post_id, desk.weibo), now)
    lease = {"claim_owner": "w", "claim_until": now + timedelta(minutes=1), "fence": 7, "checks": 99}
    force(row(post_id, desk.weibo), "unknown", now, **lease)
    verifying.record_finding(claim_of(row(post_id, desk.weibo)), CannotTell(reason="没有找到。"), [], now)
    found = row(post_id, desk.weibo)
    assert (found.next_attempt_at, outlook(found, now).who, found.error_who) == (None, "发布人", "发布人")
    text = panel(app, desk.publisher, post_id)
    assert "打开账号主页" in text
    assert "系统会再到平台核实" not in text


@pytest.mark.parametrize(
    ("status", "asked_of_author", "asked_of_publisher"),
    [("failed", "“重试”要由发布人", "“改期”要由拟稿人"), ("held", "", "“改期”要由拟稿人"), ("scheduled", "", "")],
)
def test_who_may_is_named_where_a_person_may_not(
    app: Flask, desk: Desk, post_id: str, now: datetime, status: str, asked_of_author: str, asked_of_publisher: str
) -> None:
    force(row(post_id, desk.weibo), status, now)
    for person, expected in ((desk.author, asked_of_author), (desk.publisher, asked_of_publisher)):
        text = panel(app, person, post_id)
        assert ("要由" in text) is bool(expected)
        assert expected in text
    found = row(post_id, desk.weibo)
    page = sound(browser(app, desk.author), f"/publications/{found.id}")
    assert ("去改期" in page) is (status != "scheduled")


def test_nobody_with_the_right_is_said_too(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    force(row(post_id, desk.weibo), "failed", now)
    with atomic():
        db.session.get_one(User, desk.publisher.user_id).active = False
    assert "本单位还没有这样的人" in panel(app, desk.author, post_id)


def test_a_stop_is_said_before_anything_is_planned(app: Flask, desk: Desk, now: datetime) -> None:
    post = desk.approved()
    assert "发布已暂停" not in panel(app, desk.author, post.id)
    stop = publishing.start_stop(desk.admin, scope="account", scope_id=desk.weibo.id, reason="突发事件", now=now)
    text = panel(app, desk.author, post.id)
    assert "发布已暂停（微博·青岚发布weibo）：突发事件" in text
    assert "由admin设置" in text
    assert "发布现在暂停着" in text
    publishing.end_stop(desk.admin, stop.id, now=now)
    assert "发布已暂停" not in panel(app, desk.author, post.id)


def test_a_cancelled_part_beside_a_published_one_is_partly_published(
    app: Flask, desk: Desk, post_id: str, now: datetime
) -> None:
    force(row(post_id, desk.weibo), "published", now)
    resolving.cancel(desk.author, row(post_id, desk.wechat).id, reason="不发微信了", now=now)
    assert fresh_post(row(post_id, desk.weibo).post).status == "partly_published"
    assert "部分发布" in browser(app, desk.author).get("/posts").text.split("<tbody>")[1]


def test_lists_show_the_hour_at_which_it_really_went(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    planned = row(post_id, desk.weibo).due_at
    for account in (desk.weibo, desk.wechat):
        force(row(post_id, account), "missed", now)
    with atomic():
        pushdown.push([post_id], now)
    assert "原定" in browser(app, desk.author).get("/posts").text
    later = now + timedelta(hours=3)
    for account in (desk.weibo, desk.wechat):
        resolving.release(desk.publisher, row(post_id, account).id, reason="补发", now=later)
    assert fresh_post(row(post_id, desk.weibo).post).publish_at == later != planned
    assert "原定" not in browser(app, desk.author).get("/posts").text
    out = later + timedelta(minutes=2)
    for account in (desk.weibo, desk.wechat):
        force(row(post_id, account), "published", out)
    with atomic():
        pushdown.push([post_id], out)
    assert fresh_post(row(post_id, desk.weibo).post).publish_at == out


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://example.cn/1", "不是这个平台的"),
        ("https://weibo.com.example.cn/1902538057/N1", "不是这个平台的"),
        ("https://mp.weixin.qq.com/s/abc", "不是这个平台的"),
        ("https://weibo.com/1000000001/N1", "别的账号的"),
        ("https://m.weibo.cn/1000000001/5012345678901234", "别的账号的"),
        ("http://[", "格式不对"),
    ],
)
def test_a_link_to_elsewhere_settles_nothing(desk: Desk, post_id: str, now: datetime, url: str, why: str) -> None:
    force(row(post_id, desk.weibo), "unknown", now)
    with pytest.raises(Invalid, match=why) as refused:
        publishing.resolve(
            desk.publisher, row(post_id, desk.weibo).id, outcome="published", url=url, reason="看到了", now=now
        )
    assert "url" in (refused.value.errors or {})
    assert row(post_id, desk.weibo).status == "unknown"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://weibo.com/1902538057/N1",
        "https://www.weibo.com/1902538057/N1?from=page",
        "https://m.weibo.cn/status/5012345678901234",
        "https://weibo.cn/comment/N1",
        "https://media.weibo.cn/article?id=2309405012345678901234",
        "http://127.0.0.1:8010/1902538057/N1",
    ],
)
def test_a_link_of_the_account_or_none_settles_it(desk: Desk, post_id: str, now: datetime, url: str) -> None:
    force(row(post_id, desk.weibo), "unknown", now)
    publishing.resolve(
        desk.publisher, row(post_id, desk.weibo).id, outcome="published", url=url, reason="看到了", now=now
    )
    found = row(post_id, desk.weibo)
    assert (found.status, found.url) == ("published", url)


def test_evidence_shows_seconds_and_what_was_really_asked(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    exchange: dict[str, object] = {
        "method": "POST",
        "url": "https://api.weibo.com/2/statuses/share.json",
        "asked": "http://127.0.0.1:8010/2/statuses/share.json",
        "request": {},
        "status": None,
        "answer": "",
        "sent_at": "2026-03-02T01:30:07+00:00",
        "answered_at": "2026-03-02T01:30:08+00:00",
        "error": "等待答复超时",
    }
    older = {key: value for key, value in exchange.items() if key != "asked"}
    found = row(post_id, desk.weibo)
    force(found, "published", now, exchanges=[exchange, older], next_attempt_at=now + timedelta(minutes=3))
    page = sound(browser(app, desk.publisher), f"/publications/{found.id}")
    assert ">2026-03-02 09:30:07</time>" in page
    assert page.count("POST http://127.0.0.1:8010/2/statuses/share.json") == 2
    assert "演练：不到真实平台" in page
    assert "下次动作" not in page
    heading = page[page.index("<h1") : page.index("</h1>")]
    assert "微博" in heading
    assert desk.weibo.name in heading
    evidence = publishing.evidence(desk.publisher, found.id)["preparing"][0]
    assert (evidence["url"], evidence["asked"]) == (exchange["url"], exchange["asked"]), "evidence keeps both"
    with atomic():
        desk.weibo.environment = "live"
    page = sound(browser(app, desk.publisher), f"/publications/{found.id}")
    assert "POST https://api.weibo.com/2/statuses/share.json" in page
    assert "演练：不到真实平台" not in page


def test_codes_that_are_not_the_platforms_are_not_shown(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    found = row(post_id, desk.weibo)
    force(found, "failed", now, error_code="ConnectionError")
    assert "ConnectionError" not in sound(browser(app, desk.publisher), f"/publications/{found.id}")
    force(found, "failed", now, error_code="20019")
    assert "(20019)" in sound(browser(app, desk.publisher), f"/publications/{found.id}")


def test_a_correction_is_offered_only_for_what_was_public(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    for account in (desk.weibo, desk.wechat):
        force(row(post_id, account), "failed", now)
    with atomic():
        pushdown.push([post_id], now)
    author = browser(app, desk.author)
    assert "写更正稿" not in author.get(f"/posts/{post_id}").text
    force(row(post_id, desk.weibo), "published", now)
    with atomic():
        pushdown.push([post_id], now)
    assert "写更正稿" in author.get(f"/posts/{post_id}").text
    assert db.session.query(Review).count() == 1


def test_each_row_of_the_first_page_names_its_account(app: Flask, desk: Desk, post_id: str, now: datetime) -> None:
    for account in (desk.weibo, desk.wechat):
        force(row(post_id, account), "missed", now)
    page = browser(app, desk.publisher).get("/").text
    rows = page[page.index('class="errands"') :].split("<li>")[1:3]
    assert sorted("platform-weibo" in one for one in rows) == [False, True]
    assert sorted("platform-wechat" in one for one in rows) == [False, True]


@pytest.mark.parametrize("ahead", [0.0, 7.5, -4.0])
def test_a_schedulers_clock_is_held_against_the_databases(app: Flask, desk: Desk, ahead: float) -> None:
    runtime = Runtime(
        worker="w:1", context=app.app_context, clock=lambda: utcnow() + timedelta(seconds=ahead), threads=1
    )
    jobs.beat(runtime)
    worker = db.session.get_one(Worker, "w:1")
    assert worker.clock_skew == pytest.approx(ahead, abs=1.5)
    page = sound(browser(app, desk.person("root", desk.city, "inspector")), "/status")
    assert ("与数据库的时钟不一致" in page) is (abs(ahead) > heartbeats.MOST_SKEW)
    if ahead:
        assert ("快 " if ahead > 0 else "慢 ") in page
