"""[预览发到手机] on screen: from the composer and the review page to the phone at the simulator, and when it cannot be."""

from __future__ import annotations

import re
from typing import Any

import requests
from playwright.sync_api import Browser, Locator, Page, expect

from app.system.demo.city import PASSWORD, PHONES
from tests.journeys.browser import Person, newcomer, sign_in
from tests.journeys.stack import Stack

TITLE = "青岚市公布夏季高温作业防护要求"
ME = PHONES["author@demo.tandem"]
WECHAT = "gh_0a1b2c3d4e01"


def arrived(stack: Stack) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = requests.get(f"{stack.simulator}/_sim/previews", timeout=10).json()["items"]
    return items


def compose(person: Person, *channels: str) -> Page:
    page = person.open("/posts/new")
    page.get_by_label("标题", exact=True).fill(TITLE)
    page.locator("#editor [contenteditable]").fill("日最高气温达到四十摄氏度以上，当日停止室外露天作业。")
    for channel in channels:
        page.get_by_role("checkbox", name=re.compile(channel)).check()
    return page


def open_dialog(page: Page) -> Locator:
    page.wait_for_load_state("load")
    page.get_by_role("button", name="预览发到手机").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def test_an_officer_sees_the_article_on_her_phone(stack: Stack, browser: Browser) -> None:
    author = sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)
    page = compose(author, r"微博.*青岚发布", r"微信.*青岚发布")
    # Pressed while nothing is saved yet: it saves first.
    dialog = open_dialog(page)
    expect(page.locator("#saved")).to_contain_text("已保存")
    recipient = dialog.get_by_label(re.compile("微信号"))
    expect(recipient).to_have_value(ME)
    expect(dialog).to_contain_text("30 分钟后自动删除")
    expect(dialog).to_contain_text("今天还可发")
    author.shot("preview-phone-1-dialog")
    refused(dialog, recipient)
    recipient.fill(ME)
    # A double click sends once.
    dialog.get_by_role("button", name="发到手机").dblclick()
    expect(dialog.locator("[data-preview=sent]")).to_contain_text(f"已发到 {ME}。请在微信里查看")
    author.shot("preview-phone-2-sent")
    assert [(item["wechat_id"], item["title"]) for item in arrived(stack)] == [(ME, TITLE)]
    dialog.get_by_role("button", name="关闭").first.click()
    expect(dialog).to_be_hidden()
    phone(stack, browser)
    assert author.complaints == []
    told_in_the_settings(author)


def refused(dialog: Locator, recipient: Locator) -> None:
    """What is no WeChat id, and one that nobody has."""
    recipient.fill("王敏")
    dialog.get_by_role("button", name="发到手机").click()
    expect(dialog.locator("[data-preview=refused]")).to_contain_text("不是昵称")
    recipient.fill("nobody_has_it")
    dialog.get_by_role("button", name="发到手机").click()
    expect(dialog.locator("[data-preview=failed]").first).to_contain_text("微信号不正确")
    # Not twice within a few seconds.
    recipient.page.wait_for_timeout(5200)


def phone(stack: Stack, browser: Browser) -> None:
    """At the simulator: plainly a drill, and the article as it will look."""
    holder = newcomer(browser, stack.simulator)
    page = holder.open("/")
    box = page.locator("#phones")
    expect(box).to_contain_text("演练")
    expect(box).to_contain_text(ME)
    box.scroll_into_view_if_needed()
    holder.shot("preview-phone-3-simulator")
    box.get_by_role("link", name=TITLE).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(page.locator("main")).to_contain_text("停止室外露天作业")
    expect(page.locator("main")).to_contain_text("预览，尚未发布")
    holder.shot("preview-phone-4-phone")
    assert holder.complaints == []


def told_in_the_settings(author: Person) -> None:
    page = author.open("/settings/profile")
    field = page.get_by_label("我的微信号")
    expect(field).to_have_value(ME)
    author.shot("preview-phone-5-settings")


def test_a_reviewer_sends_one_too_and_learns_why_it_cannot_be(stack: Stack, browser: Browser) -> None:
    reviewer = sign_in(browser, stack.web, "reviewer1@demo.tandem", PASSWORD)
    page = reviewer.open("/review")
    page.locator("main a[href^='/review/']:not([href$='/replies'])").first.click()
    page.wait_for_url(re.compile("/review/."))
    expect(page.get_by_role("button", name="预览发到手机")).to_be_visible()
    dialog = open_dialog(page)
    dialog.get_by_role("heading", name="预览发到手机").click()
    # The page's keys do not decide behind the dialog.
    page.keyboard.press("y")
    page.wait_for_timeout(500)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="关闭").first.click()
    page.get_by_role("link", name="打开稿件").click()
    page.wait_for_url(re.compile("/posts/"))
    dialog = open_dialog(page)
    expect(dialog.get_by_label(re.compile("微信号"))).to_have_value(PHONES["reviewer1@demo.tandem"])
    for account in requests.get(f"{stack.simulator}/_sim/accounts", timeout=10).json()["items"]:
        if account["platform"] == "wechat":
            body = {"external_id": account["external_id"], "wechat_id": "liweidong_ql", "following": False}
            requests.post(f"{stack.simulator}/_sim/phones", json=body, timeout=10)
    dialog.get_by_role("button", name="发到手机").click()
    failed = dialog.locator("[data-preview=failed]").first
    expect(failed).to_contain_text("没有关注公众号")
    expect(failed).to_contain_text("请先用它关注")
    reviewer.shot("preview-phone-6-refused")
    assert reviewer.complaints == []


def test_a_post_for_weibo_alone_says_that_weibo_has_none(stack: Stack, browser: Browser) -> None:
    author = sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)
    page = compose(author, r"微博.*青岚发布")
    dialog = open_dialog(page)
    expect(dialog).to_contain_text("没有能发手机预览的账号")
    expect(dialog).to_contain_text("微博没有把预览发到手机的接口")
    author.shot("preview-phone-7-weibo")
    assert author.complaints == []


def test_a_dialog_that_does_not_come_is_said(stack: Stack, browser: Browser) -> None:
    author = sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)
    page = compose(author, r"微信.*青岚发布")
    page.wait_for_load_state("load")
    words = "没有打开预览。稿件刚被删除。请刷新后查看。"
    page.route("**/phone-preview", lambda route: route.fulfill(status=409, json={"message": words}))
    page.get_by_role("button", name="预览发到手机").click()
    expect(page.locator("#toasts .note", has_text=words)).to_be_visible()
    page.unroute("**/phone-preview")
    page.route("**/phone-preview", lambda route: route.abort())
    offline = page.locator("html").get_attribute("data-word-offline")
    assert offline
    page.get_by_role("button", name="预览发到手机").click()
    expect(page.locator("#toasts .note", has_text=offline)).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
