"""Unmasked numbers of people are found wherever and however they are written; other numbers are left alone."""

from __future__ import annotations

from pathlib import Path

import mammoth
import openpyxl
import pytest
from markdown_it import MarkdownIt

from app.checks.plaintext import plain_text
from app.checks.privacy import _remembered, leaks
from app.checks.services import Attachment, check, check_content, check_html
from app.media.places import part, spot, unmarked

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize(
    ("text", "kind", "shown", "masked"),
    [
        ("身份证号110101199003071233请", "citizen_id", "110101199003071233", "110101********1233"),
        ("尾号为X：11010519491231002X。", "citizen_id", "11010519491231002X", "110105********002X"),
        ("小写11010519491231002x也算", "citizen_id", "11010519491231002x", "110105********002x"),
        (
            "全角１１０１０１１９９００３０７１２３３",
            "citizen_id",
            "１１０１０１１９９００３０７１２３３",
            "110101********1233",
        ),
        ("110101 19900307 1233", "citizen_id", "110101 19900307 1233", "110101********1233"),
        ("110101-19900307-1233", "citizen_id", "110101-19900307-1233", "110101********1233"),
        ("旧号 110101900307123 在此", "citizen_id", "110101900307123", "110101******123"),
        ("身份证 110101199003071230（末位笔误）", "citizen_id", "110101199003071230", "110101********1230"),
        ("电话13800138000，", "mobile", "13800138000", "138****8000"),
        ("138-0013-8000", "mobile", "138-0013-8000", "138****8000"),
        ("138 0013 8000", "mobile", "138 0013 8000", "138****8000"),
        ("+86 13800138000", "mobile", "+86 13800138000", "138****8000"),
        ("+8613800138000", "mobile", "+8613800138000", "138****8000"),
        ("0086-138-0013-8000", "mobile", "0086-138-0013-8000", "138****8000"),
        ("Tel13800138000", "mobile", "13800138000", "138****8000"),
        ("１３８００１３８０００", "mobile", "１３８００１３８０００", "138****8000"),
        ("1 3 8 0 0 1 3 8 0 0 0", "mobile", "1 3 8 0 0 1 3 8 0 0 0", "138****8000"),
        ("6222020200012345605", "bank_card", "6222020200012345605", "6222***********5605"),
        ("6222 0202 0001 2345 605", "bank_card", "6222 0202 0001 2345 605", "6222***********5605"),
        ("4111111111111111", "bank_card", "4111111111111111", "4111********1111"),
        ("银行卡号：6222020200012345601", "bank_card", "6222020200012345601", "6222***********5601"),
        # What stands on the next line, in the next cell, or begins like a unit is none.
        ("联系电话：13800138000\n人力资源和社会保障局", "mobile", "13800138000", "138****8000"),
        ("13800138000\t人事科", "mobile", "13800138000", "138****8000"),
        ("13800138000\n元宵节活动", "mobile", "13800138000", "138****8000"),
        ("13800138000万主任", "mobile", "13800138000", "138****8000"),
        ("13800138000件", "mobile", "13800138000", "138****8000"),
        ("联系13800138000户主", "mobile", "13800138000", "138****8000"),
        # Chinese text glued to an address is not part of it, nor is a number behind a comma.
        ("请登录www.qinglan.gov.cn或拨打13800138000咨询", "mobile", "13800138000", "138****8000"),
        ("网址：https://www.qinglan.gov.cn/zwfw：电话13800138000", "mobile", "13800138000", "138****8000"),
        ("www.qinglan.gov.cn！13800138000", "mobile", "13800138000", "138****8000"),
        ("www.qinglan.gov.cn？13800138000", "mobile", "13800138000", "138****8000"),
        ("www.qinglan.gov.cn—13800138000", "mobile", "13800138000", "138****8000"),
        ("www.qinglan.gov.cn,13800138000", "mobile", "13800138000", "138****8000"),
        ("微信号：wx13800138000", "mobile", "13800138000", "138****8000"),
        ("证号11010519491231002 X。", "citizen_id", "11010519491231002 X", "110105********002X"),
        ("110105 19491231 002 x", "citizen_id", "110105 19491231 002 x", "110105********002X"),
        ("138\u00ad0013\u200d8000", "mobile", "138\u00ad0013\u200d8000", "138****8000"),
        ("(138)0013-8000", "mobile", "138)0013-8000", "138****8000"),
        ("（138）00138000", "mobile", "138）00138000", "138****8000"),
        ("138/0013/8000", "mobile", "138/0013/8000", "138****8000"),
        ("电话13800138000。5月起", "mobile", "13800138000", "138****8000"),
        ("1.13800138000", "mobile", "13800138000", "138****8000"),
        ("附：3.13800138000 ", "mobile", "13800138000", "138****8000"),
        ("联系13800138000.2026年", "mobile", "13800138000", "138****8000"),
        ("138 0013 8000.50", "mobile", "138 0013 8000", "138****8000"),
        ("（单位：元）\n张三\t13800138000\t500", "mobile", "13800138000", "138****8000"),
        ("（单位：元）\n13800138000\t张小明\t500", "mobile", "13800138000", "138****8000"),
        ("（单位：元）\n欧阳震华\t13800138000", "mobile", "13800138000", "138****8000"),
        ("姓名 身份证号\n张三 110101199003071230 男", "citizen_id", "110101199003071230", "110101********1230"),
        ("身份证件号码（18位）：110101199003071230", "citizen_id", "110101199003071230", "110101********1230"),
        ("姓名\t身份证号\n张某\t110101199003071230", "citizen_id", "110101199003071230", "110101********1230"),
        ("张三13800138000.2、李四", "mobile", "13800138000", "138****8000"),
        ("联系电话：13800138000.10月1日起", "mobile", "13800138000", "138****8000"),
        ("收费标准（元）：20。联系人电话\n13800138000\n", "mobile", "13800138000", "138****8000"),
        ("身份证件编号 110101199003071230", "citizen_id", "110101199003071230", "110101********1230"),
        ("编号110101199003071233", "citizen_id", "110101199003071233", "110101********1233"),
    ],
)
def test_a_leak_is_found_with_its_place_and_its_masked_form(text: str, kind: str, shown: str, masked: str) -> None:
    found = leaks(text)
    assert [(leak.kind, text[leak.start : leak.end], leak.masked) for leak in found] == [(kind, shown, masked)]


@pytest.mark.parametrize(
    "text",
    [
        "138****1234",
        "110101********1233",
        "6222***********5605",
        "市防汛办24小时值班电话：0599-12345670。",
        "拨打12345、12319、95598、400-123-4567",
        "青政办〔2026〕13800138号",
        "订单号 4111111111111111",
        "统一社会信用代码 91110101MA01234567",
        "110101199013071233",
        "110101199003071234",
        "6222020200012345601",
        "投资13800138000元",
        "投资13800138000元。元旦前完成",
        "共13800138000立方米，13800138000千瓦时，13800138000万元",
        "详见https://www.example.gov.cn/art/13912345678.html。",
        "https://www.example.gov.cn/art/2026/7/12/art_1234_13912345678.html",
        "IMG_13800138000",
        "2026年10月18日（星期日）5时30分至13时30分",
        "20261018133000123",
        "时间戳 1752304000000",
        "投资项目代码2607-420105-04-01-267459",
        "卡号、账号以外的项目代码：2607-420105-04-01-267459",
        "采购项目编号350105202607120013，请携带身份证",
        "报名时请携带身份证。项目编号：350105202607120013",
        "请出示身份证件、采购项目编号350105202607120013",
        "案号350105202607120013，请携带身份证",
        "身份证 采购计划350105202607120013",
        "营业执照注册号：350105601123456",
        "（单位：元）\n金额\t13912345678\n余额\t15812345678",
        "（单位：元）\n教育\t13912345678\n公安\t15812345678",
        "税收收入\t13912345678.9\n",
        "[119.13912345678, 26.13912345678]",
        "决算数13912345678.91",
        "科目\t决算数（元）\n税收收入\t15812345678\n",
        "东经119.15812345678，北纬26.18812345678",
        "",
    ],
)
def test_other_numbers_are_no_leaks(text: str) -> None:
    assert leaks(text) == []


def test_neighbouring_numbers_are_told_apart() -> None:
    text = "张某 110101199102111018 13900139001 6222020200012345605\n李某\t110101199203121020\t13900139002"
    assert [leak.kind for leak in leaks(text)] == ["citizen_id", "mobile", "bank_card", "citizen_id", "mobile"]


def test_offsets_are_those_of_the_plain_text() -> None:
    html = "<h2>一、 通知</h2>\n<p>请  联系\n<strong>王某</strong>👨‍👩‍👧<br>13800138000</p><ul><li><p>a</p></li></ul><p> </p>"
    text = plain_text(html)
    assert text == "一、 通知\n请 联系 王某👨‍👩‍👧\n13800138000\na"
    (problem,) = check_html(html, "body")
    assert (problem.start, problem.end) == (text.index("138"), text.index("138") + 11)
    assert problem.severity == "block"
    assert problem.field == "body"
    assert "13800138000" not in problem.message


def test_numbers_are_found_across_inline_tags() -> None:
    assert len(check_html("<p>138<b>0013</b><span>8000</span></p>", "body")) == 1


def test_the_recruitment_sample_is_stopped_with_every_leak_named() -> None:
    with (SAMPLES / "recruitment-publicity.docx").open("rb") as file:
        html = mammoth.convert_to_html(file).value
    sheet = openpyxl.load_workbook(SAMPLES / "recruitment-publicity-attachment.xlsx").active
    assert sheet is not None
    rows = "\n".join("\t".join(str(cell) for cell in row) for row in sheet.iter_rows(values_only=True))
    found = check_content(
        title="公示", summary="", body_html=html, attachments=[Attachment(name="名单.xlsx", text=rows)]
    )
    assert sorted(p.suggestion for p in found if p.field == "body") == ["**号", "110101********1233", "138****8000"]
    assert [p.severity for p in found if p.rule == "privacy.address"] == ["warn"]
    listed = [p for p in found if p.field == "attachment:名单.xlsx"]
    assert len(listed) == 24
    assert {rule: sum(p.rule == rule for p in listed) for rule in {p.rule for p in listed}} == {
        "privacy.citizen_id": 8,
        "privacy.mobile": 8,
        "privacy.bank_card": 8,
    }


@pytest.mark.parametrize("name", ["weather-warning.md", "rumor-rebuttal.md", "traffic-control-from-word.html", "docx"])
def test_the_other_samples_are_clean(name: str) -> None:
    if name == "docx":
        with (SAMPLES / "policy-interpretation.docx").open("rb") as file:
            html = mammoth.convert_to_html(file).value
    else:
        html = (SAMPLES / name).read_text()
        html = MarkdownIt().render(html) if name.endswith(".md") else html
    assert check_html(html, "body") == []


def test_a_list_of_many_people_is_told_as_a_whole() -> None:
    """A hundred one by one, then one that blocks as well and says how many there are."""
    rows = "\n".join(f"考生{number}\t1380013{number:04}" for number in range(2_500))
    found = check(rows, "attachment:名单.xlsx")
    assert len(found) == 101
    assert "还有 2400 处" in found[-1].message
    assert (found[-1].severity, found[-1].start, found[-1].key) == ("block", None, "")
    assert len(check("\n".join(rows.split("\n")[:100]), "body")) == 100


def test_an_attachment_without_text_is_pointed_out() -> None:
    (problem,) = check_content(title="甲", summary="", body_html="", attachments=[Attachment(name="扫描.pdf", text="")])
    assert (problem.severity, problem.field) == ("warn", "attachment:扫描.pdf")


def test_every_field_is_read() -> None:
    found = check_content(
        title="13800138000", summary="13800138001", body_html="<p>13800138002</p>", author="13800138003"
    )
    assert [p.field for p in found] == ["title", "summary", "body", "author"]
    assert check("13800138000", "attachment:a.xlsx")[0].message.startswith("附件“a.xlsx”中有未隐去的手机号")


def test_what_stands_only_in_the_code_is_checked() -> None:
    html = '<p>请<a href="tel:138-0013-8000">联系我们</a></p><img src="/media/x" alt="王某 110101199003071233">'
    found = check_html(html, "body")
    assert {(problem.rule, problem.severity, problem.start) for problem in found} == {
        ("privacy.mobile", "block", None),
        ("privacy.citizen_id", "block", None),
    }
    assert check_html('<a href="tel:0755-12345">热线</a>', "body") == []


@pytest.mark.parametrize(
    ("href", "rule"),
    [
        ("mailto:13800138000@139.com", "privacy.mobile"),
        ("mailto:%31%33800138000@139.com", "privacy.mobile"),
        ("https://www.qinglan.gov.cn/cx?id=110101199003071233", "privacy.citizen_id"),
        ("https://www.qinglan.gov.cn/%E6%9F%A5%E8%AF%A2?id=110101199003071233", "privacy.citizen_id"),
    ],
)
def test_the_address_of_a_link_is_checked(href: str, rule: str) -> None:
    found = check_html(f'<p>请看<a href="{href}">公示</a>和<a href="{href}">名单</a></p>', "body")
    assert [(one.rule, one.severity, one.start) for one in found] == [(rule, "block", None)]


def test_numbers_of_pages_are_no_leaks() -> None:
    addresses = ("https://weibo.com/1642634100/13800138000", "https://mp.weixin.qq.com/s?mid=6225880137706868")
    assert [check_html(f'<a href="{address}">全文</a>', "body") for address in addresses] == [[], []]


def test_a_number_that_is_seen_is_not_named_twice() -> None:
    found = check_html('<a href="tel:13800138000">13800138000</a>', "body")
    assert [(problem.start, problem.end) for problem in found] == [(0, 11)]


def test_the_name_of_an_attachment_is_checked() -> None:
    file = Attachment(name="王某_13800138000.docx", text="正文")
    found = check_content(title="题", summary="", body_html="<p>文</p>", attachments=[file])
    assert [(problem.rule, problem.severity) for problem in found] == [("privacy.mobile", "block")]


def test_the_name_of_a_picture_is_checked_and_no_text_asked_of_it() -> None:
    pictures = [Attachment(name=name, text="", picture=True) for name in ("王某_13800138000.png", "停水范围.png")]
    found = check_content(title="题", summary="", body_html="<p>文</p>", attachments=pictures)
    assert [(one.rule, one.field) for one in found] == [("privacy.mobile", "attachment:王某_13800138000.png")]


def test_a_long_table_of_figures_is_read_once() -> None:
    """Two hundred thousand small numbers, none of them anybody's."""
    text = " ".join(str(700 + number % 97) for number in range(200_000)) + "\n电话13800138000"
    kept = _remembered.cache_info().hits
    assert [[leak.kind for leak in leaks(text)] for _ in range(2)] == [["mobile"]] * 2
    assert _remembered.cache_info().hits == kept + 1


def test_the_place_in_a_file_is_named_and_changes_nothing_else() -> None:
    """A card number behind 订单号 in the cell before is an order, with marks between the cells as without."""
    marked = part("工作表“名单”") + "名单\n" + spot("A7") + "王某\t" + spot("B7") + "13800138000"
    (found,) = check(marked, "attachment:a.xlsx")
    assert found.message.startswith("附件“a.xlsx”工作表“名单”B7中有未隐去的手机号 138****8000。")
    assert found.start is not None
    assert unmarked(marked).text[found.start : found.end] == "13800138000"
    order = spot("A1") + "订单号\t" + spot("B1") + "4111111111111111"
    assert check(order, "attachment:a.xlsx") == []
    assert check(unmarked(order).text.replace("订单号", "卡号"), "attachment:a.xlsx") != []
    assert "\x1f" not in spot("A\x1f1")[1:-1]
