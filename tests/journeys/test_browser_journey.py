"""The main job on screen: from a Word document to the answered citizen, by an author, three reviewers and a responder."""

from __future__ import annotations

import re
from pathlib import Path

import requests
from playwright.sync_api import Browser, Page, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, newcomer, sign_in
from tests.journeys.stack import Stack
from tests.patience import wait_for

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
TITLE = "住房租赁新政，一次讲清"
WECHAT = "gh_0a1b2c3d4e01"


def person(browser: Browser, stack: Stack, name: str) -> Person:
    return sign_in(browser, stack.web, f"{name}@demo.tandem", PASSWORD)


def test_from_a_word_document_to_the_answered_citizen(stack: Stack, browser: Browser) -> None:
    author = person(browser, stack, "author")
    path = write(author)
    for number, name in enumerate(("reviewer1", "reviewer2", "reviewer3"), 1):
        reviewer = person(browser, stack, name)
        approve(reviewer, number)
        assert reviewer.complaints == []
    publish(author, path)
    citizen_comments(browser, stack)
    citizen_writes(browser, stack)
    responder = person(browser, stack, "responder")
    answer(responder, "押金到底什么时候退？", "合同终止后十个工作日内退还，逾期可拨打住建热线。", "comment")
    answer(responder, "加装电梯在哪里申请？", "由社区居委会受理，也可在政务服务网预约。", "message")
    # The refusal of the picture without words is one, and the browser notes it.
    assert [note for note in author.complaints if "422" not in note] == responder.complaints == []
    citizen_reads(browser, stack)
    kinds = [item["kind"] for item in accepted(stack, WECHAT) if item.get("title") == TITLE or item["kind"] != "mass"]
    assert kinds.count("mass") == 1
    assert kinds.count("comment_reply") == 1
    assert kinds.count("custom_message") == 1


def accepted(stack: Stack, external_id: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = requests.get(
        f"{stack.simulator}/_sim/accepted", params={"external_id": external_id}, timeout=10
    ).json()["items"]
    return found


def write(author: Person) -> str:
    """Import the Word sample, choose one account on each platform, submit; the post's path."""
    page = author.open("/posts/new")
    page.get_by_label(re.compile("导入文稿")).set_input_files(SAMPLES / "policy-interpretation.docx")
    expect(page.locator("#editor")).to_contain_text("租")
    page.get_by_label("标题", exact=True).fill(TITLE)
    page.get_by_role("checkbox", name=re.compile(r"微博.*青岚发布")).check()
    page.get_by_role("checkbox", name=re.compile(r"微信.*青岚发布")).check()
    page.get_by_label("上传封面").set_input_files(SAMPLES / "images" / "cover-rain.jpg")
    expect(page.locator("#saved")).to_contain_text("已保存")
    expect(page.locator("#previews")).to_contain_text(TITLE)
    # Nothing is handed in before the picture is described; the button leads to it.
    page.get_by_role("button", name="提交审核").click()
    expect(page.locator("#composer-messages")).to_contain_text("第 1 张图片没有替代文字")
    page.locator("#problems").get_by_text("第 1 张图片没有替代文字").click()
    page.locator("[data-tool=picture]").click()
    words = page.get_by_role("dialog", name="图片说明").get_by_label("替代文字")
    words.fill("一图读懂住房租赁办法")
    words.press("Enter")
    expect(page.locator("#problems")).not_to_contain_text("替代文字")
    expect(page.locator("#saved")).to_contain_text("已保存")
    author.shot("1-composer")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("审核中").first).to_be_visible()
    author.shot("2-submitted")
    return page.url.removeprefix(author.base)


def approve(reviewer: Person, number: int) -> None:
    page = reviewer.open("/review")
    page.get_by_role("link", name=re.compile(TITLE)).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    page.get_by_label(re.compile("审意见")).fill("已核对，同意。")
    if number == 1:
        reviewer.shot("3-review")
    secrecy = page.get_by_label(re.compile("已做保密审查"))
    # The last of the three stages alone has the box.
    expect(secrecy).to_have_count(1 if number == 3 else 0)
    if number == 3:
        secrecy.check()
    page.get_by_role("button", name=re.compile("通过")).click()
    expect(page.get_by_text(re.compile("已记录您的意见|已全部通过，可以")).first).to_be_visible()


def publish(author: Person, path: str) -> None:
    """Publish now and watch the panel, without reloading, until both are out and the skew is told."""
    page = author.open(path)
    page.get_by_role("button", name="立即发布").click()
    expect(page.get_by_text("相差").first).to_be_visible()
    expect(page.get_by_text("过程与凭据")).to_have_count(2)
    author.shot("4-published")


def public_page(browser: Browser, stack: Stack) -> Page:
    return newcomer(browser, stack.simulator).open("/")


def citizen_comments(browser: Browser, stack: Stack) -> None:
    page = public_page(browser, stack)
    expect(page.get_by_text(f"【{TITLE}】").first).to_be_visible()
    page.get_by_role("link", name=re.compile(TITLE)).first.click()
    page.get_by_label("我是").fill("市民小周")
    page.get_by_label("留言").fill("押金到底什么时候退？")
    page.get_by_role("button", name="写留言").click()
    expect(page.get_by_text("押金到底什么时候退？").first).to_be_visible()


def citizen_writes(browser: Browser, stack: Stack) -> None:
    page = public_page(browser, stack)
    block = page.locator("article", has_text=WECHAT).last
    block.get_by_label("我是").fill("市民小周")
    block.get_by_label("内容").fill("加装电梯在哪里申请？")
    block.get_by_role("button", name="发送").click()


def answer(responder: Person, question: str, words: str, shot: str) -> None:
    page = responder.page

    def seen() -> bool:
        responder.open("/inbox?tab=all")
        return page.get_by_text(question).count() > 0

    wait_for(f"{question!r} in the inbox", seen)
    page.get_by_text(question).first.click()
    page.get_by_label("回复内容").fill(words)
    responder.shot(f"5-inbox-{shot}")
    page.get_by_role("button", name=re.compile("^发送")).click()

    def sent() -> bool:
        return page.locator(".message-out", has_text=words).get_by_text("已发送").count() > 0

    wait_for("the answer to be sent", sent)
    responder.shot(f"6-answered-{shot}")
    page.get_by_role("button", name="办结").first.click()


def citizen_reads(browser: Browser, stack: Stack) -> None:
    page = public_page(browser, stack)
    page.get_by_role("link", name=re.compile(TITLE)).first.click()
    expect(page.get_by_text("逾期可拨打住建热线")).to_be_visible()
    page = public_page(browser, stack)
    page.get_by_role("link", name="市民小周").first.click()
    expect(page.get_by_text("由社区居委会受理")).to_be_visible()


def test_the_first_page_tells_what_waits_and_who_sleeps(stack: Stack, browser: Browser) -> None:
    publisher = person(browser, stack, "publisher")
    page = publisher.page
    expect(page.get_by_text("待核实").first).to_be_visible()
    for words in ("等我处理", "今日发布", "账号健康", "云溪区发布"):
        expect(page.get_by_text(words).first).to_be_visible()
    wait_for("the dormant account", lambda: page.reload() and page.get_by_text(re.compile("9[56] 天")).count() > 0)
    publisher.shot("7-workbench")
    assert publisher.complaints == []


def test_english_is_offered_before_signing_in(stack: Stack, browser: Browser) -> None:
    visitor = newcomer(browser, stack.web)
    page = visitor.open("/sign-in")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.get_by_text("非涉密系统，严禁处理国家秘密").first).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def test_the_author_is_shown_what_came_back_and_what_is_missing(stack: Stack, browser: Browser) -> None:
    author = person(browser, stack, "author")
    page = author.page
    expect(page.get_by_role("link", name="去修改").first).to_be_visible()
    expect(page.get_by_text("青岚马拉松志愿者招募").first).to_be_visible()
    author.open("/posts/new")
    page.get_by_label("标题", exact=True).fill("没有选账号的稿件")
    page.locator("#editor [contenteditable]").fill("正文。")
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_text("没有选择发布账号").first).to_be_visible()
