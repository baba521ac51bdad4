"""Connecting a WeChat account on screen when everything is wrong at first: secret, whitelist, right; then all is well.

At every step the page says what is missing, where it is put right, and the one thing to do next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack
from tests.patience import wait_for

GH, APP_ID, SECRET, WRONG = (
    "gh_5f0c2b7a9e31",
    "wx5f0c2b7a9e31d846",
    "right-secret-of-the-drill",
    "wrong-secret-of-the-drill",
)
NAME = "青岚应急"
OURS = "127.0.0.1"


@dataclass
class Connecting:
    """The administrator's window on the wizard's last step, and the platform's side of the account."""

    person: Person
    stack: Stack

    @property
    def page(self) -> Page:
        return self.person.page

    def at_the_platform(self, **settings: Any) -> None:
        answer = requests.put(f"{self.stack.simulator}/_sim/accounts/wechat/{GH}", json=settings, timeout=10)
        assert answer.ok, answer.text

    def test_rights(self) -> None:
        """Press the button that tests, whatever is the next step; again when the scheduler was testing just then."""

        def answered() -> bool:
            self.page.get_by_role("button", name=re.compile("逐项测试|再测一次")).first.click()
            expect(self.page.get_by_role("heading", level=1)).to_contain_text(NAME)
            return self.page.get_by_text(re.compile("另一任务|正在测试这个账号")).count() == 0

        wait_for("the test of the rights", answered)

    def says(self, *words: str) -> None:
        """What the one next step says."""
        expect(self.page.locator(".note", has_text="下一步")).to_have_count(1)
        for each in words:
            expect(self.page.locator(".note", has_text="下一步")).to_contain_text(each)

    def right(self, name: str, state: str, *words: str) -> None:
        line = self.page.locator(".problems li", has=self.page.locator("strong", has_text=re.compile(f"^{name}$")))
        for each in (state, *words):
            expect(line).to_contain_text(each)


@pytest.fixture
def connecting(stack: Stack, browser: Browser) -> Connecting:
    return Connecting(sign_in(browser, stack.web, "admin@demo.tandem", PASSWORD), stack)


def test_a_wrong_secret_a_missing_whitelist_entry_and_a_missing_right(connecting: Connecting) -> None:
    page, person = connecting.page, connecting.person
    fill_in(connecting)
    labels = ("Token", "EncodingAESKey", "回调网址")
    once = {label: page.get_by_label(label, exact=True).input_value() for label in labels}
    wizard = f"{page.get_by_role('link', name='账号页').get_attribute('href')}/connected"
    register(connecting, once)
    person.open(wizard)
    wrong_secret(connecting)
    person.open(wizard)
    not_on_the_whitelist(connecting)
    without_the_right(connecting)
    wrong_secret_again(connecting)
    person.open(wizard)
    everything_is_there(connecting)
    citizen_writes(connecting)
    person.open(wizard)
    connecting.says("一切就绪")
    connecting.right("消息推送", "可用", "签名正确")
    person.shot("connecting-4-ready")
    assert person.complaints == []
    nothing_leaked(connecting, once)


def wrong_secret(connecting: Connecting) -> None:
    """Said with the platform's own number; the button leads to where the secret is put right."""
    page = connecting.page
    connecting.test_rights()
    connecting.right("访问令牌", "缺失", "AppSecret 不正确", "40125", "请核对 AppSecret")
    connecting.says("平台不接受现有凭据", "重新填写，再测试")
    connecting.person.shot("connecting-1-secret")
    page.get_by_role("link", name="重新填写凭据").click()
    page.get_by_label("AppSecret", exact=True).fill(SECRET)
    page.get_by_role("button", name="保存凭据").click()
    expect(page.get_by_text("已保存。").first).to_be_visible()
    # What is still to be pasted at the platform was not lost on the way.
    expect(page.locator("#callback").get_by_label("EncodingAESKey", exact=True)).to_have_value(re.compile(r"^\w{43}$"))
    page.get_by_role("button", name="我已填好").click()
    expect(page.get_by_text("以上密钥请填到平台")).to_have_count(0)


def not_on_the_whitelist(connecting: Connecting) -> None:
    """The address as the platform saw it, to be copied."""
    connecting.test_rights()
    connecting.right(
        "访问令牌", "缺失", "IP 白名单", OURS, "40164", "请在微信开发者平台把它加入 IP 白名单", "处理人：公众号管理员"
    )
    connecting.says("把下面的服务器地址加入平台的 IP 白名单", "然后重新测试")
    field = connecting.page.get_by_role("textbox", name=re.compile("服务器的公网地址"))
    expect(field).to_have_value(OURS)
    # The secret was not even looked at: nobody is sent to type it once more.
    expect(connecting.page.get_by_text("未放行本服务器").first).to_be_visible()
    expect(connecting.page.get_by_text("须重新连接")).to_have_count(0)
    connecting.person.shot("connecting-2-whitelist")


def without_the_right(connecting: Connecting) -> None:
    """Which right, and that this account cannot publish without it."""
    connecting.at_the_platform(ip_whitelist=["203.0.113.7", OURS], rights=["mass", "comment", "custom", "datacube"])
    connecting.test_rights()
    for name in ("访问令牌", "草稿", "评论与留言"):
        connecting.right(name, "可用")
    connecting.right("发布", "缺失", "48001", "没有这个接口的权限", "微信认证")
    connecting.says("缺少“发布”权限", "重新测试", "换一种发布方式")
    expect(connecting.page.get_by_text("部分权限缺失").first).to_be_visible()
    connecting.person.shot("connecting-3-right")


def wrong_secret_again(connecting: Connecting) -> None:
    """A token that still lives does not hide it, and the address of an earlier refusal is no reason to speak of it."""
    connecting.at_the_platform(app_secret="changed-by-the-owner")
    connecting.test_rights()
    connecting.says("平台不接受现有凭据")
    connecting.at_the_platform(app_secret=SECRET)


def everything_is_there(connecting: Connecting) -> None:
    page = connecting.page
    connecting.at_the_platform(rights=["freepublish", "mass", "comment", "custom", "datacube"])
    connecting.test_rights()
    for name in ("访问令牌", "草稿", "评论与留言", "私信回复"):
        connecting.right(name, "可用")
    # What only a publication or a push can show is not called green.
    connecting.right("发布", "待核实", "首次发布时验证")
    connecting.right("消息推送", "待核实", "收到第一条推送才算验证")
    expect(page.locator(".problems")).not_to_contain_text("缺失")
    expect(page.get_by_text("正常", exact=True).first).to_be_visible()
    connecting.says("把回调网址填到平台")


def fill_in(connecting: Connecting) -> None:
    """The wizard's two pages; the secret is mistyped."""
    page = connecting.person.open("/accounts/new")
    page.get_by_role("link", name=re.compile("微信公众号")).click()
    page.get_by_label("账号名称").fill(NAME)
    page.get_by_label("原始 ID").fill(GH)
    page.get_by_label("发布方式").select_option("publish")
    page.get_by_label("环境").select_option("simulator")
    page.get_by_label("AppID").fill(APP_ID)
    page.get_by_label("AppSecret", exact=True).fill(WRONG)
    page.get_by_label(re.compile("我已了解")).check()
    page.get_by_role("button", name="保存，去测试权限").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(NAME)
    expect(page.get_by_text("以上密钥请填到平台")).to_be_visible()


def register(connecting: Connecting, once: dict[str, str]) -> None:
    connecting.at_the_platform(
        name=NAME,
        app_id=APP_ID,
        app_secret=SECRET,
        token=once["Token"],
        encoding_aes_key=once["EncodingAESKey"],
        callback_url=once["回调网址"],
        callback_mode="safe",
        ip_whitelist=["203.0.113.7"],
    )


def citizen_writes(connecting: Connecting) -> None:
    """What was pasted at the platform is right: it verifies the address, and a message arrives."""
    simulator, who = connecting.stack.simulator, {"platform": "wechat", "external_id": GH}
    assert requests.post(f"{simulator}/_sim/callbacks/verify", json=who, timeout=10).json()["ok"]
    told = requests.post(f"{simulator}/_sim/messages", json={**who, "from": "市民小周", "text": "在吗"}, timeout=30)
    assert told.json()["delivered"], told.text


def nothing_leaked(connecting: Connecting, once: dict[str, str]) -> None:
    """No log of the web, the scheduler or the simulator has a secret, nor does any page."""
    secrets = [SECRET, WRONG, once["Token"], once["EncodingAESKey"]]
    logs = connecting.stack.logs()
    assert logs
    assert not [secret for secret in secrets if secret in logs]
    page = connecting.page.content()
    assert not [secret for secret in secrets if secret in page]
