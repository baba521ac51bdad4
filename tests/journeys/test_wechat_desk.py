"""WeChat's further interfaces on screen: a picture post chosen and shown, comments and followers handled, allowances read."""

from __future__ import annotations

import re

import requests
from playwright.sync_api import Browser, Locator, Page, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack
from tests.patience import wait_for

WECHAT = "gh_0a1b2c3d4e01"


def person(browser: Browser, stack: Stack, name: str) -> Person:
    return sign_in(browser, stack.web, f"{name}@demo.tandem", PASSWORD)


def test_an_author_makes_it_a_picture_post_and_back(stack: Stack, browser: Browser) -> None:
    author = person(browser, stack, "author")
    page = author.open("/posts?status=draft")
    page.get_by_role("link", name="周末文化活动预告").first.click()
    page.get_by_role("tab", name=re.compile("微信.*青岚发布")).click()
    form = page.get_by_label("发布形式")
    form.select_option(label="贴图")
    expect(page.locator(".picture-post h3")).to_have_text("周末文化活动预告")
    expect(page.get_by_label("横图（16:9）")).to_be_visible()
    words = page.locator('[data-part="text"] textarea')
    words.fill("七月二十三场，场场免费。")
    words.blur()
    expect(page.locator(".picture-post-text")).to_have_text("七月二十三场，场场免费。")
    author.shot("picture-post")
    page.get_by_label("发布形式").select_option(label="图文")
    expect(page.locator(".picture-post")).to_have_count(0)
    expect(page.locator("iframe.phone-screen")).to_have_count(1)
    assert author.complaints == []


def test_a_responder_picks_out_a_comment_and_knows_the_person(stack: Stack, browser: Browser) -> None:
    accepted = requests.get(f"{stack.simulator}/_sim/accepted", params={"external_id": WECHAT}, timeout=10).json()[
        "items"
    ]
    post = next(item["msg_data_id"] for item in accepted if item["kind"] == "mass")
    body = {"platform": "wechat", "external_id": WECHAT, "post": post, "text": "押金上限从哪天执行？"}
    assert requests.post(f"{stack.simulator}/_sim/comments", json=body, timeout=10).ok
    responder = person(browser, stack, "responder")
    page = responder.page

    def arrived() -> bool:
        responder.open("/inbox?q=押金上限从哪天")
        return page.locator("[data-talk]").count() > 0

    wait_for("the comment", arrived)
    page.locator("[data-talk]").first.click()
    press(page, page.get_by_role("button", name="精选", exact=True))
    expect(page.locator(".message .state", has_text="精选")).to_be_visible()
    page.get_by_label("平台上的标签").fill("热心市民，老年人")
    press(page, page.get_by_role("button", name="写到平台"))
    expect(page.locator("#follower .state")).to_have_text(["热心市民", "老年人"])
    press(page, page.get_by_role("button", name="删除留言"))
    expect(page.locator(".message .state", has_text="已在平台删除")).to_be_visible()
    responder.shot("comment-handled")
    assert responder.complaints == []


def test_an_answer_that_went_out_shows_without_loading_the_page_anew(stack: Stack, browser: Browser) -> None:
    body = {"platform": "wechat", "external_id": WECHAT, "from": "citizen-waiting", "text": "号满了还能加吗？"}
    responder = person(browser, stack, "responder")
    page = responder.page
    assert requests.post(f"{stack.simulator}/_sim/messages", json=body, timeout=10).ok

    def arrived() -> bool:
        responder.open("/inbox?q=号满了还能加")
        return page.locator("[data-talk]").count() > 0

    wait_for("the message", arrived)
    page.locator("[data-talk]").first.click()
    # The platform takes it and answers late: the page comes back while it is on its way.
    slow = {"kind": "delay", "platform": "wechat", "path": "message/custom/send", "seconds": 10}
    assert requests.post(f"{stack.simulator}/_sim/faults", json=slow, timeout=10).ok
    page.get_by_label("回复内容").fill("可以，每天上午九点加号。")
    press(page, page.get_by_role("button", name="发送回复"))
    page.evaluate("window.notLoadedAnew = true")
    expect(page.locator(".message-out .state", has_text=re.compile("排队中|发送中|发布中"))).to_be_visible()
    page.get_by_label("回复内容").fill("还可以")
    expect(page.locator(".message-out .state")).to_have_text("已发送")
    assert page.evaluate("window.notLoadedAnew") is True
    expect(page.get_by_label("回复内容")).to_have_value("还可以")
    assert responder.complaints == []


def test_an_administrator_reads_what_the_platform_says(stack: Stack, browser: Browser) -> None:
    admin = person(browser, stack, "admin")
    page = admin.open("/accounts?platform=wechat")
    page.get_by_role("link", name="青岚发布").first.click()
    page.get_by_label("每分钟发出").select_option(label="30 万条/分钟")
    press(page, page.get_by_role("button", name="设置速度"))
    expect(page.get_by_text("设定 30 万条/分钟")).to_be_visible()
    press(page, page.get_by_role("button", name="从平台读取"))

    def read() -> bool:
        page.reload()
        return page.get_by_text("平台告知").count() > 3 and page.locator("#figures tbody tr").count() == 7

    wait_for("the platform's word", read)
    admin.shot("account-told")
    assert admin.complaints == []


def press(page: Page, button: Locator) -> None:
    """Press, and wait for the page that says how it went."""
    with page.expect_navigation():
        button.first.click()


def test_the_citizen_sees_that_somebody_is_typing(stack: Stack, browser: Browser) -> None:
    admin = person(browser, stack, "admin")
    page = admin.open("/accounts?platform=wechat")
    page.get_by_role("link", name="青岚发布").first.click()
    page.get_by_label(re.compile("正在输入")).check()
    press(page, page.get_by_role("button", name="保存设置"))
    body = {"platform": "wechat", "external_id": WECHAT, "from": "citizen-typing", "text": "窗口几点下班？"}
    responder = person(browser, stack, "responder")
    assert requests.post(f"{stack.simulator}/_sim/messages", json=body, timeout=10).ok

    def arrived() -> bool:
        responder.open("/inbox?q=窗口几点下班")
        return responder.page.locator("[data-talk]").count() > 0

    wait_for("the message", arrived)
    responder.page.locator("[data-talk]").first.click()
    responder.page.get_by_label("回复内容").click()

    def typed() -> bool:
        asked = requests.get(f"{stack.simulator}/_sim/requests?path=custom/typing", timeout=10).json()["items"]
        # The account's test asks too, for nobody, and is refused.
        return any(item["outcome"] == "ok" for item in asked)

    wait_for("正在输入", typed)
    responder.page.get_by_label("回复内容").fill("下午六点。")
    assert responder.complaints == []
