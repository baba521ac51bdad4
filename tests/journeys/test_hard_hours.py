"""The hours when something is wrong, as the publisher sees them: held, unknown, missed, taken back. The screen says why and
what next, one press does it, and the platforms got everything once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
import requests
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from app import create_app
from app.accounts.models import Account
from app.config import load
from app.db import atomic, db, utcnow
from app.publishing import services as publishing
from app.publishing import strays
from app.publishing.models import Publication, Schedule
from app.system.demo.city import PASSWORD
from app.units.access import Actor, actor_for
from app.units.models import User
from connectors.values import PublishedItem
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack
from tests.journeys.test_calendar import BEIJING, approve
from tests.patience import wait_for

WEIBO, WECHAT, SHARE = "5600000001", "gh_0a1b2c3d4e01", "5600000002"
SOON = timedelta(minutes=5)

T = TypeVar("T")


@dataclass
class Hours:
    """The product with two accounts that may take back what they sent, and what the platforms were given."""

    stack: Stack
    app: Flask

    @contextmanager
    def database(self) -> Iterator[None]:
        with self.app.app_context():
            yield
            db.session.remove()

    def sim(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        # As WeChat wants it: escaped characters would be counted by their escapes.
        data = json.dumps(body, ensure_ascii=False).encode() if body else None
        answer = requests.request(method, f"{self.stack.simulator}{path}", data=data, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def fault(self, kind: str, path: str, **more: Any) -> None:
        self.sim("POST", "/_sim/faults", {"kind": kind, "path": path, **more})

    def sent(self, title: str) -> list[str]:
        """The kinds of what the platforms took that bears this title: each thing once."""
        items = self.sim("GET", "/_sim/accepted")["items"]
        return sorted(item["kind"] for item in items if title in f"{item.get('title')} {item.get('text')}")

    def write(self, title: str, *accounts: str, at: timedelta | None = SOON) -> str:
        """An approved post, on the schedule unless `at` is None; its id."""
        now = utcnow()
        with self.database():
            author = self.actor("author")
            found = [one for key in accounts for one in db.session.scalars(_account(key))]
            post_id = approve(author, title, [one.id for one in found], now)
            if at is not None:
                publishing.schedule(author, post_id, publish_at=now + at, now=now)
        return post_id

    def actor(self, name: str) -> Actor:
        return actor_for(db.session.scalars(select(User).where(User.email == f"{name}@demo.tandem")).one())

    def rows(self, post_id: str, read: Callable[[Publication], T]) -> list[T]:
        """What `read` finds of each publication, Weibo's first."""
        query = (
            select(Publication).join(Account).where(Publication.post_id == post_id).order_by(Account.platform.desc())
        )
        with self.database():
            return [read(row) for row in db.session.scalars(query)]

    def become(self, post_id: str, *states: str) -> None:
        """Wait until Weibo's and WeChat's publication stand so."""
        wait_for(f"{states}", lambda: self.rows(post_id, lambda row: row.status) == list(states) or None)

    def comes(self, post_id: str, ago: timedelta = timedelta(0)) -> None:
        """Its hour is now, or was `ago`."""
        now = utcnow()
        with self.database(), atomic():
            schedule = db.session.scalars(select(Schedule).where(Schedule.post_id == post_id)).one()
            schedule.publish_at = now - ago
            for row in schedule.publications:
                row.due_at, row.late_from, row.next_attempt_at = now - ago, now - ago, now


def _account(external_id: str) -> Any:
    return select(Account).where(Account.external_id == external_id)


@pytest.fixture(scope="module")
def hours(stack: Stack) -> Iterator[Hours]:
    app = create_app(load(stack.environment()))
    made = Hours(stack, app)
    made.sim("PUT", f"/_sim/accounts/weibo/{WEIBO}", {"level": "full"})
    made.sim("PUT", f"/_sim/accounts/wechat/{WECHAT}", {"review_seconds": 0})
    with made.database(), atomic():
        db.session.scalars(_account(WEIBO)).one().mode = "full"
    yield made
    with app.app_context():
        db.engine.dispose()


@dataclass
class Desk:
    """The publisher at the screen."""

    person: Person
    hours: Hours
    # What confirmations asked.
    asked: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.person.page

    def open(self, post_id: str) -> None:
        self.person.open(f"/posts/{post_id}")
        expect(self.panel).to_be_visible()

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("region", name="发布", exact=True)

    def side(self, platform: str) -> Locator:
        """One publication on the post's page."""
        return self.panel.locator("[id^=publication-]", has_text=platform)

    def stands(self, platform: str, badge: str, *words: str) -> None:
        for each in (badge, *words):
            expect(self.side(platform)).to_contain_text(each)

    def press(self, where: Locator, order: str, reason: str, said: str, **fields: str) -> None:
        """An order with its reason; its confirmation is accepted, and `said` is the answer."""
        where.locator("summary", has_text=re.compile(f"^{order}")).click()
        form = where.locator("details[open] form")
        for label, value in fields.items():
            form.get_by_label(label).fill(value)
        form.get_by_label("原因").fill(reason)
        form.get_by_role("button", name=re.compile(f"^{order}")).click()
        expect(self.page.locator(".note", has_text=said).first).to_be_visible()

    def offers(self, where: Locator, *orders: str) -> None:
        """Exactly these orders."""
        expect(where.locator("details.act > summary")).to_have_text(list(orders))


@pytest.fixture
def desk(hours: Hours, browser: Browser) -> Iterator[Desk]:
    person = sign_in(browser, hours.stack.web, "publisher@demo.tandem", PASSWORD)
    asked: list[str] = []
    person.page.on("dialog", lambda dialog: asked.append(dialog.message))
    yield Desk(person, hours, asked)
    assert person.complaints == []
    person.page.context.close()
    hours.sim("DELETE", "/_sim/faults")


def test_a_draft_changed_by_hand_waits_and_is_released_once(desk: Desk, hours: Hours) -> None:
    title = "草稿被改过的稿件"
    post = hours.write(title, WEIBO, WECHAT)
    hours.become(post, "ready", "ready")
    change_the_draft(hours, hours.rows(post, lambda row: row.prepared["steps"].get("draft", ""))[1])
    hours.comes(post)
    hours.become(post, "published", "held")
    desk.open(post)
    desk.stands("微信", "已暂缓", "草稿", "下一步：请放行、改期或取消。")
    desk.offers(desk.side("微信"), "放行", "取消这一条")
    desk.person.shot("held-1-draft")
    assert hours.sent(title) == ["status"]
    desk.press(desk.side("微信"), "放行", "已与编辑核对，按审定稿发。", "已放行，马上发出。")
    desk.open(post)
    desk.stands("微信", "已发布")
    expect(desk.panel).to_contain_text("相差")
    desk.person.shot("held-2-released")
    assert hours.sent(title) == ["mass", "status"]


def change_the_draft(hours: Hours, media_id: str) -> None:
    """A colleague edits it in the platform's own editor."""
    with hours.database():
        held = db.session.scalars(_account(WECHAT)).one().credentials
        asked = {"grant_type": "client_credential", "appid": held["app_id"], "secret": held["app_secret"]}
    token = hours.sim("POST", "/cgi-bin/stable_token", asked)["access_token"]
    draft = hours.sim("POST", f"/cgi-bin/draft/get?access_token={token}", {"media_id": media_id})
    edited = draft["news_item"][0] | {"content": "<p>顺手改了几个字。</p>"}
    body = {"media_id": media_id, "index": 0, "articles": edited}
    assert hours.sim("POST", f"/cgi-bin/draft/update?access_token={token}", body)["errcode"] == 0


def test_in_a_black_out_both_wait_and_are_released_together(desk: Desk, hours: Hours) -> None:
    title = "静默期里的稿件"
    post = hours.write(title, WEIBO, WECHAT)
    hours.become(post, "ready", "ready")
    announce(desk)
    hours.comes(post)
    hours.become(post, "held", "held")
    desk.open(post)
    desk.stands("微信", "已暂缓", "全国哀悼", "下一步：静默期结束后才能放行")
    desk.stands("微博", "已暂缓", "另一渠道不能发布", "下一步：请放行、改期或取消。")
    desk.person.shot("held-3-black-out")
    # Released all the same it is refused in words, and nothing goes out.
    desk.press(desk.panel, "一起放行", "想早点发。", "没有放行。正值静默期")
    assert hours.sent(title) == []
    desk.person.open("/stops")
    desk.page.locator("#blackouts").get_by_role("button", name="提前结束").click()
    expect(desk.page.get_by_text("静默期已结束")).to_be_visible()
    desk.open(post)
    desk.stands("微信", "已暂缓", "静默期现已结束", "不会自动补发。请放行、改期或取消。")
    desk.press(desk.panel, "一起放行", "静默期已结束。", "已放行 2 条")
    desk.stands("微博", "已发布")
    desk.stands("微信", "已发布")
    assert hours.sent(title) == ["mass", "status"]


def announce(desk: Desk) -> None:
    """A black-out over the WeChat account, from this minute on."""
    page = desk.person.open("/stops")
    form = page.locator("form", has=page.get_by_role("heading", name="设静默期"))
    account = form.locator("option", has_text=re.compile("^账号：微信.*青岚发布$")).get_attribute("value")
    form.get_by_label("范围").select_option(account)
    now = utcnow().astimezone(BEIJING)
    form.get_by_label(re.compile("^开始")).fill(f"{now:%Y-%m-%dT%H:%M}")
    form.get_by_label(re.compile("^结束")).fill(f"{now + timedelta(hours=2):%Y-%m-%dT%H:%M}")
    form.get_by_label("原因").fill("全国哀悼。")
    form.get_by_role("button", name="设静默期").click()
    expect(desk.page.get_by_text("已设静默期")).to_be_visible()
    desk.person.shot("held-4-stops")


def test_the_stop_switch_holds_what_is_due_until_a_person_lets_it_go(desk: Desk, hours: Hours) -> None:
    title = "暂停期间到点的稿件"
    post = hours.write(title, WEIBO, WECHAT)
    hours.become(post, "ready", "ready")
    page = desk.person.open("/stops")
    form = page.locator("form", has=page.get_by_role("heading", name="暂停", exact=True))
    form.get_by_label("范围").select_option("全站")
    form.get_by_label("原因").fill("网上有重大突发，先停。")
    form.get_by_role("button", name="暂停发布").click()
    try:
        expect(page.get_by_text("已暂停发布。到点的内容会转为“已暂缓”")).to_be_visible()
        expect(page.get_by_role("link", name="全部已停发")).to_be_visible()
        desk.person.shot("stop-1-thrown")
        desk.open(post)
        desk.stands("微信", "已就绪", "发布已暂停（全站）：网上有重大突发，先停。", "到点时会转为“已暂缓”，不会发出。")
        hours.comes(post)
        hours.become(post, "held", "held")
        desk.open(post)
        for platform in ("微博", "微信"):
            desk.stands(platform, "已暂缓", "网上有重大突发，先停。", "下一步：请先恢复发布，再放行")
        desk.person.shot("stop-2-held")
        desk.press(desk.panel, "一起放行", "想先发这一篇。", "没有放行。发布已暂停")
        assert hours.sent(title) == []
    finally:
        desk.person.open("/stops").get_by_role("button", name="恢复发布").click()
    expect(page.get_by_text("已恢复发布。暂停期间到点的内容仍是“已暂缓”")).to_be_visible()
    expect(page.get_by_role("link", name="全部可发")).to_be_visible()
    desk.open(post)
    desk.stands("微信", "已暂缓", "暂停现已解除", "不会自动补发。请放行、改期或取消。")
    desk.person.shot("stop-3-ended")
    assert hours.sent(title) == [], "the end of a stop sends nothing by itself"
    desk.press(desk.panel, "一起放行", "突发已处置，照发。", "已放行 2 条")
    desk.stands("微博", "已发布")
    desk.stands("微信", "已发布")
    assert hours.sent(title) == ["mass", "status"]


def test_the_missing_part_of_what_went_out_all_the_same_follows_alone(desk: Desk, hours: Hours) -> None:
    """Taken off; WeChat's draft was sent by hand. The author schedules the rest."""
    title = "取消后微信已发出的稿件"
    post = hours.write(title, WEIBO, WECHAT)
    hours.become(post, "ready", "ready")
    turns_up(hours, post)
    browser = desk.page.context.browser
    assert browser
    author = Desk(sign_in(browser, hours.stack.web, "author@demo.tandem", PASSWORD), hours)
    author.person.page.on("dialog", lambda dialog: author.asked.append(dialog.message))
    author.open(post)
    author.stands("微信", "已发布")
    author.stands("微博", "已取消")
    author.panel.locator("summary", has_text="安排没发的部分").click()
    expect(author.panel).to_contain_text(re.compile("只发 微博 .*，已发出的不会再发。"))
    author.person.shot("left-out-1-offered")
    author.panel.get_by_role("button", name="立即发布").click()
    wait_for("Weibo's part", lambda: hours.rows(post, lambda row: row.status)[0] == "published" or None)
    author.open(post)
    author.stands("微博", "已发布")
    assert "已发出的不会再发" in author.asked[0]
    author.person.shot("left-out-2-followed")
    assert author.person.complaints == []
    assert hours.sent(title) == ["status"], "WeChat's part is not sent by us"


def turns_up(hours: Hours, post: str) -> None:
    """Off the schedule; then the account's list shows WeChat's part, and a person says that it is out."""
    now = utcnow()
    with hours.database():
        publishing.unschedule(hours.actor("author"), post, now=now)
        row = db.session.scalars(
            select(Publication).join(Account).where(Publication.post_id == post, Account.external_id == WECHAT)
        ).one()
        link = f"https://gov.example/p/x?w={row.mark}"
        item = PublishedItem(external_id=f"by-hand-{row.mark}", url="", published_at=now, addresses=(link,))
        assert strays.note_listed(row.account_id, [item], now) == 1
        publishing.resolve(hours.actor("publisher"), row.id, outcome="published", reason="是同事手动发的。", now=now)


def test_an_answer_that_was_lost_is_settled_by_a_person_who_saw_it(desk: Desk, hours: Hours) -> None:
    title = "答复丢失但已发出的稿件"
    hours.fault("drop_answer", "statuses/update")
    post = hours.write(title, WEIBO, at=timedelta(0))
    hours.become(post, "unknown")
    crowd_out(hours)
    look_it_up(desk, post, "没有找到；找不到不能证明没有发出")
    desk.person.shot("unknown-1-evidence")
    desk.open(post)
    desk.stands("微博", "待核实", "核实前不会重发", "打开账号主页")
    # What was typed stands there again after a refusal.
    seen, link = "在微博主页看到了这条。", f"https://weibo.com/{WEIBO}/Q1"
    desk.press(desk.side("微博"), "认定为已发布", seen, "链接不是这个平台的", 平台上的链接="https://example.com/1")
    form = desk.page.locator("details.act[open] form")
    expect(form.get_by_label("原因")).to_have_value(seen)
    desk.person.shot("unknown-2-refused")
    form.get_by_label("平台上的链接").fill(link)
    form.get_by_role("button", name="认定为已发布").click()
    expect(desk.page.get_by_text("已记录。")).to_be_visible()
    desk.open(post)
    desk.stands("微博", "已发布")
    desk.offers(desk.side("微博"), "撤回")
    assert hours.sent(title) == ["status"]


def crowd_out(hours: Hours) -> None:
    """Somebody posts so much by hand that ours is not among the newest five any more."""
    for number in range(6):
        hours.sim("POST", "/_sim/posts", {"platform": "weibo", "external_id": WEIBO, "text": f"随手发的第 {number} 条"})


def look_it_up(desk: Desk, post: str, finding: str) -> None:
    """立即核实, and what it found, in the evidence."""
    desk.open(post)
    desk.stands("微博", "待核实", "下一步：")
    desk.side("微博").get_by_role("link", name="过程与凭据").click()
    desk.page.get_by_role("button", name="立即核实").click()
    expect(desk.page.get_by_text("已安排核实")).to_be_visible()

    def found() -> bool:
        desk.page.reload()
        return desk.page.get_by_text(finding).count() > 0

    wait_for(finding, found)


def test_what_was_not_sent_is_sent_again_alone_and_once(desk: Desk, hours: Hours) -> None:
    title = "只有微信发出的稿件"
    hours.fault("hang", "statuses/update", seconds=0.1)
    post = hours.write(title, WEIBO, WECHAT, at=timedelta(0))
    hours.become(post, "unknown", "published")
    look_it_up(desk, post, "没有找到；找不到不能证明没有发出")
    desk.open(post)
    # Too early to be sure: the request might still be on its way.
    desk.press(desk.side("微博"), "认定为未发布", "主页上没有。", "现在还不能认定为“未发布”")
    desk.person.shot("unknown-3-too-early")
    minutes_pass(hours, post)
    desk.open(post)
    desk.press(desk.side("微博"), "认定为未发布", "主页、后台都没有。", "已记录。")
    desk.open(post)
    desk.stands("微博", "失败", "认定没有发出：主页、后台都没有。")
    desk.offers(desk.side("微博"), "重试", "取消这一条")
    desk.person.shot("unknown-4-not-sent")
    assert hours.sent(title) == ["mass"]
    desk.press(desk.side("微博"), "重试", "补发微博。", "已安排重试")
    desk.open(post)
    desk.stands("微博", "已发布")
    desk.stands("微信", "已发布")
    assert hours.sent(title) == ["mass", "status"]


def minutes_pass(hours: Hours, post: str) -> None:
    with hours.database(), atomic():
        for row in db.session.scalars(select(Publication).where(Publication.post_id == post)):
            for attempt in row.attempts:
                attempt.send_before -= timedelta(minutes=5)


def test_what_was_missed_goes_out_only_by_a_person(desk: Desk, hours: Hours) -> None:
    title = "错过后放行的稿件"
    post = hours.write(title, WEIBO, WECHAT)
    hours.stack.stop("scheduler")
    try:
        hours.comes(post, timedelta(hours=1))
        desk.open(post)
        desk.stands("微信", "调度程序没有运行，到点也不会发出", "请系统管理员启动调度程序")
        desk.person.shot("missed-1-nobody")
    finally:
        hours.stack.start_scheduler()
    hours.become(post, "missed", "missed")
    desk.open(post)
    for platform in ("微博", "微信"):
        desk.stands(platform, "已错过", "超过最晚时限没有发出", "不会自动补发。请改期、立即放行或取消。")
    desk.person.shot("missed-2-post")
    assert hours.sent(title) == []
    desk.press(desk.panel, "一起放行", "内容仍有效。", "已放行 2 条")
    desk.stands("微博", "已发布")
    desk.stands("微信", "已发布")
    assert hours.sent(title) == ["mass", "status"]


def test_what_was_missed_is_given_another_hour(desk: Desk, hours: Hours) -> None:
    title = "错过后改期的稿件"
    post = hours.write(title, WEIBO, WECHAT)
    hours.comes(post, timedelta(hours=1))
    hours.become(post, "missed", "missed")
    desk.person.open("/")
    expect(desk.page.locator("#main")).to_contain_text(title)
    desk.person.shot("missed-3-workbench")
    reschedule(desk, hours, post)
    assert hours.sent(title) == []


def reschedule(desk: Desk, hours: Hours, post: str) -> None:
    """The author, whose right it is, gives it another hour."""
    browser = desk.page.context.browser
    assert browser
    author = Desk(sign_in(browser, hours.stack.web, "author@demo.tandem", PASSWORD), hours)
    author.open(post)
    author.panel.locator("summary", has_text="改期").click()
    at = (utcnow() + timedelta(days=2)).astimezone(BEIJING).replace(hour=10, minute=0)
    author.panel.get_by_label(re.compile("^发布时间")).fill(f"{at:%Y-%m-%dT%H:%M}")
    author.panel.get_by_role("button", name="改期").click()
    expect(author.page.get_by_text("已排期。")).to_be_visible()
    author.stands("微信", "已排期", "到点自动发布")
    author.person.shot("missed-4-rescheduled")
    assert author.person.complaints == []
    assert set(hours.rows(post, lambda row: row.due_at)) == {datetime.fromisoformat(f"{at:%Y-%m-%dT%H:%M}+08:00")}


def test_taken_back_as_far_as_each_platform_lets_us(desk: Desk, hours: Hours) -> None:
    title = "要撤回的稿件"
    post = hours.write(title, WEIBO, WECHAT, at=timedelta(0))
    hours.become(post, "published", "published")
    desk.open(post)
    desk.press(desk.side("微博"), "撤回", "标题有误。", "已向平台申请撤回")
    desk.open(post)
    desk.stands("微博", "已撤回")
    desk.stands("微信", "已发布")
    desk.person.shot("recalled-1-weibo")
    desk.asked.clear()
    desk.press(desk.side("微信"), "撤回", "标题有误。", "已向平台申请撤回")
    assert "粉丝收到的卡片仍在" in desk.asked[0]
    desk.open(post)
    # The card in people's phones stays, and the page says so; what is gone has no link to press.
    desk.stands("微信", "已撤回", "粉丝收到的卡片仍在")
    expect(desk.panel.get_by_role("link", name="查看", exact=True)).to_have_count(0)
    expect(desk.page.locator("#main .state", has_text="已撤回")).to_have_count(2)
    desk.person.shot("recalled-2-both")
    assert hours.sent(title) == ["mass", "status"]


def test_where_no_interface_deletes_a_person_does_and_says_so(desk: Desk, hours: Hours) -> None:
    title = "只能手动删除的稿件"
    post = hours.write(title, SHARE, at=timedelta(0))
    hours.become(post, "published")
    desk.open(post)
    desk.stands("微博", "已发布", "系统不能撤回这一条：", "请到微博手动删除")
    desk.offers(desk.side("微博"), "登记已手动删除")
    desk.person.shot("recalled-3-by-hand")
    desk.press(desk.side("微博"), "登记已手动删除", "标题有误，已登录微博删除。", "已登记")
    desk.open(post)
    desk.stands("微博", "已撤回")
    assert hours.sent(title) == ["status"]
