"""The looks of an article: three themes, how wide tables become readable on a phone, and how long it takes to read."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from lxml import html as lxml_html

from connectors.values import Adaptation
from connectors.wechat import theme
from connectors.wechat.opening import minutes
from connectors.wechat.tables import fit_tables
from tests.connectors.wechat.conftest import Make, post
from tests.connectors.wechat.test_adapt import blocked, notes

HEADED = "<tr><th>序号</th><th>姓名</th><th>岗位</th><th>笔试</th><th>面试</th><th>总成绩</th><th>备注</th></tr>"
ROW = "<tr><td>1</td><td>王敏</td><td>综合岗<br>（县乡）</td><td>81.5</td><td>86</td><td><strong>83.3</strong></td><td></td></tr>"
TABLE = f"<p>名单如下：</p><table>{HEADED}{ROW}{ROW.replace('<td>1<', '<td>2<')}</table>"


def html(adapted: Adaptation) -> str:
    return str(adapted.payload["content_html"])


def plain(adapted: Adaptation) -> str:
    return re.sub(r"<[^>]+>", "|", html(adapted))


@pytest.mark.parametrize("name", theme.NAMES)
def test_each_theme_is_known_inlined_and_of_styles_that_survive(make: Make, name: str) -> None:
    body = f"<h2>一、办理时间</h2><p>正文。</p>{TABLE}<blockquote><p>引文。</p></blockquote>"
    content = html(make().adapt(post(body_html=body, overrides={"theme": name})))
    used = set(re.findall(r"([a-z-]+):", " ".join(re.findall(r'style="([^"]*)"', content))))
    assert {"font-size", "margin", "color"} <= used <= theme.PROPERTIES
    assert "class=" not in content


def test_themes_look_different_and_are_part_of_the_payload_by_that_alone(make: Make) -> None:
    chosen = {name: make().adapt(post(overrides={"theme": name})).payload for name in theme.NAMES}
    assert len({str(payload["content_html"]) for payload in chosen.values()}) == 3
    assert all("theme" not in payload for payload in chosen.values())


def test_the_accounts_theme_is_the_default_and_the_authors_goes_before_it(make: Make) -> None:
    of_account = make(settings={"theme": "service"})
    assert html(of_account.adapt(post())) == html(make().adapt(post(overrides={"theme": "service"})))
    assert html(of_account.adapt(post(overrides={"theme": "official"}))) == html(make().adapt(post()))
    assert of_account.capabilities().choices[0].automatic == "按账号设置：便民"
    assert "版式" in notes(of_account.adapt(post(overrides={"theme": "official"})))["override"]


def test_a_theme_that_nobody_knows_is_the_default(make: Make) -> None:
    assert html(make(settings={"theme": "neon"}).adapt(post(overrides={"theme": 7}))) == html(make().adapt(post()))


def test_choices_name_what_the_payload_has(make: Make) -> None:
    choices = make().capabilities().choices
    assert [choice.key for choice in choices] == ["theme", "reading_time", "tables", "brevity"]
    assert {choice.part for choice in choices} <= set(make().adapt(post()).payload)


def test_a_table_too_wide_for_a_phone_becomes_labelled_rows(make: Make) -> None:
    adapted = make().adapt(post(body_html=TABLE))
    assert "<table" not in html(adapted)
    assert "1. 姓名：王敏" in html(adapted)
    assert "岗位：综合岗" in plain(adapted)
    assert "总成绩：|83.3" in plain(adapted)
    assert "<strong>83.3</strong>" in html(adapted)
    assert "备注：—" in html(adapted)
    assert "2. 姓名：王敏" in html(adapted)
    assert notes(adapted)["table"] == "7 列的表格在手机上放不下，改为分行列表，每项前写明栏目。"


def test_the_author_keeps_the_table_or_wants_rows(make: Make) -> None:
    kept = make().adapt(post(body_html=TABLE, overrides={"tables": "keep"}))
    assert "<table" in html(kept)
    assert "左右滑动" in notes(kept)["table"]
    narrow = (
        "<table><tr><th>姓名</th><th>岗位</th><th>备注</th></tr><tr><td>王敏</td><td>综合</td><td>无</td></tr></table>"
    )
    assert "<table" in html(make().adapt(post(body_html=narrow)))
    split = make().adapt(post(body_html=narrow, overrides={"tables": "split"}))
    assert "<table" not in html(split)
    assert "姓名：王敏" in html(split)


@pytest.mark.parametrize(("columns", "said"), [(4, ""), (5, "小字号"), (6, "小字号"), (7, "左右滑动")])
def test_type_grows_smaller_before_a_table_scrolls(make: Make, columns: int, said: str) -> None:
    row = "<tr>" + "".join(f"<td>{column}.5</td>" for column in range(columns)) + "</tr>"
    adapted = make().adapt(post(body_html=f"<table>{row * 2}</table>"))
    assert html(adapted).count("<td") == columns * 2
    assert said in notes(adapted).get("table", "")
    assert bool(said) == ("table" in notes(adapted))
    assert ("font-size:12px" in html(adapted)) == (said == "小字号")


def rows(*lines: str) -> str:
    return "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line.split())}</tr>" for line in lines)


@pytest.mark.parametrize(
    "first",
    [
        "1 城区线路 云溪站 白鹭站 6:00 22:00 2元",
        "市财政局 综合部门 张三 办公室 8:30 17:30 无",
        "项目 1月 2月 3月 4月 5月 6月",
    ],
)
def test_a_record_never_becomes_the_names_of_columns(make: Make, first: str) -> None:
    adapted = make().adapt(post(body_html=f"<table>{rows(first, '2 郊区 东站 西站 5:00 21:00 3元')}</table>"))
    assert html(adapted).count("<td") == 14
    assert notes(adapted)["table"] == "7 列的表格没有标明表头，不改为分行列表；在手机上可左右滑动查看。"


@pytest.mark.parametrize("first", ["序号 线路 起点 终点 首班 末班 票价", "姓名 单位 职务 电话 性别 甲 乙"])
def test_a_first_row_that_can_only_be_a_head_is_one_and_its_author_may_say_so(make: Make, first: str) -> None:
    second = "1 城区 东站 西站 5:00 21:00 3元"
    adapted = make().adapt(post(body_html=f"<table>{rows(first, second)}</table>"))
    assert "<td" not in html(adapted)
    assert "以首行作为栏目" in notes(adapted)["table"]
    guessed = post(body_html=f"<table>{rows('单位名称 甲 乙', second[:8])}</table>", overrides={"tables": "split"})
    assert "以首行作为栏目" in notes(make().adapt(guessed))["table"]


def test_a_list_of_names_in_many_columns_has_no_head_and_stays(make: Make) -> None:
    row = "<tr>" + "".join(f"<td>王{name}</td>" for name in "甲乙丙丁戊己庚辛") + "</tr>"
    other = row.replace("王", "李")
    adapted = make().adapt(post(body_html=f"<table>{row}{other}</table>"))
    assert html(adapted).count("王") == 8
    assert "<table" in html(adapted)


def test_merged_cells_are_told_in_every_row_and_of_both_heads(make: Make) -> None:
    head = (
        '<tr><td rowspan="2">区域</td><td rowspan="2">姓名</td><td colspan="2">成绩</td><td colspan="3">去向</td></tr>'
        "<tr><td>笔试</td><td>面试</td><td>单位</td><td>岗位</td><td>备注</td></tr>"
    )
    rows = (
        '<tr><td rowspan="2">白鹭县</td><td>甲</td><td>1</td><td>2</td><td>局</td><td>岗</td><td>无</td></tr>'
        "<tr><td>乙</td><td>3</td><td>4</td><td>办</td><td>岗</td><td>无</td></tr>"
        '<tr><td colspan="7">以上为拟聘人员</td></tr>'
    )
    adapted = make().adapt(post(body_html=f"<table>{head}{rows}</table>"))
    text = plain(adapted)
    assert text.count("区域：白鹭县") == 2
    assert "成绩·笔试：3" in text
    assert "去向·单位：办" in text
    assert text.count("以上为拟聘人员") == 1


@pytest.mark.parametrize("inside", ["<ul><li>甲</li></ul>", "<table><tr><td>甲</td></tr></table>"])
def test_a_wide_table_that_holds_more_than_words_stays_one(make: Make, inside: str) -> None:
    body = TABLE.replace("<td>86</td>", f"<td>{inside}</td>")
    adapted = make().adapt(post(body_html=body))
    assert "<table" in html(adapted)
    assert "甲" in html(adapted)


HUGE = '<td colspan="60" rowspan="60">甲</td>'


@pytest.mark.parametrize("rows", [f"<tr>{HUGE}</tr>" * 200, f"<tr>{HUGE * 200}</tr>" * 60])
def test_spans_that_nobody_means_fill_no_memory(rows: str) -> None:
    root = lxml_html.fragment_fromstring(f"<div><table>{rows}</table></div>")
    tracemalloc.start()
    told = fit_tables(root, "")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000, "a place each would take more than ten times as much"
    assert "左右滑动" in told[0].message
    assert len(list(root.iter("td"))) == rows.count("<td")


def test_a_span_of_five_thousand_digits_is_only_wide(make: Make) -> None:
    adapted = make().adapt(post(body_html=TABLE.replace("<td>1<", f'<td colspan="{"9" * 5000}">1<')))
    assert "<table" in html(adapted)


def test_reading_time_stands_first_where_it_is_wanted(make: Make) -> None:
    body = "<p>" + "字" * 900 + "。</p>"
    policy = make().adapt(post(body_html=body, overrides={"theme": "policy"}))
    assert "全文约 901 字，阅读约 3 分钟" in plain(policy)[:80]
    assert "reading_time" in notes(policy)
    assert "分钟" not in html(make().adapt(post(body_html=body)))
    assert "分钟" in html(make().adapt(post(body_html=body, overrides={"reading_time": "on"})))
    assert "分钟" not in html(make().adapt(post(body_html=body, overrides={"theme": "policy", "reading_time": "off"})))
    assert not policy.payload["digest"].startswith("全文约")


def test_what_the_account_puts_around_takes_no_time(make: Make) -> None:
    """The same head and foot stand around every article: the reader is told of the article alone."""
    body = "<p>" + "字" * 900 + "。</p>"
    around = {"head_html": "<p>" + "头" * 300 + "</p>", "foot_html": "尾" * 300}
    adapted = make(settings=around).adapt(post(body_html=body, overrides={"theme": "policy"}))
    assert "全文约 901 字，阅读约 3 分钟" in plain(adapted)[:80]
    assert "头" * 300 in plain(adapted)


def test_an_empty_text_takes_no_time(make: Make) -> None:
    adapted = make().adapt(post(body_html="<p></p>", source="", overrides={"reading_time": "on"}))
    assert "content_html" in blocked(adapted)
    assert [minutes(0, 0), minutes(400, 0), minutes(401, 0), minutes(400, 1)] == [1, 1, 2, 2]


def test_too_many_characters_take_the_terse_theme_whatever_was_chosen(make: Make) -> None:
    rows = "".join(ROW.replace("<td>1<", f"<td>{at}<") for at in range(160))
    body = f"<table>{HEADED}{rows}</table>"
    adapted = make().adapt(post(body_html=body, overrides={"theme": "policy"}))
    assert "简洁版式" in notes(adapted)["theme"]
    assert not blocked(adapted)


def test_mail_and_telephone_behind_words_are_told_at_the_end(make: Make) -> None:
    body = '<p><a href="mailto:wb@qinglan.gov.cn">来信</a>或<a href="tel:0599-12345670">来电</a>。</p>'
    adapted = make().adapt(post(body_html=body))
    assert "来信[1]或来电[2]" in html(adapted)
    assert "[1] 来信：wb@qinglan.gov.cn" in html(adapted)
    assert "[2] 来电：0599-12345670" in html(adapted)
    assert notes(adapted)["links"] == "2 个外链转为文末注释。"
