"""The composer on screen: what it says about a refusal goes with its cause, and a scheduled post is not changed unasked."""

from __future__ import annotations

import re

import requests
from playwright.sync_api import Browser, Locator, Page, Route, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack

SCHEDULED = "/posts?status=scheduled"


def author(browser: Browser, stack: Stack) -> Person:
    return sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)


def body(page: Page) -> Locator:
    return page.locator("#editor [role=textbox]")


def submit(page: Page) -> None:
    page.get_by_role("button", name="提交审核").click()
    expect(page.locator("#submit-post")).not_to_have_attribute("aria-busy", "true")


def test_a_refused_submission_is_said_once_and_goes_when_the_cause_is_gone(stack: Stack, browser: Browser) -> None:
    person = author(browser, stack)
    page = person.open("/posts/new")
    only_accounts_of_the_chosen_unit_and_below_are_offered(page)
    page.get_by_label("标题", exact=True).fill("防汛值班安排")
    page.get_by_role("checkbox", name=re.compile(r"微博.*青岚发布")).check()
    body(page).fill("值班电话 13800138000。")
    said = page.locator("#composer-messages [role=alert]")
    submit(page)
    expect(said).to_have_count(1)
    submit(page)
    expect(said).to_have_count(1)
    said.get_by_role("button", name="关闭").click()
    expect(said).to_have_count(0)
    submit(page)
    expect(said).to_have_count(1)
    body(page).fill("值班电话见政府网站。")
    expect(said).to_have_count(0)
    expect(page.locator("#problems")).to_contain_text("没有发现问题")
    expect(page.locator("#saved")).to_contain_text("已保存")
    what_is_typed_is_looked_at_before_it_is_saved(person)


def only_accounts_of_the_chosen_unit_and_below_are_offered(page: Page) -> None:
    unit, why = page.locator("#unit"), page.locator("#channels-why")
    city = page.get_by_role("checkbox", name=re.compile(r"微博.*青岚发布"))
    expect(why).to_be_hidden()
    city.check()
    before = unit.input_value()
    unit.select_option(label="青岚市水务局")
    expect(city).to_be_hidden()
    expect(page.get_by_role("checkbox", name=re.compile("水务"))).to_be_visible()
    expect(why).to_contain_text("没有列出上级和其他单位的账号")
    unit.select_option(before)
    expect(city).to_be_visible()
    expect(city).not_to_be_checked()
    expect(why).to_be_hidden()


def what_is_typed_is_looked_at_before_it_is_saved(person: Person) -> None:
    page, held, saving = person.page, list[Route](), re.compile(r"/posts/[0-9a-z]{20,}$")
    holding = True
    used = page.get_by_role("tab", name=re.compile("青岚发布")).locator(".counter")
    expect(used).to_have_text(re.compile(r"^\d+/140$"))
    before = used.inner_text()

    def hold(route: Route) -> None:
        if holding:
            held.append(route)
        else:
            route.continue_()

    page.route(saving, hold)
    body(page).click()
    page.keyboard.press("End")
    page.keyboard.type("值班员手机13912345678。")
    expect(page.locator("#problems")).to_contain_text("手机号")
    expect(page.locator("#editor .found")).to_have_text(["13912345678"])
    expect(used).not_to_have_text(before)
    expect(page.locator("#previews figcaption .num")).to_have_text(f"{used.inner_text()} 字")
    expect(page.locator("#saved")).to_contain_text(re.compile("未保存|正在保存"))
    person.shot("composer-looking")
    holding = False
    for route in held:
        route.continue_()
    expect(page.locator("#saved")).to_contain_text("已保存")
    expect(page.locator("#problems")).to_contain_text("手机号")


def test_a_refused_saving_is_said_once_and_goes_with_the_next_good_one(stack: Stack, browser: Browser) -> None:
    page = author(browser, stack).open("/posts/new")
    page.get_by_label("标题", exact=True).fill("供水通知")
    body(page).fill("今晚停水。")
    expect(page.locator("#saved")).to_contain_text("已保存")
    said = page.locator("#toasts [role=alert]")
    for text in ("长" * 200, "更长" * 100):
        page.get_by_label(re.compile("标签")).fill(text)
        expect(page.locator("#saved")).to_contain_text("未保存，")
        expect(said).to_have_count(1)
    page.get_by_label(re.compile("标签")).fill("供水")
    expect(said).to_have_count(0)
    expect(page.locator("#saved")).to_contain_text("已保存")


def test_a_scheduled_post_asks_before_its_first_change(stack: Stack, browser: Browser) -> None:
    page = author(browser, stack).open(SCHEDULED)
    path = page.locator("table a[href*='/posts/'], .post-row a[href*='/posts/'], main a[href*='/posts/']").evaluate_all(
        "links => links.map((link) => link.getAttribute('href')).find((href) => /\\/posts\\/[0-9a-z]{20,}$/.test(href))"
    )
    page.goto(f"{stack.web}{path}?edit=1")
    title, question = page.locator("#title"), page.get_by_role("dialog")
    before, text = title.input_value(), body(page).inner_text()
    title.click()
    expect(question).to_have_count(0)
    page.keyboard.press("x")
    expect(question).to_contain_text(re.compile(r"已排期 .*\d\d:\d\d，修改将撤下排期并重新送审。继续修改？"))
    question.get_by_role("button", name="不修改").click()
    expect(question).to_have_count(0)
    for touched in (body(page), page.locator("[data-tool=bold]"), page.locator("#channels input").first):
        touched.click()
        if touched.evaluate("node => node.matches('[role=textbox]')"):
            page.keyboard.press("y")
        expect(question).to_be_visible()
        page.keyboard.press("Escape")
    assert (title.input_value(), body(page).inner_text()) == (before, text)
    choice_by_keyboard(page, question)
    page.reload()
    expect(page.locator(".composer-state")).to_contain_text("已排期")
    title.click()
    page.keyboard.press("End")
    page.keyboard.press("x")
    question.get_by_role("button", name="继续修改").click()
    page.keyboard.type("（更新）")
    expect(page.locator("#saved")).to_contain_text("已保存")
    expect(page.locator(".composer-state")).to_contain_text("草稿")
    assert "（更新）" in title.input_value()
    body(page).click()
    page.keyboard.type("补充一句。")
    expect(page.locator("#saved")).to_contain_text("已保存")
    expect(body(page)).to_contain_text("补充一句。")


def test_what_ai_made_is_said_and_kept(stack: Stack, browser: Browser) -> None:
    person = author(browser, stack)
    page = person.open("/posts/new")
    page.get_by_label("标题", exact=True).fill("暑期防溺水提示")
    page.get_by_role("checkbox", name=re.compile(r"微博.*青岚发布")).check()
    page.get_by_role("checkbox", name=re.compile(r"微信.*青岚发布")).check()
    body(page).fill("请家长看护好孩子。")
    page.locator("#ai_text").select_option("assisted")
    expect(page.locator("#notes")).to_contain_text("文末写明“本文由人工智能辅助生成”")
    expect(page.locator("#previews")).to_contain_text("（本文由AI辅助生成）")
    person.shot("made-with-ai")
    page.reload()
    expect(page.locator("#ai_text")).to_have_value("assisted")
    page.locator("#ai_text").select_option("none")
    expect(page.locator("#previews")).not_to_contain_text("AI辅助生成")


def choice_by_keyboard(page: Page, question: Locator) -> None:
    """发布形式 of one account: arrows and letters change a choice without any click, other tools without any key."""
    tabs = page.locator("#tabs [role=tab]:not(#tab-base)")
    for tab in tabs.all():
        tab.click()
        if page.locator("[data-part=form] select").filter(visible=True).count():
            break
    choice = page.locator("[data-part=form] select").filter(visible=True)
    chosen = choice.input_value()
    page.keyboard.press("Tab")
    expect(choice).to_be_focused()
    for key in ("ArrowDown", "End", "f", " "):
        page.keyboard.press(key)
        expect(question).to_be_visible()
        page.keyboard.press("Escape")
        expect(question).to_be_hidden()
        assert choice.input_value() == chosen
        choice.focus()
    with page.expect_request(lambda request: request.is_navigation_request()):
        choice.evaluate(
            "node => { node.selectedIndex = node.selectedIndex ? 0 : 1; node.dispatchEvent(new Event('change')); }"
        )
        expect(question).to_be_visible()
        question.get_by_role("button", name="不修改").click()
    expect(page.locator(".composer-state")).to_contain_text("已排期")


def test_whom_a_mass_send_goes_to_is_chosen_and_shown(stack: Stack, browser: Browser) -> None:
    """The tags are the platform's own, read when they are wanted; the choice stands in the preview that is approved."""
    crowd = {"followers": [{"name": "市民小林", "days_ago": 9, "tags": ["居民"]}]}
    account = {"platform": "wechat", "external_id": "gh_0a1b2c3d4e01"}
    requests.post(f"{stack.simulator}/_sim/seed", json={**account, "seed": crowd}, timeout=30).raise_for_status()
    page = author(browser, stack).open("/posts/new")
    page.get_by_label("标题", exact=True).fill("居民用水提示")
    page.get_by_role("checkbox", name=re.compile(r"微信.*青岚发布")).check()
    body(page).fill("今晚检修，请提前储水。")
    shown = page.locator("#previews .audience")
    expect(shown).to_contain_text("群发给全部关注者")
    page.get_by_role("tab", name=re.compile("青岚发布")).click()
    choice = page.get_by_label("群发对象")
    expect(choice).to_contain_text("全部关注者")
    part = page.locator("[data-part=delivery]")
    part.get_by_role("button", name="从微信读取标签").click()
    expect(part.get_by_role("status")).to_contain_text(re.compile(r"读到 [1-9]\d* 个标签"))
    label = choice.locator("option").nth(1).inner_text()
    choice.select_option(index=1)
    name = re.sub(r".*“(.*)”.*", r"\1", label)
    expect(shown).to_contain_text(f"只群发给标签“{name}”的关注者")
    part.get_by_role("button", name="恢复自动").click()
    expect(shown).to_contain_text("群发给全部关注者")


def test_a_theme_is_chosen_seen_and_taken_back(stack: Stack, browser: Browser) -> None:
    person = author(browser, stack)
    page = person.open("/posts/new")
    page.get_by_label("标题", exact=True).fill("白鹭县今晚停水检修")
    for platform in ("微博", "微信"):
        page.get_by_role("checkbox", name=re.compile(rf"{platform}.*青岚发布")).first.check()
    body(page).fill("7月15日23:00至次日5:00，白鹭县人民路停水检修。请提前储水。")
    page.locator("#urgent").check()
    article = page.frame_locator(".phone iframe").locator("body > section").first
    expect(article).to_contain_text("速览")
    page.get_by_role("tab", name=re.compile("微信")).first.click()
    look = page.get_by_label("版式", exact=True)
    look.select_option(label="便民")
    expect(article).to_have_css("font-size", "18px")
    row = page.locator("[data-part=theme]:visible")
    expect(row).to_contain_text("已手工设定")
    person.shot("composer-theme")
    row.get_by_role("button", name="恢复自动").click()
    expect(article).to_have_css("font-size", "16px")
    page.get_by_label("篇幅", exact=True).locator("visible=true").select_option(label="常规")
    expect(article).not_to_contain_text("速览")
    assert person.complaints == []
