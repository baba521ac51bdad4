"""A Weibo account connected on screen without a token: sign in at the platform, agree, and everything is tested."""

from __future__ import annotations

import requests
from playwright.sync_api import Browser, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import sign_in
from tests.journeys.stack import Stack

UID, OTHER, KEY, SECRET, NAME = "5600000042", "5600000043", "7042", "weibo-secret-of-the-drill", "青岚消防"


def at_the_platform(stack: Stack, uid: str, **settings: str) -> None:
    known = {"app_key": KEY, "app_secret": SECRET, "access_token": f"2.00{uid}", "safe_domain": "127.0.0.1"}
    known["redirect_uri"] = f"{stack.web}/accounts/authorization"
    answer = requests.put(f"{stack.simulator}/_sim/accounts/weibo/{uid}", json={**known, **settings}, timeout=10)
    assert answer.ok, answer.text


def test_signing_in_there_is_all_it_takes(stack: Stack, browser: Browser) -> None:
    at_the_platform(stack, UID, name=NAME)
    at_the_platform(stack, OTHER, name="某人的个人号")
    person = sign_in(browser, stack.web, "admin@demo.tandem", PASSWORD)
    page = person.open("/accounts/new?platform=weibo")
    page.get_by_label("账号名称").fill(NAME)
    page.get_by_label("微博 UID").fill(UID)
    page.get_by_label("环境").select_option("simulator")
    page.get_by_label("App Key").fill(KEY)
    page.get_by_label("App Secret").fill(SECRET)
    page.get_by_label("安全域名").fill("127.0.0.1")
    page.get_by_label("我已了解").check()
    page.get_by_role("button", name="保存，去测试权限").click()
    expect(page.locator(".note", has_text="下一步")).to_contain_text("用本账号登录微博并授权")
    person.shot("authorising-1-asked")

    # With the wrong account first: nothing is taken over, and the page says what to do.
    page.get_by_role("link", name="用微博账号授权").first.click()
    expect(page.get_by_text("演练用的授权页")).to_be_visible()
    page.get_by_label("以哪个账号授权").select_option(OTHER)
    page.get_by_role("button", name="同意授权").click()
    expect(page.get_by_text("不是本账号")).to_be_visible()
    person.shot("authorising-2-another")

    page.get_by_role("link", name="换一个微博账号登录").click()
    page.get_by_label("以哪个账号授权").select_option(UID)
    page.get_by_role("button", name="同意授权").click()
    expect(page.get_by_text("授权成功，已逐项测试。")).to_be_visible()
    expect(page.get_by_text("还有 29 天").first).to_be_visible()
    person.shot("authorising-3-connected")
    assert person.complaints == []
    assert SECRET not in page.content()
    assert f"2.00{UID}" not in page.content()
