"""Homes of people are found beside their names; addresses of offices and hotlines are left alone."""

from __future__ import annotations

import io

import pytest
from docx import Document

from app.checks.builtin import builtin_packs
from app.checks.homes import homes
from app.checks.plaintext import plain_text, rows_of
from app.checks.services import Attachment, check, check_content, check_html
from app.media.attachments import attachment_text
from app.media.kinds import DOCX


@pytest.mark.parametrize(
    ("text", "who", "shown", "masked"),
    [
        ("张某某，住青岚市云溪区人民路88号3幢2单元501室。", "张某某", "88号3幢2单元501室", "**号**幢**单元**室"),
        ("患者李某，现住白鹭县城关镇青山村12号", "李某", "12号", "**号"),
        ("户主王小明家住云溪区阳光花园3幢501室", "王小明", "3幢501室", "**幢**室"),
        ("被征收人：陈建国，房屋位于云溪区解放街甲5号", "陈建国", "甲5号", "**号"),
        ("申请人欧阳小红（云溪区滨江大道１２号）反映", "欧阳小红", "１２号", "**号"),
        ("王小明，男，汉族，云溪区青山村三组十五号", "王小明", "十五号", "**号"),
        ("王**，家庭住址：云溪区阳光小区3-2-501", "王**", "3-2-501", "**-**-**"),
        ("赵女士家里（云溪区解放街道和平社区6号楼402室）进水", "赵女士", "6号楼402室", "**号楼**室"),
        ("走访慰问了家住云溪区人民路88号院4单元的刘玉兰。", "刘玉兰", "88号院4单元", "**号院**单元"),
        ("姓名：王小明\n家庭住址：青岚市云溪区人民路88号", "王小明", "88号", "**号"),
        ("姓名\t王小明\t住址\t云溪区人民路88号", "王小明", "88号", "**号"),
        ("序号\t户主\t地址\n1\t王小明\t青山村12号", "王小明", "12号", "**号"),
        ("姓名\t工作单位\t家庭住址\n王小明\t市水务局\t人民路88号3幢", "王小明", "88号3幢", "**号**幢"),
        ("姓名\t工作单位\t地址\n王小明\t市水务局\t人民路88号3幢", "王小明", "88号3幢", "**号**幢"),
        ("姓名\t地址\t介绍人\n王小明\t人民路88号3幢\t区残联服务中心", "王小明", "88号3幢", "**号**幢"),
        ("水务局职工张某某家住纺织厂宿舍2栋301室", "张某某", "2栋301室", "**栋**室"),
    ],
)
def test_a_door_beside_a_private_name_is_a_home(text: str, who: str, shown: str, masked: str) -> None:
    found = [(home.who, text[home.start : home.end], home.masked) for home in homes(text)]
    assert found == [(who, shown, masked)]
    (home,) = homes(text)
    assert homes(text[: home.start] + home.masked + text[home.end :]) == []


@pytest.mark.parametrize(
    "text",
    [
        "办公地址：青岚市云溪区人民路88号，联系人：李明，电话：0599-12345678。",
        "联系人：王女士，电话：0599-8123456，地址：云溪区人民路88号3楼。",
        "请当事人张某某到云溪区政务服务中心（人民路88号）领取。",
        "申请人王小明可向青岚市人民政府（地址：府前路1号）申请行政复议。",
        "市人社局，联系人：王某某，地址：府前路1号205室",
        "当事人张某某应于7月12号前到府前路1号市公安局接受处理。",
        "领取地点：府前路1号。获奖人：王小明。",
        "王小明，男，青岚市人，现任区水务局局长。",
        "患者张某某曾到云溪区人民路的某饭店就餐。",
        "患者张某某，住云溪区青山村。",
        "当事人：青岚市云溪某某商贸有限公司，住所：云溪区人民路88号，法定代表人：王某某。",
        "青政办〔2026〕12号文件要求张某某整改。",
        "张某某获第3号奖章，乘坐2号线。",
        "白鹭县人民路12号至88号夜间检修，影响约320户。",
        "姓名\t单位\t地址\n王小明\t市水务局\t府前路1号",
        "单位\t联系人\t地址\n云溪街道\t王小明\t府前路1号",
        "姓名\t岗位\n王小明\t社区工作者",
        "热线0599-12345678，家住附近的居民请拨打12345",
        "居民可到阳光社区3号楼咨询",
        "",
    ],
)
def test_offices_and_places_without_a_person_are_none(text: str) -> None:
    assert homes(text) == []


def test_a_landline_counts_only_beside_a_home() -> None:
    text = "户主：王小明，云溪区人民路88号，电话：0599-8123456。防汛值班电话：0599-8123457。"
    found = [(home.kind, text[home.start : home.end], home.masked) for home in homes(text)]
    assert found == [("address", "88号", "**号"), ("landline", "0599-8123456", "0599-***3456")]


def test_a_home_is_told_and_may_be_explained() -> None:
    body = "<p>第一段。</p><p>张某某，住云溪区人民路88号。</p>"
    (problem,) = check_html(body, "body")
    assert (problem.rule, problem.severity, problem.suggestion) == ("privacy.address", "warn", "**号")
    assert plain_text(body)[problem.start : problem.end] == "88号"
    assert "正文中“张某某”的住址写到了门牌号：云溪区人民路**号" in problem.message
    assert problem.key
    (other,) = check_html(body.replace("张某某", "李某某"), "body")
    assert other.key != problem.key


@pytest.mark.parametrize(
    "rows",
    [
        "姓名\t职务\t办公地址\n王小明\t科长\t人民路88号",
        "姓名\t执业地址\n王小明\t人民路88号律师服务中心",
        "姓名\t地址\n王小明\t办公地址：人民路88号",
        "网点\t地址\t负责人\n城关政务服务中心\t人民路88号\t张某某",
    ],
)
def test_where_people_work_is_no_home(rows: str) -> None:
    assert homes(rows) == []


def test_a_very_long_line_of_homes_is_read_once() -> None:
    """What is looked for in all of a row, a line or its neighbours is looked for once, however many homes stand in it."""
    count = 20_000
    assert len(homes("姓名\t王小明" + "\t人民路88号3幢，" * count)) == count
    lived = homes("住址：人民路88号3幢。电话：0599-8123456。" * count + "\n户主王小明")
    assert [sum(one.kind == kind for one in lived) for kind in ("address", "landline")] == [count, 0]
    assert len(homes("王小明家住" + "人民路88号3幢，电话：0599-8123456，" * count)) == 2 * count


def test_the_cells_of_a_row_are_read_together() -> None:
    html = (
        "<p>公示</p><table><tr><th>姓名</th><th>地址</th></tr>"
        "<tr><td><p>王小明</p></td><td>人民路88号</td></tr><tr><td>李四方</td><td>人民路</td></tr></table><p>90号</p>"
    )
    assert rows_of(html) == "公示\n姓名\t地址\n王小明\t人民路88号\n李四方\t人民路\n90号"
    (problem,) = check_html(html, "body")
    assert plain_text(html)[problem.start : problem.end] == "88号"


def test_the_tables_of_a_letter_are_read_by_rows() -> None:
    letter = Document()
    letter.add_paragraph("公示")
    table = letter.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, (("姓名", "地址"), ("王小明", "人民路88号")), strict=True):
        for cell, words in zip(row.cells, cells, strict=True):
            cell.text = words
    letter.add_paragraph("完")
    out = io.BytesIO()
    letter.save(out)
    text = attachment_text(out.getvalue(), DOCX)
    assert text.split("\n") == ["公示", "姓名\t地址", "王小明\t人民路88号", "完"]
    found = check_content(title="题", summary="", body_html="", attachments=[Attachment(name="a.docx", text=text)])
    assert [(one.rule, one.field) for one in found] == [("privacy.address", "attachment:a.docx")]


def test_the_description_of_a_picture_is_read_too() -> None:
    (problem,) = check_html('<img src="/media/x" alt="张某某家，人民路88号">', "body")
    assert (problem.rule, problem.severity, problem.start) == ("privacy.address", "warn", None)


def test_our_own_packs_name_no_home() -> None:
    for pack in builtin_packs():
        for term in pack.terms:
            assert check("\n".join((term.wrong, term.right, term.reason, *term.exceptions)), "body") == []
