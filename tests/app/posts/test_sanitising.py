"""What comes from outside is made harmless, keeps its structure, and every removal is said."""

from __future__ import annotations

from datetime import datetime

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Invalid
from app.posts import services as posts
from app.posts.sanitising import clean
from app.posts.titles import title_of
from tests.app.posts.helpers import SAMPLES, World


def refuse(src: str, alt: str) -> str | None:
    return None


def keep(src: str, alt: str) -> str | None:
    return src if src.startswith("/media/") else None


def cleaned(html: str) -> str:
    return clean(html, keep).html


@pytest.mark.parametrize(
    ("given_html", "expected"),
    [
        ("<p>甲<script>alert(1)</script>乙</p>", "<p>甲乙</p>"),
        ("<p onclick='x()'>甲</p>", "<p>甲</p>"),
        ("<iframe src='https://v.example/1'></iframe><p>甲</p>", "<p>甲</p>"),
        ("<p><a href='javascript:alert(1)'>点我</a></p>", "<p>点我</p>"),
        ("<p><a href=' https://a.example/x?y=1&amp;z=2 ' target=_blank onclick=x>甲</a></p>", None),
        ("<h1>甲</h1><h5>乙</h5>", "<h2>甲</h2><h4>乙</h4>"),
        ("<div>甲</div><div><p>乙</p>丙</div>", "<p>甲</p><p>乙</p><p>丙</p>"),
        ("甲<b>乙</b>丙", "<p>甲<strong>乙</strong>丙</p>"),
        ("甲<b>乙</b>丙<p>丁</p>戊", "<p>甲<strong>乙</strong>丙</p><p>丁</p><p>戊</p>"),
        ("<p style='text-align:center;color:red;position:fixed'>甲</p>", '<p style="text-align:center">甲</p>'),
        ("<p align=center>甲</p>", '<p style="text-align:center">甲</p>'),
        ("<p><font color=red><span style='color:red'>甲</span></font></p>", "<p>甲</p>"),
        ("<p>&nbsp;</p><p></p><p>甲</p>", "<p>甲</p>"),
        ("<html><head><title>x</title><style>p{}</style></head><body><p>甲</p></body></html>", "<p>甲</p>"),
        ("<p>1 &lt; 2 &amp; 3</p>", "<p>1 &lt; 2 &amp; 3</p>"),
        ("", ""),
    ],
)
def test_cleaning(given_html: str, expected: str | None) -> None:
    if expected is None:
        expected = '<p><a href="https://a.example/x?y=1&amp;z=2">甲</a></p>'
    assert cleaned(given_html) == expected


def test_everything_removed_is_said() -> None:
    html = "<p onload=x>甲</p><script>1</script><script>2</script><iframe></iframe><form><input></form>"
    notes = clean(html + "<a href='file:///etc'>x</a>", refuse).notes
    assert notes[0].startswith("已移除不能发布的内容：")
    for said in ("脚本 2 处", "内嵌页面 1 处", "表单", "事件脚本 1 处"):
        assert said in notes[0]
    assert "1 个不能用的链接" in notes[1]


def test_a_paste_from_word_keeps_structure_and_merged_cells() -> None:
    result = clean((SAMPLES / "traffic-control-from-word.html").read_text(), refuse)
    assert "<h2>一、管制时间</h2>" in result.html
    assert '<td rowspan="2"><p>滨江大道</p></td>' in result.html
    for junk in ("mso", "Mso", "<span", "o:p", "script", "iframe", "font-", "alert"):
        assert junk not in result.html
    assert '<a href="https://mp.weixin.qq.com/s/abcdefghijk">往届赛事回顾</a>' in result.html
    assert any("Word" in note for note in result.notes)
    assert any("脚本 1 处" in note and "内嵌页面 1 处" in note for note in result.notes)


TAGS = [
    "p",
    "div",
    "h1",
    "b",
    "span",
    "table",
    "tr",
    "td",
    "li",
    "ul",
    "a",
    "img",
    "script",
    "svg",
    "br",
    "math",
    "style",
]
PIECES = st.one_of(
    st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]),
    st.sampled_from(
        ["<p onclick=x>", "<a href='javascript:x'>", "<img src=x onerror=y>", "<!--", "-->", "<![CDATA[", "&lt;"]
    ),
    st.text(alphabet="甲乙<>&\"' \n\x00a=", max_size=6),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_whatever_comes_is_harmless_and_cleaning_again_changes_nothing(html: str) -> None:
    once = cleaned(html)
    tree = html5lib.parse(once, treebuilder="etree", namespaceHTMLElements=False)
    for node in tree.iter():
        assert node.tag not in ("script", "iframe", "style", "svg", "math", "form")
        assert not any(str(name).startswith("on") for name in node.attrib)
        assert not str(node.attrib.get("href", "")).startswith("javascript:")
    assert cleaned(once) == once


def test_an_address_that_is_none_is_taken_out(world: World, now: datetime) -> None:
    cleaned = posts.clean_paste(world.author, unit_id=world.city.id, html="<p>甲<img src='//[x'>乙</p>", now=now)
    assert cleaned.html == "<p>甲乙</p>"
    assert "外部图片" in cleaned.notes[0]


@pytest.mark.parametrize("tag", ["div", "section", "span", "blockquote", "ul", "font"])
def test_however_deep_it_is_nested_the_text_stays(tag: str) -> None:
    deep = clean(f"<{tag}>" * 300 + "重要<p>文字</p><p>第二</p>" + f"</{tag}>" * 300 + "<p>后文</p>", keep)
    read = html5lib.parse(deep.html, treebuilder="etree", namespaceHTMLElements=False)
    assert "".join(read.itertext()).split() == ["重要文字第二后文"]
    assert "文字第二" not in deep.html
    assert any("太深" in note for note in deep.notes)
    assert cleaned(deep.html) == deep.html


def test_what_no_reader_reads_to_its_end_is_refused() -> None:
    for html in ("<div>" * 500 + "重要", "<ul><li>" * 5000 + "重要", "<p><b>" * 100_000):
        with pytest.raises(Invalid) as refused:
            clean(html, keep)
        assert "层层嵌套" in refused.value.message
    assert "重要" in title_of("<div>" * 300 + "<p>重要的一段话。</p>")[1]


def test_heads_and_feet_of_tables_and_lines_of_code_are_what_they_look_like() -> None:
    table = "<table><thead><tr><td>头</td></tr></thead><tfoot><tr><td>脚</td></tr></tfoot><tbody><tr><td>身</td></tr></tbody></table>"
    assert cleaned(table) == (
        "<table><thead><tr><th>头</th></tr></thead><tbody><tr><td>身</td></tr></tbody><tfoot><tr><td>脚</td></tr></tfoot></table>"
    )
    assert cleaned("<pre>甲<br>乙</pre>") == "<pre>甲\n乙</pre>"
