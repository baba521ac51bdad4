"""Small state of the pages, by keyboard: what a form asks for, menus, notes that close, choices that apply themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack


@pytest.fixture
def responder(stack: Stack, browser: Browser) -> Iterator[Person]:
    person = sign_in(browser, stack.web, "responder@demo.tandem", PASSWORD)
    yield person
    person.page.context.close()


def test_the_wizard_asks_only_for_what_the_choice_needs(stack: Stack, browser: Browser) -> None:
    person = sign_in(browser, stack.web, "admin@demo.tandem", PASSWORD)
    page = person.open("/accounts/new?platform=weibo")
    mode, domain = page.get_by_label("发布方式"), page.get_by_label("安全域名")
    expect(domain).to_be_visible()
    expect(page.get_by_text("可发 140 字和 1 张图")).to_be_visible()
    mode.focus()
    page.keyboard.press("ArrowDown")
    expect(domain).to_be_hidden()
    expect(domain).to_be_disabled()
    expect(page.get_by_text("可发 140 字和 1 张图")).to_be_hidden()
    expect(page.get_by_text("应用获准使用发布接口")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(domain).to_be_visible()
    page.get_by_label("环境").select_option("live")
    expect(page.get_by_text("正式账号的发布会到达真实平台")).to_be_visible()
    expect(page.get_by_text("演练账号接在平台模拟器上")).to_be_hidden()
    person.shot("connecting-0-wizard")
    assert person.complaints == []


def test_a_return_without_a_reason_is_stopped_on_the_page(stack: Stack, browser: Browser) -> None:
    person = sign_in(browser, stack.web, "reviewer1@demo.tandem", PASSWORD)
    page = person.open("/review")
    page.locator("#reviews tbody a").first.click()
    page.wait_for_url(re.compile("/review/."))
    address = page.url
    why, comment = page.get_by_text("退回须写明理由"), page.locator("#comment")
    expect(why).to_be_hidden()
    page.keyboard.press("n")
    expect(why).to_be_visible()
    expect(comment).to_be_focused()
    expect(comment).to_have_attribute("aria-invalid", "true")
    page.keyboard.type("请补充咨询电话。")
    expect(why).to_be_hidden()
    assert page.url == address
    page.get_by_role("button", name=re.compile("退回")).click()
    expect(page.locator(".note-ok, .note-info").first).to_be_visible()
    close_by_keyboard(page)
    assert person.complaints == []


def close_by_keyboard(page: Page) -> None:
    """A note goes when asked to, and the person goes on in the page."""
    notes = page.locator(".note[x-data=note]")
    number = notes.count()
    assert number
    notes.first.get_by_role("button", name="关闭").focus()
    page.keyboard.press("Enter")
    expect(notes).to_have_count(number - 1)
    expect(page.locator("#main")).to_be_focused()


def test_menus_of_the_inbox(responder: Person) -> None:
    page = responder.open("/inbox")
    page.locator("[data-talk]").first.click()
    later, assign = (page.locator("summary", has_text=name) for name in ("稍后提醒", "分派给同事"))
    assign.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("经办人")).to_be_focused()
    later.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="1 小时后")).to_be_focused()
    expect(page.get_by_label("经办人")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(later).to_be_focused()
    expect(page.get_by_role("button", name="1 小时后")).to_be_hidden()
    later.press("Enter")
    page.get_by_role("button", name="明天 9 点").press("Enter")
    expect(page.locator('[data-status="snoozed"]').first).to_be_visible()
    assert responder.complaints == []


def test_choices_apply_themselves(responder: Person) -> None:
    page = responder.open("/reports")
    unit = page.get_by_label("单位")
    name = unit.locator("option").nth(1).text_content()
    unit.select_option(label=name)
    page.wait_for_url(re.compile("unit_id=."))
    expect(page.locator("#chart-published canvas")).to_be_visible()
    page.get_by_role("link", name="前 30 天").click()
    page.wait_for_url(re.compile(r"to=\d"))
    expect(page.get_by_role("link", name="后 30 天")).to_be_visible()
    assert responder.complaints == []
