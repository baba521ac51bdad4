"""The samples become posts; what cannot be imported is refused with cause and remedy."""

from __future__ import annotations

import base64
import dataclasses
import io
import re
import time
import zipfile
from datetime import datetime

import docx
import openpyxl
import openpyxl.utils.cell
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from flask import Flask
from sqlalchemy import select

from app.config import Config
from app.db import db
from app.errors import Invalid, NotFound, TandemError, TooLarge, WrongKind
from app.media.models import Media
from app.media.services import add_media
from app.posts import services as posts
from app.posts.services import Imported
from tests.app.posts.helpers import SAMPLES, World, png


def imported(world: World, name: str, **files: bytes) -> Imported:
    content = (SAMPLES / name).read_bytes()
    given = {key.replace("__", "."): value for key, value in files.items()}
    return posts.import_document(
        world.author, unit_id=world.city.id, name=name, content=content, now=world.now, files=given
    )


def test_markdown_with_front_matter(world: World) -> None:
    result = imported(world, "weather-warning.md")
    fields = result.fields
    assert fields["title"] == "青岚市气象台升级发布暴雨橙色预警信号"
    assert fields["summary"].startswith("预计未来3小时")
    assert (fields["source"], fields["author"], fields["tags"]) == ("青岚市气象台", "值班室", ["天气预警", "应急"])
    assert fields["urgent"] is True
    assert fields["body_html"].startswith("<p>青岚市气象台2026年7月12日16时40分")
    assert fields["body_html"].count("<li>") == 4
    assert "---" not in fields["body_html"]


def test_pictures_of_markdown_are_asked_for_or_imported(world: World) -> None:
    result = imported(world, "rumor-rebuttal.md")
    assert result.missing == ["images/dispatch-center.jpg"]
    assert any("供水调度中心大屏" in note and "上传" in note for note in result.notes)
    assert "<img" not in result.fields["body_html"]
    picture = (SAMPLES / "images" / "dispatch-center.jpg").read_bytes()
    result = imported(world, "rumor-rebuttal.md", **{"dispatch-center__jpg": picture})
    assert result.missing == []
    media = db.session.scalars(select(Media)).one()
    assert f'<img src="/media/{media.sha256}" alt="供水调度中心大屏">' in result.fields["body_html"]
    assert "👨‍👩‍👧‍👦" in result.fields["body_html"]
    assert "【服务大厅—停水公告】" in result.fields["body_html"]


def test_a_word_document_brings_its_pictures_into_the_library(world: World) -> None:
    result = imported(world, "policy-interpretation.docx")
    body = result.fields["body_html"]
    media = db.session.scalars(select(Media)).one()
    assert f'src="/media/{media.sha256}"' in body
    assert "base64" not in body
    assert result.fields["title"] == "《青岚市住房租赁管理办法》解读"
    assert result.fields["source"] == "青岚市住房和城乡建设局"
    assert body.count("<h2>") == 4
    assert body.count("<li>") == 5
    assert body.count("<tr>") == 5
    assert "1 张图片已存入素材库。" in result.notes


def test_a_word_document_keeps_what_is_centred_or_on_the_right(world: World) -> None:
    """Set on the paragraph, by its style, or by the style that this one is based on; with a picture, too."""
    letter = docx.Document()
    by_style = letter.styles.add_style("落款", WD_STYLE_TYPE.PARAGRAPH)
    by_style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    letter.styles.add_style("日期", WD_STYLE_TYPE.PARAGRAPH).base_style = by_style
    letter.add_paragraph("关于汛期安全的通告", style="Title")
    letter.add_heading("第一部分", 2).alignment = WD_ALIGN_PARAGRAPH.CENTER
    letter.add_paragraph("各有关单位要落实责任。").alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    picture = letter.add_paragraph()
    picture.alignment = WD_ALIGN_PARAGRAPH.CENTER
    picture.add_run().add_picture(io.BytesIO(png()))
    letter.add_paragraph("青岚市水务局", style="落款")
    letter.add_paragraph("7月12日", style="日期")
    letter.add_paragraph("居中一项", style="List Bullet").alignment = WD_ALIGN_PARAGRAPH.CENTER
    out = io.BytesIO()
    letter.save(out)
    fields = posts.import_document(
        world.author, unit_id=world.city.id, name="通告.docx", content=out.getvalue(), now=world.now
    ).fields
    body = fields["body_html"]
    assert fields["title"] == "关于汛期安全的通告"
    assert '<h2 style="text-align:center">第一部分</h2>' in body
    assert "<p>各有关单位要落实责任。</p>" in body
    assert re.search(r'<p style="text-align:center"><img [^>]*src="/media/[0-9a-f]{64}"', body)
    assert '<p style="text-align:right">青岚市水务局</p>' in body
    assert '<p style="text-align:right">7月12日</p>' in body
    assert "<a" not in body
    assert "tandem-align" not in body


def test_a_page_saved_from_word(world: World) -> None:
    result = imported(world, "traffic-control-from-word.html")
    assert result.fields["title"] == "关于2026青岚马拉松赛期间道路交通管制的通告"
    assert result.fields["title"] not in result.fields["body_html"]
    assert result.fields["body_html"].count("rowspan") == 1


@pytest.mark.parametrize(
    "name", ["weather-warning.md", "rumor-rebuttal.md", "policy-interpretation.docx", "traffic-control-from-word.html"]
)
def test_the_samples_become_posts_without_a_blocking_problem(world: World, now: datetime, name: str) -> None:
    """The words of a picture that Word knows none of, its author still has to write."""
    post = posts.create_post(world.author, world.fields(**imported(world, name).fields), now)
    undescribed = name == "policy-interpretation.docx"
    for variant in posts.current_variants(post):
        assert [p for p in variant.problems if p["severity"] == "block"] == []
        assert any(p["rule"] == "media.alt" for p in variant.problems) == undescribed
        assert "<script" not in str(variant.payload)


def test_the_recruitment_sample_names_its_leaks(world: World, now: datetime) -> None:
    result = imported(world, "recruitment-publicity.docx")
    name = "recruitment-publicity-attachment.xlsx"
    attachment = add_media(
        world.author, unit_id=world.city.id, name=name, content=(SAMPLES / name).read_bytes(), now=now
    )
    post = posts.create_post(world.author, world.fields(**result.fields, attachments=[attachment.id]), now)
    problems = posts.current_variants(post)[0].problems
    fields = [p["field"] for p in problems if p["rule"].startswith("privacy.") and p["severity"] == "block"]
    assert fields.count("body") == 2
    assert fields.count(f"attachment:{name}") == 24
    sheet = openpyxl.load_workbook(SAMPLES / name).active
    assert sheet is not None
    listed = [p["message"] for p in problems if p["field"] == f"attachment:{name}"]
    for message in listed:
        cell = re.match(f"附件“{re.escape(name)}”工作表“{sheet.title}”([A-Z]+[0-9]+)中有未隐去的", message)
        assert cell, message
        # The cell that the message names is one with that very number in it.
        row, column = openpyxl.utils.cell.coordinate_to_tuple(cell.group(1))
        assert str(sheet.cell(row, column).value).strip()[:3] in message


def test_data_uris_are_imported_and_foreign_pictures_refused(world: World, now: datetime) -> None:
    data = "data:image/png;base64," + base64.b64encode(png()).decode()
    html = f'<p>甲<img src="{data}"></p><p><img src="https://cdn.example.com/a.jpg"></p><p><img src="/media/{"0" * 64}"></p>'
    post = posts.create_post(world.author, world.fields(body_html=html), now)
    revision = posts.current_revision(post)
    media = db.session.scalars(select(Media)).one()
    assert revision.body_html == f'<p>甲<img src="/media/{media.sha256}"></p>'
    assert any("cdn.example.com" in note and "素材库" in note for note in revision.notes)
    assert any("不在素材库中" in note for note in revision.notes)


def test_a_disguised_picture_is_left_out_with_a_word(world: World, now: datetime) -> None:
    svg = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").decode()
    post = posts.create_post(
        world.author, world.fields(body_html=f'<p>甲<img src="data:image/png;base64,{svg}"></p>'), now
    )
    revision = posts.current_revision(post)
    assert revision.body_html == "<p>甲</p>"
    assert any("没有导入" in note for note in revision.notes)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.doc", b"\xd0\xcf\x11\xe0" + b"x" * 50, WrongKind),
        ("a.pdf", b"%PDF-1.7 \x00", WrongKind),
        ("a.docx", b"not a zip", WrongKind),
        ("a.docx", b"PK\x03\x04broken", Invalid),
        ("a.md", b"\x00\x01\x02", WrongKind),
        ("a.txt", b"  ", Invalid),
        ("a.txt", b"\xff\xff\xfe\xfa\x80", Invalid),
    ],
)
def test_what_cannot_be_read_is_refused(world: World, name: str, content: bytes, error: type[TandemError]) -> None:
    with pytest.raises(error) as refused:
        posts.import_document(world.author, unit_id=world.city.id, name=name, content=content, now=world.now)
    assert refused.value.message.count("。") >= 3


def test_an_empty_zip_called_docx_is_refused(world: World) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.txt", "x")
    with pytest.raises(Invalid):
        posts.import_document(world.author, unit_id=world.city.id, name="a.docx", content=out.getvalue(), now=world.now)


def test_thirty_megabytes_are_refused_clearly(world: World) -> None:
    with pytest.raises(TooLarge) as refused:
        posts.import_document(
            world.author, unit_id=world.city.id, name="大.docx", content=b"x" * (30 << 20), now=world.now
        )
    assert "20 MB" in refused.value.message
    assert "30 MB" in refused.value.message


def test_only_a_writer_of_the_unit_imports(world: World) -> None:
    with pytest.raises(NotFound):
        posts.import_document(world.outsider, unit_id=world.city.id, name="a.txt", content=b"x", now=world.now)


def test_older_encodings_are_read(world: World) -> None:
    content = "关于停水的通知\n\n今日停水，请储水备用。".encode("gb18030")
    result = posts.import_document(world.author, unit_id=world.city.id, name="a.txt", content=content, now=world.now)
    assert result.fields == {"title": "关于停水的通知", "body_html": "<p>今日停水，请储水备用。</p>"}


def test_the_limit_is_the_configured_one(app: Flask, config: Config, world: World) -> None:
    app.extensions["tandem_config"] = dataclasses.replace(config, max_upload_bytes=1024 * 1024)
    with pytest.raises(TooLarge) as refused:
        posts.import_document(
            world.author, unit_id=world.city.id, name="a.txt", content=b"x" * (2 << 20), now=world.now
        )
    assert "1 MB" in refused.value.message


def test_open_tags_without_end_are_read_at_once(world: World, now: datetime) -> None:
    for content in (b"<html " * 60_000, b"<!--StartFragment-->" * 60_000):
        begun = time.process_time()
        read = posts.import_document(world.author, unit_id=world.city.id, name="a.html", content=content, now=now)
        assert read.fields["body_html"] == ""
        assert time.process_time() - begun < 10


def test_a_letter_whose_text_bursts_is_refused_unread(world: World, now: datetime) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (21 * 1024 * 1024))
    with pytest.raises(TooLarge, match="20 MB"):
        posts.import_document(world.author, unit_id=world.city.id, name="a.docx", content=out.getvalue(), now=now)


@pytest.mark.parametrize(
    ("line", "source", "left", "told"),
    [
        ("（来源：青岚市住建局）", "青岚市住建局", "", "原行不再重复"),
        ("（来源：青岚市住建局　责任编辑：王敏）", "青岚市住建局", "<p>（责任编辑：王敏）</p>", "“责任编辑：王敏”"),
        ("信息来源：新华社 编辑：李静、陈静", "新华社", "<p>编辑：李静、陈静</p>", "仍留在文末"),
    ],
)
def test_a_source_line_loses_nothing_else_that_it_says(
    world: World, line: str, source: str, left: str, told: str
) -> None:
    content = f"标题在这里\n\n正文第一段。\n\n{line}".encode()
    result = posts.import_document(world.author, unit_id=world.city.id, name="a.txt", content=content, now=world.now)
    assert result.fields["source"] == source
    assert result.fields["body_html"] == f"<p>正文第一段。</p>{left}"
    assert any(told in note for note in result.notes)


def test_a_full_disk_is_no_damaged_document(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.posts.pictures.add_media", full)
    name = "policy-interpretation.docx"
    with pytest.raises(OSError, match="No space left"):
        posts.import_document(
            world.author, unit_id=world.city.id, name=name, content=(SAMPLES / name).read_bytes(), now=world.now
        )
