"""What is pasted from WeChat, WPS and web pages keeps its structure and loses its looks."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from app.posts.sanitising import clean
from app.posts.services import clean_paste
from tests.app.posts.helpers import World, png

DATA = Path(__file__).parent / "data"

ROWS = "<tbody><tr><td>甲</td></tr></tbody>"


def keep(src: str, alt: str) -> str | None:
    return src if src.startswith("https://") or "/" not in src else None


def pasted(name: str) -> tuple[str, list[str]]:
    result = clean((DATA / name).read_text(encoding="utf-8").replace("DATA", "https://a.cn/b.png"), keep, foreign=True)
    again = clean(result.html, keep, foreign=True)
    assert again.html == result.html
    return result.html, result.notes


def test_an_article_of_wechat() -> None:
    html, notes = pasted("wechat-article.html")
    for kept in (
        "<h2>一、哪些路段要绕行</h2>",
        "<p>7月12日6时至12时，<strong>滨江大道</strong>禁止机动车通行，请<u>提前绕行</u>。</p>",
        '<img src="https://mmbiz.qpic.cn/sz_mmbiz_jpg/aBcD/640?wx_fmt=jpeg&amp;from=appmsg" alt="图片">',
        '<img alt="" src="https://mmbiz.qpic.cn/sz_mmbiz_png/eFgH/640?wx_fmt=png">',
        "<li><p>公交改道：<strong>12路</strong>、31路</p></li>",
        '<td colspan="1" rowspan="2"><p>滨江大道</p></td>',
        '<a href="https://mp.weixin.qq.com/s/abcdefg">往期提示</a>',
    ):
        assert kept in html, html
    for junk in ("<section", "<span", "mp-", "data-", "模板库", "font-", "class="):
        assert junk not in html
    assert any("视频 1 处" in note for note in notes)
    assert any("隐藏的文字" in note for note in notes)


def test_a_paste_from_wps_keeps_lists_headings_and_merged_cells() -> None:
    html, notes = pasted("wps-paste.html")
    for kept in (
        "<h2>一、检查时间</h2>",
        "<p>7月12日至15日，<strong>逢雨顺延</strong>。</p>",
        "<ol><li>水厂<ol><li>取水口</li><li>加药间</li></ol></li><li>小区泵房</li></ol>",
        "<ul><li>自带证件</li></ul>",
        "<h2>二、检查方式</h2>",
        '<td colspan="2"><p style="text-align:center">分组</p></td>',
        '<td rowspan="2"><p>第一组</p></td>',
    ):
        assert kept in html.replace("\n", ""), html
    for junk in ("mso", "<span", "o:p", "supportLists", 'style="margin'):
        assert junk not in html
    assert any("Word" in note for note in notes)


def test_a_piece_of_a_web_page() -> None:
    html, notes = pasted("web-page-paste.html")
    for kept in (
        "<h2>办事指南</h2>",
        "<p>申请材料如下：</p>",
        "<p>身份证明<em>原件</em>；<br>",
        '<p>详见<a href="https://www.qinglan.gov.cn/bszn/1.html">办事大厅</a>。</p>',
        '<ol start="3"><li>受理<ul><li>窗口</li><li>网上</li></ul></li><li>办结</li></ol>',
        "<table><caption>收费标准</caption><thead>",
        '<p style="text-align:center">自7月1日起施行</p>',
        '<td colspan="2">免费</td>',
        '<figure><img src="https://a.cn/b.png" alt="办事大厅"><figcaption>办事大厅一角</figcaption></figure>',
        "<p><strong><em>务必预约</em></strong></p>",
        "<blockquote><p>电话<s>6301</s>6302</p></blockquote>",
    ):
        assert kept in html, html
    assert "统计" not in html
    assert any("脚本 1 处" in note for note in notes)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('<figure><img src="a"><figcaption>甲</figcaption></figure>', None),
        ('<figure><img src="a"><figcaption></figcaption></figure>', '<p><img src="a"></p>'),
        ('<figure><img src="a"></figure>', '<p><img src="a"></p>'),
        (
            '<figure><img src="a"><img src="b"><figcaption>甲</figcaption></figure>',
            '<p><img src="a"><img src="b"></p><p style="text-align:center">甲</p>',
        ),
        ("<figure><figcaption>甲</figcaption></figure>", '<p style="text-align:center">甲</p>'),
        ("<figcaption>甲</figcaption>", '<p style="text-align:center">甲</p>'),
        (
            '<figure><p>乙</p><img src="a"><figcaption>甲</figcaption></figure>',
            '<p>乙</p><p><img src="a"></p><p style="text-align:center">甲</p>',
        ),
    ],
)
def test_a_picture_with_a_caption_has_one_form(given: str, kept: str | None) -> None:
    assert clean(given, keep).html == (given if kept is None else kept)
    assert clean(clean(given, keep).html, keep).html == clean(given, keep).html


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"<table><caption>表1 停水区域</caption>{ROWS}</table>", None),
        (
            f"<table><caption>表1 <b>停</b>水<br>区域</caption>{ROWS}</table>",
            f"<table><caption>表1 停水 区域</caption>{ROWS}</table>",
        ),
        (
            f"<table>{ROWS}<caption><p>表1</p><p>区域</p></caption></table>",
            f"<table><caption>表1 区域</caption>{ROWS}</table>",
        ),
        (
            f"<table><caption>一</caption><caption>二</caption>{ROWS}</table>",
            f'<p style="text-align:center">二</p><table><caption>一</caption>{ROWS}</table>',
        ),
        (
            f'<table><caption><a href="http://a.cn/">表1</a></caption>{ROWS}</table>',
            f'<p style="text-align:center"><a href="http://a.cn/">表1</a></p><table>{ROWS}</table>',
        ),
        (f"<table><caption> </caption>{ROWS}</table>", f"<table>{ROWS}</table>"),
        ("<table><caption>空表</caption></table>", '<p style="text-align:center">空表</p>'),
    ],
)
def test_a_table_keeps_its_caption(given: str, kept: str | None) -> None:
    assert clean(given, keep).html == (given if kept is None else kept)
    assert clean(clean(given, keep).html, keep).html == clean(given, keep).html


def test_what_a_person_typed_is_not_reworked_when_saved() -> None:
    typed = "<p>　　甲<br><br>乙</p><p><strong>一、丙</strong></p>"
    assert clean(typed, keep).html == typed
    assert clean(typed, keep, foreign=True).html == "<p>甲</p><p>乙</p><h2>一、丙</h2>"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_pictures_left_behind_are_counted(world: World) -> None:
    data = "data:image/png;base64," + base64.b64encode(png()).decode()
    html = '<p><img src="file:///C:/a.png"><img src="file:///C:/b.png"><img src="https://mmbiz.qpic.cn/1"></p>'
    result = clean_paste(world.author, unit_id=world.city.id, html=f'{html}<img src="{data}">', now=world.now)
    assert result.html.count("<img") == 1
    assert any(note.startswith("2 张图片没有随粘贴带过来") for note in result.notes)
    assert any("（mmbiz.qpic.cn）1 张" in note for note in result.notes)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_keeps_templates_pastes_into_them_with_pictures(world: World) -> None:
    data = "data:image/png;base64," + base64.b64encode(png()).decode()
    html = f'<p class="MsoNormal">各科室：</p><p><img src="{data}"></p>'
    assert not world.admin.holds("post.write")
    result = clean_paste(world.admin, unit_id=world.city.id, html=html, now=world.now)
    assert result.html.count('src="/media/') == 1
    assert "1 张图片已存入素材库。" in result.notes


def test_raised_and_lowered_by_style_is_raised_and_lowered() -> None:
    given = '<p>100m<span style="vertical-align:super;font-weight:bold">2</span>，H<span style="vertical-align:sub">2</span>O</p>'
    assert clean(given, keep, foreign=True).html == "<p>100m<strong><sup>2</sup></strong>，H<sub>2</sub>O</p>"


def listed(*items: tuple[str, str, str]) -> str:
    """Paragraphs of Word's clipboard: list and level, number, words."""
    marker = "<span style='mso-list:Ignore'>{}<span>&nbsp;&nbsp;</span></span>"
    return "".join(
        f"<p class=MsoListParagraph style='mso-list:{of}'>{marker.format(number)}{words}</p>"
        for of, number, words in items
    )


@pytest.mark.parametrize(
    ("items", "kept"),
    [
        (
            (("l0 level1 lfo1", "第一条", "甲"), ("l0 level1 lfo1", "第二条", "乙")),
            "<p>第一条　甲</p><p>第二条　乙</p>",
        ),
        (
            (("l0 level1 lfo1", "1.", "甲"), ("l0 level2 lfo1", "（1）", "子"), ("l0 level1 lfo1", "2.", "乙")),
            "<ol><li>甲<p>（1）子</p></li><li>乙</li></ol>",
        ),
        ((("l0 level1 lfo1", "a.", "甲"), ("l0 level1 lfo1", "b.", "乙")), "<p>a. 甲</p><p>b. 乙</p>"),
        (
            (("l0 level1 lfo1", "1.", "甲"), ("l1 level1 lfo2", "1.", "乙"), ("l1 level1 lfo2", "4.", "丙")),
            '<ol><li>甲</li></ol><ol><li>乙</li></ol><ol start="4"><li>丙</li></ol>',
        ),
        ((("l0 level1 lfo1", "·", "甲"), ("l0 level1 lfo1", "·", "乙")), "<ul><li>甲</li><li>乙</li></ul>"),
    ],
)
def test_numbers_of_word_stay_what_they_were(items: tuple[tuple[str, str, str], ...], kept: str) -> None:
    assert clean(listed(*items), keep, foreign=True).html == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            '<ol><li>甲</li><li value="5">乙</li><li>丙</li></ol>',
            '<ol><li>甲</li></ol><ol start="5"><li>乙</li><li>丙</li></ol>',
        ),
        ('<ol type="a" start="3"><li><p>甲</p></li><li>乙</li></ol>', "<p>c. 甲</p><p>d. 乙</p>"),
        ("<ol reversed><li>甲</li><li>乙</li></ol>", "<p>2. 甲</p><p>1. 乙</p>"),
        ('<ol style="list-style-type:cjk-ideographic"><li>甲</li><li>乙</li></ol>', "<p>一、甲</p><p>二、乙</p>"),
    ],
)
def test_numbers_of_lists_that_no_start_tells_are_kept(given: str, kept: str) -> None:
    assert clean(given, keep).html == kept
    assert clean(kept, keep).html == kept
