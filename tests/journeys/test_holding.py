"""The composer keeps what it is given: every look that a post may have, and every key typed into an account's version."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.journeys.browser import Person
from tests.journeys.stack import Stack
from tests.journeys.test_composer import author, body
from tests.journeys.test_documents import paste

# Each construct that app/posts/tags.py lets through, in the places where it may stand; {picture} is one of the library.
BODY = """
<h2>一、<strong>标题</strong><sup>①</sup></h2><h3 style="text-align:center">小标题</h3><h4>更小</h4>
<p>面积100m<sup>2</sup>，H<sub>2</sub>O，1.2×10<sup>4</sup>。<em><strong>斜粗</strong></em><u>下划</u><s>删</s></p>
<p style="text-align:center">居中</p><p style="text-align:right">右<br>两行</p><p style="text-align:justify">两端</p>
<p><code>a<sub>i</sub> <strong>粗</strong> <a href="https://www.gov.cn/?a=1&amp;b=2">链</a></code> <a href="mailto:a@b.cn">邮</a></p>
<p><a href="tel:12345"><strong>电</strong></a>　全角空格<sup><strong>2</strong></sup></p>
<ol start="3"><li>三<ol><li>内<sup>1</sup></li></ol></li><li><p>四</p><p>第二段</p></li></ol>
<ul><li>点<ul><li>细</li></ul></li></ul>
<blockquote><p>引<sup>2</sup></p><ul><li>引中</li></ul></blockquote>
<table><caption>表题</caption><thead><tr><td colspan="2">头</td></tr></thead><tfoot><tr><td>合</td><td>计</td></tr></tfoot>
<tbody><tr><td rowspan="2" style="text-align:right">左</td><th>右m<sup>2</sup></th></tr>
<tr><td><p>一</p><p>二</p><ul><li>格</li></ul></td></tr></tbody></table>
<pre>第一行 <strong>粗</strong><br>  第二行<sup>2</sup></pre><hr>
<p>图<img src="{picture}" alt="图" data-map="1"><strong>后</strong></p>
<figure><img src="{picture}" alt="大屏" data-decorative="1"><figcaption>图注<sup>2</sup></figcaption></figure>
<p>末段</p>
"""
ASK = """async ([method, path, given]) => {
  const token = document.querySelector("meta[name=csrf-token]").content;
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token };
  return (await fetch(path, { method, headers, body: JSON.stringify(given) })).json();
}"""
# How many rows the tools that are seen stand in.
ROWS = """() => new Set([...document.querySelectorAll("#tools button, #tools .tool-file")]
  .filter((part) => part.offsetParent).map((part) => Math.round(part.getBoundingClientRect().y))).size"""


def stored(page: Page) -> dict[str, Any]:
    page.reload()
    found: dict[str, Any] = json.loads(page.locator("#composer-data").inner_text())["post"]
    return found


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_contain_text(re.compile("^已保存"))


def made(person: Person, html: str) -> Page:
    """A post of that text for one account of each platform, opened."""
    page = person.open("/posts/new")
    chosen = (
        page.locator("#channels label", has_text="青岚发布")
        .locator("input")
        .evaluate_all("all => all.map(one => one.value)")
    )
    given = {"unit_id": page.locator("#unit").input_value(), "title": "往返", "body_html": html, "account_ids": chosen}
    return person.open(page.evaluate(ASK, ["POST", "/posts", given])["url"])


def test_what_stands_in_a_post_stays_as_it_is(stack: Stack, browser: Browser) -> None:
    person = author(browser, stack)
    person.open("/posts/new")
    (shown, *_others) = re.findall(r"[0-9a-f]{64}", person.page.request.get(f"{person.base}/library/choices").text())
    page = made(person, BODY.replace("{picture}", f"/media/{shown}"))
    before = stored(page)["body_html"]
    expect(page.locator("[data-topic=held]")).to_have_count(0)
    page.locator("#title").fill("往返测试")
    saved(page)
    after = stored(page)
    assert (after["title"], after["body_html"]) == ("往返测试", before)
    body(page).locator("p", has_text="末段").click()
    page.keyboard.press("End")
    page.keyboard.type("：10m")
    page.keyboard.press("Control+.")
    page.keyboard.type("2")
    expect(page.locator("[data-tool=sup]")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-tool=sub]").click()
    page.keyboard.type("n")
    page.keyboard.press("Control+,")
    page.keyboard.type("。")
    page.keyboard.press("Enter")
    paste(page, "<p class=MsoNormal><span style='mso-x:1'>1.2×10<sup>4</sup>吨，H<sub>2</sub>O</span></p>")
    saved(page)
    # Opened again, it is what the editor wrote: nothing of it is told to be lost, and all of it is there.
    after = stored(page)["body_html"]
    expect(page.locator("[data-topic=held]")).to_have_count(0)
    for kept in (
        "末段：10m<sup>2</sup><sub>n</sub>。</p><p>1.2×10<sup>4</sup>吨，H<sub>2</sub>O</p>",
        "<h2>一、<strong>标题</strong><sup>①</sup></h2>",
        "面积100m<sup>2</sup>，H<sub>2</sub>O，1.2×10<sup>4</sup>。",
        "<sup>2</sup></pre>",
        "  第二行",
        "<figcaption>图注<sup>2</sup></figcaption>",
        "右m<sup>2</sup>",
        'data-map="1"',
        '<ol start="3">',
    ):
        assert kept in re.sub("</?code>(?=[^<]*(?:<(?!/?code)[^<]*)*</pre>)|</code>(?=</pre>)", "", after), kept
    for tag in (
        "<code>",
        "<th ",
        "<caption>",
        "<sup>",
        "<sub>",
        "<a ",
        "<img",
        "<li>",
        "<tr>",
        "<strong>",
        "<u>",
        "<s>",
    ):
        more = {"<sup>": 2, "<sub>": 2}.get(tag, 0)
        assert after.replace("<th>", "<th >").count(tag) >= before.replace("<th>", "<th >").count(tag) + more, tag
    what_the_editor_cannot_hold_is_told(person, shown)
    the_tools_stand_in_two_rows_on_a_phone(person)
    assert person.complaints == []


def what_the_editor_cannot_hold_is_told(person: Person, shown: str) -> None:
    page = made(person, f'<pre>行<img src="/media/{shown}" alt="图">内</pre>')
    expect(page.locator("[data-topic=held]")).to_contain_text("编辑器放不下的内容：个别格式")
    before = stored(page)["body_html"]
    page.locator("#title").fill("行内有图")
    saved(page)
    assert stored(page)["body_html"] == before


def the_tools_stand_in_two_rows_on_a_phone(person: Person) -> None:
    page = person.page
    person.shot("composer-tools")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(ROWS) <= 2
    more = page.get_by_role("button", name="其余排版工具")
    more.click()
    expect(page.locator("[data-tool=sup]")).to_be_visible()
    assert page.evaluate(ROWS) <= 2
    body(page).scroll_into_view_if_needed()
    person.shot("composer-tools-second")


def test_every_key_typed_into_a_version_is_kept(stack: Stack, browser: Browser) -> None:
    person = author(browser, stack)
    page = made(person, "<p>今晚停水。</p>")
    page.get_by_role("tab", name=re.compile("微信")).click()
    field = page.locator("[data-part=title]:visible input")
    # While the common text is saved, and saved again by what is typed, the field stays the typist's.
    page.locator("#title").evaluate(
        "node => { node.value = '停水'; node.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    field.click()
    page.keyboard.press("End")
    with page.expect_response(re.compile(r"/posts/[0-9a-f]{24}$")):
        page.keyboard.type("手工", delay=40)
    page.keyboard.type("补充的一段", delay=40)
    expect(page.locator("#saved")).to_have_text(re.compile("有未保存的修改|正在保存"))
    expect(field).to_be_focused()
    expect(field).to_have_value("往返手工补充的一段")
    saved(page)
    page.reload()
    page.get_by_role("tab", name=re.compile("微信")).click()
    expect(field).to_have_value("往返手工补充的一段")
    # Left at once, it is asked; who leaves all the same finds it in this browser.
    asked: list[str] = []
    page.once("dialog", lambda dialog: asked.append(dialog.type))
    field.click()
    page.keyboard.press("End")
    page.keyboard.type("未存")
    page.reload()
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="恢复").click()
    saved(page)
    page.get_by_role("tab", name=re.compile("微信")).click()
    expect(field).to_have_value("往返手工补充的一段未存")
    what_another_set_there_is_not_overwritten(page)
    assert [note for note in person.complaints if "409" not in note] == []


def what_another_set_there_is_not_overwritten(page: Page) -> None:
    post = stored(page)
    (variant,) = [one for one in post["variants"] if one["platform"] == "wechat"]
    given = {"overrides": {"title": "对方的标题"}, "version": post["version"]}
    page.evaluate(ASK, ["PATCH", f"/posts/{post['id']}/variants/{variant['id']}", given])
    page.get_by_role("tab", name=re.compile("微信")).click()
    field, dialog = page.locator("[data-part=title]:visible input"), page.locator("#conflict")
    field.fill("我的标题")
    expect(dialog).to_be_visible()
    place = dialog.locator("#conflict-open fieldset")
    expect(place).to_have_count(1)
    expect(place).to_contain_text("对方的标题")
    expect(place).to_contain_text("我的标题")
    place.get_by_label("用对方的").check()
    dialog.get_by_role("button", name="按所选合并并保存").click()
    saved(page)
    expect(field).to_have_value("对方的标题")
