"""Words that a pack knows better: put right by one click, explained with a reason, and what reviewers see of it."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import sign_in
from tests.journeys.stack import Stack
from tests.journeys.test_composer import author, body


def test_put_right_by_a_click_explained_and_seen_by_the_reviewer(stack: Stack, browser: Browser) -> None:
    admin = sign_in(browser, stack.web, "admin@demo.tandem", PASSWORD)
    page = admin.open("/settings/packs")
    page.get_by_label("名称").fill("地名与用语")
    page.get_by_role("button", name="建立词库").click()
    page.get_by_label("错误用法").fill("青兰市")
    page.get_by_label("正确或建议").fill("青岚市")
    page.get_by_role("button", name="新增", exact=True).click()
    expect(page.locator(".note-ok")).to_contain_text("已新增“青兰市”")
    admin.shot("word-pack")
    admin.open("/settings/packs")
    admin.shot("word-packs")
    assert admin.complaints == []

    writer = author(browser, stack)
    page = writer.open("/posts/new")
    page.get_by_label("标题", exact=True).fill("其它道路通行提示")
    page.get_by_role("checkbox", name=re.compile(r"微博.*青岚发布")).check()
    body(page).fill("😱截止目前，青兰市畅通。其它路段请绕行。")
    problems = page.locator("#problems")
    fixes = problems.locator(".problem-fix")
    expect(fixes).to_have_count(4)
    expect(page.locator("#editor .found")).to_have_text(["截止目前", "青兰市", "其它"])
    problems.get_by_role("button", name="改为“截至目前”").click()
    expect(body(page)).to_have_text("😱截至目前，青兰市畅通。其它路段请绕行。")
    problems.get_by_role("button", name="改为“青岚市”").click()
    expect(body(page)).to_have_text("😱截至目前，青岚市畅通。其它路段请绕行。")
    expect(fixes).to_have_count(2)
    fixes.first.click()
    expect(page.locator("#title")).to_have_value("其他道路通行提示")
    expect(fixes).to_have_count(1)
    expect(page.locator("#saved")).to_contain_text("已保存")
    writer.shot("wording-found")
    problems.get_by_role("button", name="说明理由").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("理由").fill("引用文件原文")
    dialog.get_by_role("button", name="保留并说明").click()
    expect(problems).to_contain_text("理由：引用文件原文（王敏")
    expect(page.locator("#editor .found")).to_have_count(0)
    writer.shot("wording-explained")
    problems.get_by_role("button", name="撤回说明").click()
    expect(page.locator("#editor .found")).to_have_text(["其它"])
    problems.get_by_role("button", name="说明理由").click()
    dialog.get_by_label("理由").fill("引用文件原文")
    dialog.get_by_role("button", name="保留并说明").click()
    expect(problems).to_contain_text("理由：引用文件原文")
    page.get_by_role("button", name="提交审核").click()
    expect(page.locator(".page-head")).to_contain_text("审核中")
    assert writer.complaints == []

    reviewer = sign_in(browser, stack.web, "reviewer1@demo.tandem", PASSWORD)
    page = reviewer.open("/review")
    page.get_by_role("link", name=re.compile("其他道路通行提示")).first.click()
    expect(page.locator(".problems")).to_contain_text("已说明：引用文件原文（王敏）")
    reviewer.shot("wording-reviewed")
    assert reviewer.complaints == []
