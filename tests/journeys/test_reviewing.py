"""Review on screen: a chain set stage by stage, a passage commented on, two posts passed at once, the approval form; what was
returned is changed and passed; an emergency goes out first and is reviewed afterwards, too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import requests
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from app import create_app
from app.config import load
from app.db import atomic, db, utcnow
from app.inspection.services import evaluate_late_reviews
from app.review.models import Review
from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack

TITLES = ("周四上午停水安排", "周五上午停水安排")
RETURNED, EMERGENCY = "周六上午停水安排", "台风红色预警"


def post_by_api(stack: Stack, author: str, title: str, *, hand_in: bool = True, platform: str = "wechat") -> str:
    """The id of a new post."""
    headers = {"Authorization": f"Bearer {author}"}

    def ask(method: str, path: str, **given: Any) -> Any:
        answer = requests.request(method, f"{stack.web}/api/v1{path}", headers=headers, timeout=30, **given)
        assert answer.ok, answer.text
        return answer.json()

    account = next(one for one in ask("GET", "/accounts")["items"] if one["platform"] == platform)
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
    author = sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)
    returned_and_handed_in_again(author, reviewer, post_by_api(stack, token, RETURNED))
    draft = post_by_api(stack, token, EMERGENCY, hand_in=False, platform="weibo")
    hand_in_as_an_emergency(author, draft)
    passed_first_and_published(reviewer, author, draft)
    others = [sign_in(browser, stack.web, f"reviewer{n}@demo.tandem", PASSWORD) for n in (1, 3)]
    let_the_limit_pass(stack, draft)
    reviewed_afterwards_too_late(others, author, draft)
    assert [*author.complaints, *reviewer.complaints, *others[0].complaints, *others[1].complaints] == []
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
    page.locator("#comment").fill("一段还没有提交的意见。")
    page.get_by_role("button", name="保存批注").click()
    expect(page.locator("mark", has_text="城东片区")).to_be_visible()
    # What was being written for the decision is still there; also when a remark is refused.
    expect(page.locator("#comment")).to_have_value("一段还没有提交的意见。")
    page.get_by_label("批注哪一段").fill("没有这一段")
    page.get_by_label("批注", exact=True).fill("看看")
    page.get_by_role("button", name="保存批注").click()
    expect(page.locator("#quote-error")).to_be_visible()
    # The browser's own line about the refusal.
    assert "422" in reviewer.complaints.pop()
    expect(page.locator("#comment")).to_have_value("一段还没有提交的意见。")
    page.get_by_label("批注哪一段").fill("换一段")
    expect(page.locator("#quote-error")).to_have_count(0)
    page.locator("#comment").fill("")
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


def returned_and_handed_in_again(author: Person, reviewer: Person, post_id: str) -> None:
    """With a reason; the author changes a sentence; the same reviewer is shown what changed since, and passes it."""
    page = reviewer.open("/review")
    open_item(page, RETURNED)
    page.locator("#comment").fill("停水时间请写到几点。")
    page.locator("#return").click()
    expect(page.get_by_role("status").first).to_contain_text(f"《{RETURNED}》已退回拟稿人")

    page = author.open("/review?list=returned")
    expect(page.locator("#reviews")).to_contain_text("停水时间请写到几点。")
    page.get_by_role("link", name=RETURNED).click()
    expect(page.get_by_text("停水时间请写到几点。").first).to_be_visible()
    page.locator("#editor [contenteditable]").fill("城东片区八点至十二点停水，请提前储水。")
    expect(page.locator("#saved")).to_contain_text("已保存")
    author.shot("reviewing-10-returned")
    page.get_by_role("button", name="提交审核").click()
    expect(page.locator(".stamps")).to_contain_text("进行中")

    page = reviewer.open("/review")
    open_item(page, RETURNED)
    expect(page.locator("#earlier")).to_contain_text("上次退回：停水时间请写到几点。")
    expect(page.get_by_text("这是上次送审的版本，没有通过。")).to_be_visible()
    expect(page.locator(".change ins").first).to_contain_text("八点至十二点")
    expect(page.locator(".change del").first).to_be_visible()
    reviewer.shot("reviewing-11-changes")
    page.locator("#approve").click()
    expect(page.get_by_role("status").first).to_contain_text(f"《{RETURNED}》")
    author.open(f"/posts/{post_id}")
    expect(author.page.locator(".stamp.done")).to_contain_text("陈静")


def passed_first_and_published(reviewer: Person, author: Person, post_id: str) -> None:
    """The last stage comes first, with its secrecy check; then it may go out while the others are still to follow."""
    page = reviewer.open("/review")
    open_item(page, EMERGENCY)
    page.locator("#secrecy").check()
    page.locator("#approve").click()
    expect(page.get_by_role("status").first).to_contain_text(f"《{EMERGENCY}》")
    page = author.open(f"/posts/{post_id}")
    expect(page.get_by_text("已先行通过，其余环节补审最迟").first).to_be_visible()
    page.get_by_role("button", name="立即发布").click()
    expect(page.get_by_text("过程与凭据").first).to_be_visible()
    author.shot("reviewing-12-out-first")


def let_the_limit_pass(stack: Stack, post_id: str) -> None:
    """What only time would do, and the clock's look at it."""
    app = create_app(load(stack.environment()))
    with app.app_context():
        now = utcnow()
        with atomic():
            db.session.execute(
                update(Review).where(Review.post_id == post_id).values(after_due_at=now - timedelta(minutes=1))
            )
        evaluate_late_reviews(now)
        db.session.remove()
        db.engine.dispose()


def reviewed_afterwards_too_late(others: list[Person], author: Person, post_id: str) -> None:
    """Overdue is said in the queue, on the item and by the bell; reviewed at last, the form tells all of it."""
    first, second = others
    page = first.open("/review")
    row = page.locator("#reviews tr", has_text=EMERGENCY)
    expect(row).to_contain_text("事后补审")
    expect(row).to_contain_text("已逾期")
    first.shot("reviewing-13-overdue")
    open_item(page, EMERGENCY)
    expect(page.get_by_text("补审已逾期，请尽快办理。")).to_be_visible()
    first.shot("reviewing-14-overdue-item")
    page.locator("#approve").click()
    expect(page.get_by_role("status").first).to_contain_text(f"《{EMERGENCY}》")
    page = second.open("/notices")
    expect(page.get_by_text(f"紧急稿件没有按时补审：{EMERGENCY}")).to_be_visible()
    page.get_by_text(f"紧急稿件没有按时补审：{EMERGENCY}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(EMERGENCY)
    page.locator("#approve").click()
    expect(page.get_by_role("status").first).to_contain_text(f"《{EMERGENCY}》")
    page = author.open(f"/posts/{post_id}/approval-form")
    expect(page.locator("#approval-form")).to_contain_text("台风将至，须立即转移。")
    expect(page.locator("#approval-form")).to_contain_text("已发布")
    author.shot("reviewing-15-emergency-form")


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
