"""From a photograph to a post: uploaded, described, cut by keyboard, picked in the composer, found where it is used."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

from app.system.demo.city import PASSWORD
from tests.app.media.test_library import picture
from tests.journeys.browser import Person, sign_in
from tests.journeys.stack import Stack


def upload(page: Page, name: str, content: bytes) -> None:
    page.get_by_label("选择图片或附件").set_input_files([{"name": name, "mimeType": "image/jpeg", "buffer": content}])
    page.get_by_label(re.compile("放入文件夹")).fill("活动／2026")
    page.get_by_role("button", name="上传", exact=True).click()


def cover_is_cropped(person: Person) -> None:
    """By keyboard, in the account's tab; it is kept, and given back to the automatic one."""
    page = person.page
    page.get_by_role("checkbox", name=re.compile(r"微信.*青岚发布")).check()
    tab = page.get_by_role("tab", name=re.compile("青岚发布"))
    tab.click()
    part = page.locator("[data-part=cover]:visible")
    large = part.get_by_label("大图（2.35:1），首条显示")
    expect(part.get_by_label("小图（1:1），转发和次条显示")).to_be_disabled()
    expect(large).to_have_value("50")
    large.press("End")
    # The row itself is not drawn anew under the hands of who is sliding.
    expect(tab).to_contain_text("✎")
    page.reload()
    tab.click()
    expect(part).to_contain_text("已手工设定")
    expect(large).to_have_value("100")
    person.shot("cover-cropped")
    expect(part.locator("img").first).to_have_css("object-position", "50% 100%")
    part.get_by_role("button", name="恢复自动").click()
    expect(large).to_have_value("50")


def test_a_picture_from_upload_to_post(stack: Stack, browser: Browser) -> None:
    person = sign_in(browser, stack.web, "author@demo.tandem", PASSWORD)
    photo = picture("JPEG", (1200, 800), "teal", comment=b"where it was taken")
    page = person.open("/library")
    upload(page, "堤坝.jpg", photo)
    card = page.get_by_role("article", name="堤坝.jpg")
    expect(card).to_contain_text("缺替代文字")
    expect(card).to_contain_text("活动/2026")
    upload(page, "又一次.jpg", photo)
    told = page.locator("[data-upload-list]")
    expect(told).to_contain_text("已有相同文件“堤坝.jpg”（文件夹“活动/2026”），没有重复保存。")
    person.shot("library")
    told.get_by_role("link", name="查看").click()
    expect(page.get_by_role("link", name="下载原件（会记入操作记录）")).to_be_visible()
    page.get_by_label("标签").fill("防汛、抢险")
    page.get_by_label("标题").fill("堤坝抢险")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("堤坝抢险")
    person.shot("library-item")

    page.get_by_role("link", name="裁剪、缩小、压缩").click()
    page.get_by_role("button", name="1:1 微信小图").click()
    expect(page.get_by_label("左（像素）")).to_have_value("200")
    frame = page.get_by_role("group", name=re.compile("裁剪框"))
    frame.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("左（像素）")).to_have_value("212")
    page.keyboard.press("Control+ArrowLeft")
    expect(page.get_by_label("左（像素）")).to_have_value("211")
    page.get_by_role("button", name=re.compile("^右下角")).press("ArrowLeft")
    expect(page.get_by_label("宽（像素）", exact=True)).to_have_value("788")
    expect(page.get_by_label("高（像素）", exact=True)).to_have_value("788")
    person.shot("library-cut")
    page.get_by_label("缩小到宽（像素）").fill("400")
    page.get_by_role("button", name="另存为新素材").click()
    expect(page.get_by_text("400×400")).to_be_visible()
    expect(page.locator(".library-facts").get_by_role("link", name="堤坝抢险")).to_be_visible()
    made = page.url

    page = person.open("/posts/new")
    page.get_by_label("标题", exact=True).fill("防汛抢险现场")
    page.get_by_role("button", name="从素材库选图片").click()
    picker = page.get_by_role("dialog", name="从素材库选")
    picker.get_by_role("searchbox").fill("抢")
    expect(picker.get_by_role("listitem")).to_have_count(2)
    person.shot("library-picker")
    picker.get_by_role("listitem").first.get_by_role("button").click()
    picker.get_by_label(re.compile("^替代文字")).fill("解放军战士在堤坝上装填沙袋")
    picker.get_by_role("button", name="保存并插入").click()
    expect(picker).to_be_hidden()
    expect(page.locator("#editor img[src]")).to_have_attribute("alt", "解放军战士在堤坝上装填沙袋")
    expect(page.locator("#editor img[src]")).to_have_attribute("src", re.compile("^/media/[0-9a-f]{64}$"))
    page.get_by_role("button", name="从素材库选封面").click()
    picker.get_by_role("listitem").first.get_by_role("button").click()
    expect(page.locator("#cover img")).to_be_visible()
    page.locator("#editor [role=textbox]").press("End")
    page.keyboard.type("堤坝上的人们。")
    expect(page.locator("#saved")).to_contain_text("已保存")

    cover_is_cropped(person)
    page.goto(made)
    expect(page.locator("#uses")).to_contain_text("防汛抢险现场")
    expect(page.get_by_label("替代文字")).to_have_value("解放军战士在堤坝上装填沙袋")
    expect(page.get_by_role("button", name="删除素材")).to_have_count(0)

    page.goto(f"{stack.web}/library?q=堤坝")
    boxes = page.get_by_role("checkbox", name=re.compile("^选中“"))
    expect(boxes).to_have_count(2)
    boxes.first.press("Space")
    expect(page.locator("[data-chosen]")).to_have_text("已选 1 个")
    page.get_by_label("全选本页").check()
    boxes.last.press("Enter")
    expect(page.get_by_label("移到哪个文件夹")).to_be_focused()
    page.keyboard.type("防汛/现场")
    person.shot("library-many")
    page.keyboard.press("Enter")
    told = page.locator("#batch")
    expect(told).to_contain_text("2 个素材已移到“防汛/现场”。")
    told.get_by_role("button", name="撤销").click()
    expect(told).to_contain_text("已撤销，2 个素材恢复原样。")
    page.get_by_label("全选本页").check()
    page.get_by_role("button", name="删除", exact=True).click()
    expect(told).to_contain_text("没有动")
    expect(told).to_contain_text("《防汛抢险现场》")
    person.shot("library-many-told")
    assert person.complaints == []
