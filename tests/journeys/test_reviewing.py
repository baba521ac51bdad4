"""Review on screen: a chain set stage by stage, a passage commented on, two posts passed at once, the approval form."""

from __future__ import annotations

from typing import Any

import requests
from playwright.sync_api import Browser, Page, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack

TITLES = ("周四上午停水安排", "周五上午停水安排")


def post_by_api(stack: Stack, author: str, title: str, *, hand_in: bool = True) -> str:
    """The id of a new post."""
    headers = {"Authorization": f"Bearer {author}"}

    def ask(method: str, path: str, **given: Any) -> Any:
        answer = requests.request(method, f"{stack.web}/api/v1{path}", headers=headers, timeout=30, **given)
        assert answer.ok, answer.text
        return answer.json()

    account = next(one for one in ask("GET", "/accounts")["items"] if one["platform"] == "wechat")
    text = f"<p>{title}：城东片区停水四小时，请提前储水。</p><p>抢修电话见区政府网站。</p>"
    fields = {"unit_id": account["unit_id"], "title": title, "summary": "请提前储水。", "body_html": text}
    post = ask("POST", "/posts", json={**fields, "account_ids": [account["id"]]})
    if hand_in:
        ask("POST", f"/posts/{post['id']}/submission")
    return str(post["id"])


def test_review_to_the_letter(stack: Stack, browser: Browser) -> None:
    token = stack.flask("tokens", "create", "--email", "author@demo.tandem").strip().splitlines()[-1]
    ids = [post_by_api(stack, token, title) for title in TITLES]
    reviewer = sign_in(browser, stack.web, "reviewer2@demo.tandem", PASSWORD)
    remark_on_a_passage(reviewer)
    pass_two_at_once(reviewer)
    the_form(reviewer, ids[0])
    assert reviewer.complaints == []
    draft = post_by_api(stack, token, "台风红色预警", hand_in=False)
    author = sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)
    hand_in_as_an_emergency(author, draft)
    assert author.complaints == []
    admin = sign_in(browser, stack.web, "admin@demo.tandem", PASSWORD)
    chain_by_clicks(admin)
    assert admin.complaints == []


def open_item(page: Page, title: str) -> None:
    page.get_by_role("link", name=title).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def remark_on_a_passage(reviewer: Person) -> None:
    page = reviewer.open("/review")
    open_item(page, TITLES[0])
    # Select "城东片区" as a mouse would.
    page.evaluate(
        """() => {
          const walker = document.createTreeWalker(document.querySelector("[data-remarkable]"), NodeFilter.SHOW_TEXT);
          for (let node; (node = walker.nextNode()); ) {
            const at = node.data.indexOf("城东片区");
            if (at >= 0) { getSelection().setBaseAndExtent(node, at, node, at + 4); return; }
          }
        }"""
    )
    expect(page.get_by_label("批注哪一段")).to_have_value("城东片区")
    page.get_by_label("批注", exact=True).fill("@王敏 请写明街道。")
    page.get_by_role("button", name="保存批注").click()
    expect(page.locator("mark", has_text="城东片区")).to_be_visible()
    reviewer.shot("reviewing-1-item")


def pass_two_at_once(reviewer: Person) -> None:
    page = reviewer.open("/review")
    open_item(page, TITLES[1])
    page = reviewer.open("/review")
    for title in TITLES:
        page.get_by_label(f"选择《{title}》").check()
    reviewer.shot("reviewing-2-queue")
    page.get_by_role("button", name="通过所选").click()
    expect(page.get_by_text("通过 2 篇，没有通过 0 篇。")).to_be_visible()
    reviewer.shot("reviewing-3-result")


def the_form(reviewer: Person, post_id: str) -> None:
    page = reviewer.open(f"/posts/{post_id}")
    page.get_by_role("link", name="发布审批单").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("发布审批单")
    expect(page.locator("#approval-form")).to_contain_text("陈静")
    reviewer.shot("reviewing-4-form")
    with page.expect_download() as kept:
        page.get_by_role("link", name="导出 Word").click()
    assert kept.value.suggested_filename == f"发布审批单-{TITLES[0]}.docx"


def hand_in_as_an_emergency(author: Person, post_id: str) -> None:
    page = author.open(f"/posts/{post_id}")
    page.locator("#more > summary").click()
    author.shot("reviewing-7-more")
    page.get_by_role("link", name="紧急送审").click()
    page.get_by_label("为什么来不及逐级审核").fill("台风将至，须立即转移。")
    author.shot("reviewing-8-emergency")
    page.get_by_role("button", name="紧急送审").click()
    expect(page.locator(".stamps")).to_contain_text("终审")
    expect(page.get_by_text("紧急通道：台风将至，须立即转移。")).to_be_visible()
    author.shot("reviewing-9-submitted")


def chain_by_clicks(admin: Person) -> None:
    """Nothing is saved: the other journeys review by the default chain."""
    page = admin.open("/settings/review-chain")
    page.get_by_role("button", name="增加环节").click()
    names = page.get_by_label("环节名称")
    expect(names).to_have_count(4)
    names.nth(3).fill("签发")
    page.get_by_label("时限（小时）").nth(3).fill("8")
    page.get_by_role("button", name="第 4 环节上移").click()
    expect(names.nth(2)).to_have_value("签发")
    page.get_by_role("button", name="去掉第 1 环节").click()
    expect(names).to_have_count(3)
    expect(page.get_by_text("改动还没有保存")).to_be_visible()
    admin.shot("reviewing-5-chain")
    admin.open("/settings/deputies")
    expect(page.get_by_role("heading", level=1)).to_have_text("代理人")
    admin.shot("reviewing-6-deputies")
