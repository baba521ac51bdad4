"""Two people at one post, an earlier state brought back, and a template whose fixed part cannot be changed."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from app.system.demo.city import PASSWORD
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack
from tests.journeys.test_composer import author, body
from tests.journeys.test_documents import paste

OTHER = "zhangsan@demo.tandem"


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_contain_text("已保存")


def paragraph(page: Page, text: str, replacement: str) -> None:
    """Rewrite the paragraph that begins so."""
    page.locator("#editor p", has_text=text).click(click_count=3)
    page.keyboard.type(replacement)


def test_two_people_at_one_post(stack: Stack, browser: Browser) -> None:
    """Both are told of the other; what each changed alone is merged, the title is decided; and the first state returns."""
    stack.asked(
        "users", "create", "--email", OTHER, "--name", "张三", "--unit", "青岚市人民政府办公室", "--role", "author",
        given=f"{PASSWORD}\n",
    )  # fmt: skip
    first = author(browser, stack)
    mine = first.open("/posts/new")
    mine.get_by_label("标题", exact=True).fill("供水通知")
    mine.get_by_role("checkbox", name=re.compile(r"微博.*青岚发布")).check()
    body(mine).click()
    mine.keyboard.insert_text("今晚八点起停水。")
    mine.keyboard.press("Enter")
    mine.keyboard.insert_text("请提前做好储水。")
    saved(mine)
    mine.wait_for_url(re.compile(r"/posts/[0-9a-f]{24}$"))
    path = mine.url.removeprefix(stack.web)
    expect(mine.get_by_role("link", name="历史版本")).to_have_attribute("href", f"{path}/history")

    second = sign_in(browser, stack.web, OTHER, PASSWORD)
    theirs = second.open(path)
    expect(theirs.locator("#present")).to_contain_text("王敏 正在编辑")
    theirs.get_by_label("标题", exact=True).fill("城东供水通知")
    paragraph(theirs, "今晚八点", "今晚九点起停水。")
    saved(theirs)

    mine.get_by_label("标题", exact=True).fill("紧急供水通知")
    paragraph(mine, "请提前", "请提前储水，注意安全。")
    dialog = mine.locator("#conflict")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("张三 在 今天")
    expect(dialog.locator("#conflict-open fieldset")).to_have_count(1)
    expect(dialog.locator("#conflict-sure-note")).to_contain_text("2 处只有一人改过")
    dialog.locator("#conflict-sure-note").click()
    first.shot("conflict")
    dialog.get_by_role("button", name="稍后处理").click()
    mine.reload()
    mine.get_by_role("button", name="比较并处理").click()
    dialog.locator("#conflict-open").get_by_label("用对方的").check()
    dialog.get_by_role("button", name="按所选合并并保存").click()
    saved(mine)
    mine.reload()
    expect(mine.get_by_label("标题", exact=True)).to_have_value("城东供水通知")
    assert body(mine).inner_text().split("\n\n") == ["今晚九点起停水。", "请提前储水，注意安全。"]
    expect(mine.get_by_role("button", name="比较并处理")).to_have_count(0)
    expect(theirs.locator("#present")).to_be_visible()
    second.page.context.close()

    mine.get_by_role("link", name="历史版本").click()
    expect(mine.locator("#difference")).to_contain_text("请提前")
    expect(mine.locator("#difference ins").first).to_be_visible()
    first.shot("history")
    mine.get_by_role("radio", name="以历史版本 1 为旧").check()
    mine.get_by_role("button", name="比较选中的两个").click()
    expect(mine.locator("#difference .diff-block")).to_have_count(2)
    mine.get_by_role("link", name=re.compile("^1 ·")).click()
    expect(mine.get_by_role("heading", level=1)).to_have_text("历史版本 1")
    first.shot("state")
    mine.get_by_role("button", name="恢复历史版本 1").click()
    expect(mine.get_by_label("标题", exact=True)).to_have_value("供水通知")
    assert body(mine).inner_text().split("\n\n") == ["今晚八点起停水。", "请提前做好储水。"]
    one_account_returns(first)
    complaints = [note for person in (first, second) for note in person.complaints if "409" not in note]
    assert complaints == []


def one_account_returns(person: Person) -> None:
    """What Weibo had before it was written by hand comes back alone; the title that changed with it stays."""
    page = person.page
    page.get_by_label("标题", exact=True).fill("供水恢复通知")
    saved(page)
    tab, part = page.get_by_role("tab", name=re.compile("青岚发布")), page.locator("[data-part=text]:visible")
    tab.click()
    part.locator("textarea").fill("供水已恢复。")
    part.locator("textarea").blur()
    expect(part).to_contain_text("已手工设定")
    page.get_by_role("link", name="历史版本").click()
    person.shot("history-account")
    page.get_by_role("button", name=re.compile("^只恢复“.*青岚发布”在历史版本")).click()
    expect(page.get_by_label("标题", exact=True)).to_have_value("供水恢复通知")
    tab.click()
    expect(part).not_to_contain_text("已手工设定")


def test_a_template_with_a_fixed_part(stack: Stack, browser: Browser) -> None:
    """The administrator copies a shipped one and fixes one more part; the author fills it in and cannot change what is fixed."""
    keeper = sign_in(browser, stack.web, "admin@demo.tandem", PASSWORD)
    page = keeper.open("/posts/templates")
    keeper.shot("templates")
    page.get_by_role("region", name="停水停电").get_by_role("link", name="复制后修改").click()
    page.get_by_label("模板名称").fill("城区停水")
    page.locator("#editor p", has_text="请提前做好储备").click()
    page.get_by_role("button", name=re.compile("固定这一段")).click()
    expect(page.locator("#editor .locked-part")).to_have_count(3)
    fix_a_captioned_picture(keeper)
    keeper.shot("template-edit")
    page.get_by_role("button", name="保存模板").click()
    expect(page.get_by_role("region", name="城区停水")).to_contain_text("4 段固定")
    page.get_by_role("region", name="城区停水").get_by_role("link", name="修改").click()
    expect(page.locator("#editor figure.locked-part figcaption")).to_have_text("停水范围图")

    person = author(browser, stack)
    page = person.open("/posts")
    page.get_by_role("link", name="从模板写").click()
    page.get_by_role("region", name="城区停水").get_by_role("link", name="用它写").click()
    page.get_by_role("button", name="生成草稿").click()
    expect(page.locator(".invalid-feedback").first).to_contain_text("必填")
    page.get_by_label("停供").select_option("停水")
    for label, value in {
        "原因": "管道检修",
        "范围摘要": "城东",
        "详细范围": "新民小区",
        "负责单位": "供水公司",
        "服务电话": "12345",
    }.items():
        page.get_by_label(label, exact=True).fill(value)
    for label in ("开始时间", "结束时间"):
        page.get_by_label(label, exact=True).fill("2030-07-12T22:00")
    person.shot("template-form")
    page.get_by_role("button", name="生成草稿").click()
    expect(page.get_by_label("标题", exact=True)).to_have_value("停水通知：城东")
    fixed_part_stays(person)


def fix_a_captioned_picture(keeper: Person) -> None:
    """It alone, not what follows it."""
    page = keeper.page
    page.locator("#editor p", has_text="请提前做好储备").click()
    page.keyboard.press("Home")
    (shown, *_others) = re.findall(r"[0-9a-f]{64}", keeper.page.request.get(f"{keeper.base}/library/choices").text())
    # As copied within the editor.
    paste(page, f'<p data-pm-slice="1 1 []"><img src="/media/{shown}"></p>')
    page.locator("#editor img[src]").dblclick()
    dialog = page.get_by_role("dialog", name="图片说明")
    dialog.get_by_label("替代文字").fill("城东停水范围")
    dialog.get_by_label("图注").fill("停水范围图")
    dialog.get_by_label("图注").press("Enter")
    figure = page.locator("#editor figure")
    expect(figure).to_have_class("locked-part")
    figure.locator("img").click()
    page.get_by_role("button", name=re.compile("固定这一段")).click()
    expect(figure).not_to_have_class("locked-part")
    expect(page.locator("#editor .locked-part")).to_have_count(3)
    page.get_by_role("button", name=re.compile("固定这一段")).click()
    expect(page.locator("#editor .locked-part")).to_have_count(4)


def fixed_part_stays(person: Person) -> None:
    """Neither typing into it, nor deleting all, nor joining it from the next paragraph changes it; others are free."""
    page = person.page
    fixed = page.locator("#editor .locked-part")
    expect(fixed).to_have_count(4)
    words = fixed.all_inner_texts()
    page.locator("#editor figure img").dblclick()
    dialog = page.get_by_role("dialog", name="图片说明")
    expect(dialog).to_contain_text("由模板固定，只能看")
    expect(dialog.get_by_label("替代文字")).to_have_value("城东停水范围")
    expect(dialog.get_by_label("替代文字")).not_to_be_editable()
    expect(dialog.get_by_label("图注")).not_to_be_editable()
    expect(dialog.get_by_role("button", name="确定")).to_have_count(0)
    dialog.get_by_role("button", name="取消").click()
    fixed.first.click()
    page.keyboard.type("改")
    body(page).press("Control+a")
    page.keyboard.press("Delete")
    expect(page.locator("#toasts")).to_contain_text("这一段由模板固定")
    assert fixed.all_inner_texts() == words
    paragraph(page, "新民小区", "新民小区、滨河小区。")
    saved(page)
    assert fixed.all_inner_texts() == words
    assert "滨河小区" in body(page).inner_text()
    expect(page.locator("#problems [data-rule^=template]")).to_have_count(0)
    person.shot("template-post")
    assert [note for note in person.complaints if "422" not in note] == []
