"""A post with a table and a captioned picture is written, exported to Word, packed and imported again."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from app.system.demo.city import PASSWORD
from tests.app.posts.helpers import SAMPLES, png
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack
from tests.journeys.test_composer import body
from tests.patience import wait_for


def tool(page: Page, name: str) -> None:
    page.locator(f"[data-tool={name}]").click()


def write(page: Page) -> None:
    """Words, a link, a table with merged cells, a picture with its caption."""
    page.get_by_label("标题", exact=True).fill("停水通知")
    page.get_by_role("checkbox", name=re.compile(r"微信.*青岚发布")).check()
    body(page).click()
    page.keyboard.type("今晚停水。")
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="链接")
    dialog.get_by_label("地址").fill("不是地址 x")
    dialog.get_by_label("显示的文字").fill("详见官网")
    dialog.get_by_role("button", name="确定").click()
    expect(dialog.get_by_role("alert")).to_contain_text("不是完整的地址")
    dialog.get_by_label("地址").fill("www.qinglan.gov.cn")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(body(page).locator("a")).to_have_attribute("href", "https://www.qinglan.gov.cn")
    expect(body(page).locator("a")).to_have_text("详见官网")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("[data-tool=merge]")).to_be_hidden()
    tool(page, "table")
    page.keyboard.type("区域")
    page.keyboard.press("Tab")
    page.keyboard.type("时段")
    tool(page, "merge")
    expect(body(page).locator("th[colspan='2']")).to_have_text("时段")
    tool(page, "rowAfter")
    expect(body(page).locator("tr")).to_have_count(4)
    body(page).locator("td").last.click()
    tool(page, "rowDelete")
    expect(body(page).locator("tr")).to_have_count(3)
    tool(page, "tableCaption")
    dialog = page.get_by_role("dialog", name="表题")
    dialog.get_by_label("表格上方的一行字").fill("表1 停水区域和手机13800138000")
    page.keyboard.press("Enter")
    expect(body(page).locator("caption")).to_have_text("表1 停水区域和手机13800138000")
    # A number there is found as in the text; the place is the table.
    expect(page.locator("#problems")).to_contain_text("手机号")
    expect(body(page).locator(".found-caption")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^改为")).first.click()
    expect(body(page).locator("caption")).to_have_text("表1 停水区域和手机138****8000")
    body(page).locator("caption").dblclick()
    dialog.get_by_label("表格上方的一行字").fill("表1 停水区域")
    page.keyboard.press("Enter")
    expect(page.locator("#problems")).not_to_contain_text("手机号")
    body(page).locator("p", has_text="今晚停水").click()
    page.keyboard.press("Home")
    picture = {"name": "大屏.png", "mimeType": "image/png", "buffer": png()}
    page.locator("#image-file").set_input_files(picture)
    page.locator("#problems").get_by_text("第 1 张图片没有替代文字").click()
    expect(body(page).locator("img.ProseMirror-selectednode")).to_have_count(1)
    led_back_from_the_emergency_page(page)
    tool(page, "picture")
    dialog = page.get_by_role("dialog", name="图片说明")
    dialog.get_by_label("替代文字").fill("供水调度大屏")
    dialog.get_by_label("图注").fill("供水调度中心")
    dialog.get_by_label("图注").press("Enter")
    expect(body(page).locator("figcaption")).to_have_text("供水调度中心")


# Whether the middle of the picture, and of its tool, is what a finger would touch there.
IN_SIGHT = """() => ["#editor img.ProseMirror-selectednode", "[data-tool=picture]"].map((name) => {
  const part = document.querySelector(name), box = part.getBoundingClientRect();
  return part.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
})"""


def led_back_from_the_emergency_page(page: Page) -> None:
    """It does not let the picture pass either, and its list leads to the picture."""
    expect(page.locator("#saved")).to_contain_text("已保存")
    page.goto(f"{page.url}/emergency")
    page.get_by_label("为什么来不及逐级审核").fill("今晚停水")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="紧急送审").click()
    page.get_by_role("link", name=re.compile("第 1 张图片没有替代文字")).click()
    expect(body(page).locator("img.ProseMirror-selectednode")).to_have_count(1)
    # A refusal on a phone hides neither the picture nor the tool that describes it.
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="提交审核").click()
    expect(page.locator("#composer-messages .note-error")).to_be_in_viewport()
    wait_for("the picture in the middle", lambda: page.evaluate(IN_SIGHT) == [True, True])
    page.set_viewport_size({"width": 1440, "height": 900})


def looks_as_written(page: Page) -> None:
    expect(body(page).locator("figcaption")).to_have_text("供水调度中心")
    expect(body(page).locator("figure img")).to_have_attribute("alt", "供水调度大屏")
    expect(body(page).locator("[colspan='2']")).to_have_text("时段")
    expect(body(page).locator("caption")).to_have_text("表1 停水区域")
    expect(body(page).locator("a")).to_have_attribute("href", "https://www.qinglan.gov.cn")


def paste(page: Page, html: str) -> None:
    """As the clipboard hands over what was copied in another program."""
    body(page).evaluate(
        """(node, html) => {
            const data = new DataTransfer();
            data.setData("text/html", html);
            node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        html,
    )


def paste_from_word(person: Person) -> None:
    """Headings, merged cells and links stay, what cannot be published is told; what is saved looks the same."""
    page = person.open("/posts/new")
    page.get_by_label("标题", exact=True).fill("马拉松赛交通管制")
    page.get_by_role("checkbox", name=re.compile(r"微信.*青岚发布")).check()
    body(page).click()
    paste(page, '<p style="text-align:center">关于马拉松赛的通告</p><p>各位市民：</p>')
    expect(body(page).locator("p").first).to_have_attribute("style", "text-align: center;")
    expect(body(page).locator("p")).to_have_count(2)
    page.keyboard.type("如下。")
    expect(body(page).locator("p").last).to_have_text("各位市民：如下。")
    page.keyboard.press("Enter")
    paste(page, (SAMPLES / "traffic-control-from-word.html").read_text(encoding="utf-8"))
    expect(page.locator("#toasts")).to_contain_text("脚本 1 处")
    expect(page.locator("#toasts")).to_contain_text("Word")
    for shown in (body(page), page.frame_locator("#previews iframe").first.locator("body")):
        expect(shown.locator("td[rowspan='2']")).to_have_text("滨江大道")
        expect(shown).to_contain_text("往届赛事回顾")
    expect(body(page).locator("h2")).to_have_text(["一、管制时间", "二、管制路段", "三、其他事项"])
    expect(body(page).locator("tr")).to_have_count(4)
    assert "font-family" not in body(page).inner_html()
    expect(page.locator("#saved")).to_contain_text("已保存")
    person.shot("documents-pasted")
    page.reload()
    expect(body(page).locator("td[rowspan='2']")).to_have_text("滨江大道")


def test_a_post_goes_out_as_a_document_and_comes_back(stack: Stack, browser: Browser) -> None:
    person = sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)
    page = person.open("/posts/new")
    write(page)
    looks_as_written(page)
    expect(page.locator("#saved")).to_contain_text("已保存")
    expect(page.frame_locator("#previews iframe").first.locator("body")).to_contain_text("供水调度中心")
    body(page).locator("figure img").click()
    tool(page, "picture")
    dialog = page.get_by_role("dialog", name="图片说明")
    dialog.get_by_label("这是地图").check()
    person.shot("documents-picture")
    dialog.get_by_role("button", name="确定").click()
    expect(page.locator("#problems")).to_contain_text("配图“供水调度大屏”标为地图")
    expect(page.locator("#problems")).not_to_contain_text("替代文字")
    looks_as_written(page)
    body(page).locator("th").first.click()
    person.shot("documents-editor")
    page.get_by_label("更多").click()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="导出 Word").click()
    document = Path(downloading.value.path()).read_bytes()
    assert downloading.value.suggested_filename == "停水通知.docx"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("停水通知.docx", document)
    page = person.open("/posts/new")
    page.locator("#import-file").set_input_files(
        {"name": "停水通知.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    )
    expect(page.locator("#composer-messages")).to_contain_text("已导入")
    looks_as_written(page)
    expect(page.get_by_label("标题", exact=True)).to_have_value("停水通知")
    page.get_by_label("更多").click()
    page.get_by_role("button", name="从本单位网页导入").click()
    dialog = page.get_by_role("dialog", name="从本单位网页导入")
    dialog.get_by_label("文章页面的网址").fill("http://169.254.169.254/latest/")
    dialog.get_by_role("button", name="导入").click()
    expect(dialog.get_by_role("alert")).to_contain_text("没有导入")
    person.shot("documents-page")
    page.keyboard.press("Escape")
    paste_from_word(person)
    assert [line for line in person.complaints if "422" not in line] == []
