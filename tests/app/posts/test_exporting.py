"""A post leaves as a Word document and comes back the same."""

from __future__ import annotations

import copy
import io
import re
import zipfile
from datetime import datetime

import docx
import pytest
from docx.oxml.ns import qn
from lxml import html as lxml_html
from lxml.html import HtmlElement
from sqlalchemy import select

from app.audit.models import Event
from app.db import db
from app.errors import NotFound
from app.media.services import add_media
from app.posts import services as posts
from app.posts.models import Post
from tests.app.posts.helpers import World, png

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BODY = """
<p>青岚市水务局<strong>今日</strong>公布<a href="https://www.qinglan.gov.cn/a?b=1&amp;c=2">安排</a>，<em>请</em><u>提前</u><s>尽早</s>储水。</p>
<h2>一、时间</h2><p style="text-align:center">居中一句</p><p style="text-align:right">右边一句</p>
<h3>（一）地点</h3><h4>1. 分区</h4>
<ul><li>城东<ul><li>东一</li><li>东二<ol><li>细目</li></ol></li></ul></li><li>城西</li></ul>
<ol><li>先看</li><li>后办</li></ol>
<p>另一组：</p>
<ol><li>重新编号</li></ol>
<blockquote><p>引用一</p><p>引用二</p></blockquote>
<table><caption>表1 停水区域</caption><thead><tr><th>区域</th><th colspan="2">时段</th></tr></thead><tbody><tr><td rowspan="2">城东</td><td>8时</td><td>10时</td></tr><tr><td>12时</td><td><p>14时</p><p>16时</p></td></tr><tr><td colspan="3">合计</td></tr></tbody></table>
<table><caption>表2 相邻的表</caption><tbody><tr><td>相邻的表</td></tr></tbody></table>
<figure><img src="/media/{sha256}" alt="大屏"><figcaption>供水调度中心</figcaption></figure>
<p style="text-align:center"><img src="/media/{sha256}" alt="无图注"></p>
<table><caption>表3 图片下面的表</caption><tbody><tr><td>丙</td></tr></tbody></table>
<hr><pre>第一行
第二行</pre><p>H<sub>2</sub>O 与 m<sup>2</sup>，<code>code</code>。<br>换行</p>
"""


def structure(html: str) -> list[str]:
    """Every block in order with its text and what it looks like; the paragraph inside an item or a cell is no block."""
    found: list[str] = []

    def walk(node: HtmlElement, within: str) -> None:
        for child in node:
            tag = str(child.tag)
            if tag in ("ul", "ol", "blockquote", "table", "thead", "tbody", "tr", "figure"):
                if tag not in ("thead", "tbody"):
                    found.append(f"{within}{tag}")
                walk(child, f"{within} " if tag not in ("thead", "tbody") else within)
            elif tag in ("li", "td", "th"):
                spans = "".join(
                    f" {name}={child.get(name)}" for name in ("colspan", "rowspan") if child.get(name, "1") != "1"
                )
                found.append(f"{within}{tag}{spans} {inline(child)}")
                walk(child, f"{within} ")
            elif tag == "img":
                found.append(f"{within}img {child.get('alt')} {child.get('src')}")
            elif tag == "p" and node.tag in ("li", "td", "th"):
                found.append(f"{within}~ {inline(child)}")
            else:
                side = re.search(r"text-align:(center|right)", child.get("style") or "")
                found.append(f"{within}{tag} {side.group(1) if side else ''} {inline(child)}")

    def inline(node: HtmlElement) -> str:
        own = copy.deepcopy(node)
        for block in list(own.iterdescendants("ul", "ol", "p", "table")):
            block.drop_tree()
        for picture in own.iter("img"):
            src, alt = picture.get("src"), picture.get("alt", "")
            picture.attrib.clear()
            picture.attrib.update({"alt": alt, "src": src})
        whole = lxml_html.tostring(own, encoding="unicode", with_tail=False)
        return whole.removeprefix(whole[: whole.index(">") + 1]).removesuffix(f"</{own.tag}>").strip()

    walk(lxml_html.fragment_fromstring(html, create_parent="div"), "")
    # The only paragraph of an item or a cell is the item or cell.
    lines: list[str] = []
    for line in found:
        if line.lstrip().startswith("~") and re.fullmatch(r" *(li|td|th)( \w+=\d+)* ", lines[-1]):
            lines[-1] += line.lstrip()[2:]
        else:
            lines.append(line)
    return lines


def written(world: World, now: datetime, **changes: object) -> Post:
    sha256 = add_media(world.author, unit_id=world.city.id, name="a.png", content=png(), now=now).sha256
    fields = {"title": "关于/停水的通知", "source": "青岚市水务局", "author": "王敏", "summary": "今晚停水。"}
    fields["body_html"] = BODY.replace("{sha256}", sha256)
    return posts.create_post(world.author, world.fields(**{**fields, **changes}), now)


def test_what_is_exported_comes_back_the_same(world: World, now: datetime) -> None:
    post = written(world, now)
    body = posts.current_revision(post).body_html
    exported = posts.export_document(world.author, post.id, now)
    assert exported.notes == []
    assert exported.name == "关于_停水的通知.docx"
    result = posts.import_document(
        world.author, unit_id=world.city.id, name=exported.name, content=exported.content, now=now
    )
    assert structure(result.fields["body_html"]) == structure(body)
    kept = {name: result.fields[name] for name in ("title", "source", "author", "summary")}
    assert kept == {"title": "关于/停水的通知", "source": "青岚市水务局", "author": "王敏", "summary": "今晚停水。"}
    assert any("2026年7月12日" in note for note in result.notes)


def test_it_looks_like_an_official_document(world: World, now: datetime) -> None:
    exported = posts.export_document(world.reviewers[0], written(world, now).id, now)
    document = docx.Document(io.BytesIO(exported.content))
    page = document.sections[0]
    assert [round(side.mm) for side in (page.page_width, page.page_height) if side is not None] == [210, 297]
    faces = {name: document.styles[name].element.rPr.rFonts.get(qn("w:eastAsia")) for name in ("Title", "Body Text")}
    assert faces == {"Title": "方正小标宋简体", "Body Text": "仿宋_GB2312"}
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        table = archive.read("word/fontTable.xml").decode()
        text = archive.read("word/document.xml").decode()
    for face in faces.values():
        assert re.search(f'w:name="{face}"><w:altName w:val="[^"]*(?:宋体|仿宋)', table)
    assert 'descr="大屏"' in text
    assert text.count("<w:tblHeader/>") == 1
    assert document.core_properties.title == "关于/停水的通知"
    # Two lists of numbers: the second counts from one again.
    numbers = [p._p.pPr.numPr.numId.val for p in document.paragraphs if p.text in ("先看", "后办", "重新编号")]
    assert numbers[0] == numbers[1] != numbers[2]


def test_every_cell_of_a_table_has_its_place(world: World, now: datetime) -> None:
    exported = posts.export_document(world.author, written(world, now).id, now)
    table = docx.Document(io.BytesIO(exported.content)).tables[0]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["区域", "时段", "时段"],
        ["城东", "8时", "10时"],
        ["城东", "12时", "14时\n16时"],
        ["合计", "合计", "合计"],
    ]


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("<table><tr>" + "<td>甲</td>" * 64 + "</tr></table>", "63 列"),
        ('<table><tr><td colspan="9999" rowspan="70000">甲</td><td>乙</td></tr><tr><td>丙</td></tr></table>', "63 列"),
    ],
)
def test_a_table_too_wide_for_word_is_written_as_lines(world: World, now: datetime, body: str, note: str) -> None:
    exported = posts.export_document(world.author, written(world, now, body_html=body).id, now)
    assert any(note in said for said in exported.notes)
    assert "甲" in "".join(p.text for p in docx.Document(io.BytesIO(exported.content)).paragraphs)


def test_ragged_and_overlapping_cells_do_not_break_the_file(world: World, now: datetime) -> None:
    body = (
        '<table><tr><td rowspan="3">甲</td><td>乙</td></tr><tr><td colspan="2" rowspan="2">丙</td></tr><tr></tr>'
        "<tr><td>丁</td></tr></table>"
    )
    exported = posts.export_document(world.author, written(world, now, body_html=body).id, now)
    table = docx.Document(io.BytesIO(exported.content)).tables[0]
    assert [row.cells[0].text for row in table.rows] == ["甲", "甲", "甲", "丁"]


def test_only_who_may_read_it_exports_and_it_is_recorded(world: World, now: datetime) -> None:
    post = written(world, now)
    with pytest.raises(NotFound):
        posts.export_document(world.outsider, post.id, now)
    posts.export_document(world.author, post.id, now)
    events = list(db.session.scalars(select(Event).where(Event.action == "post.export")))
    assert [(event.object_id, event.actor_id) for event in events] == [(post.id, world.author.user_id)]


def test_an_empty_post_is_exported_too(world: World, now: datetime) -> None:
    post = posts.create_post(world.author, world.fields(title="", body_html="", summary=""), now)
    exported = posts.export_document(world.author, post.id, now)
    assert exported.name == "未命名稿件.docx"
    assert docx.Document(io.BytesIO(exported.content)).paragraphs[0].text == "未命名"
