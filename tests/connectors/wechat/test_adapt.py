"""Adapting a post to a WeChat article: what is kept, what is changed with a note, what blocks."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from connectors.values import Adaptation, Content
from connectors.wechat import article
from connectors.wechat.pictures import centred_crop, is_crop
from tests.connectors.conftest import SAMPLES
from tests.connectors.fakes import MemoryMedia
from tests.connectors.wechat.conftest import LINK, Make, post

WORD = (SAMPLES / "traffic-control-from-word.html").read_text(encoding="utf-8")


def sha(media: MemoryMedia, name: str) -> str:
    return next(image.sha256 for image in media.images.values() if image.media_id == name)


def notes(adapted: Adaptation) -> dict[str, str]:
    return {note.kind: note.message for note in adapted.notes}


def blocked(adapted: Adaptation) -> set[str]:
    return {problem.field for problem in adapted.problems if problem.severity == "block"}


def test_the_payload_has_the_parts_of_the_contract_and_nothing_else(make: Make) -> None:
    adapted = make(mode="mass").adapt(post())
    assert set(adapted.payload) == {
        "title", "author", "digest", "content_html", "cover", "source_url", "comments", "delivery",
    }  # fmt: skip
    assert set(adapted.payload["cover"]) == {"media_id", "sha256", "crops"}
    assert adapted.payload["delivery"] == {
        "mode": "mass", "audience": {"is_to_all": True}, "send_ignore_reprint": 0,
    }  # fmt: skip
    assert adapted.payload["source_url"] == LINK
    assert adapted.payload["comments"] is True
    assert not adapted.problems
    json.dumps(adapted.payload)


def test_the_same_content_gives_the_same_bytes(make: Make, media: MemoryMedia) -> None:
    content = post(body_html=WORD + f'<img src="/media/{sha(media, "route-map.bmp")}">')
    first = json.dumps(make().adapt(content).payload, sort_keys=True)
    media.recipes.clear()
    assert json.dumps(make().adapt(content).payload, sort_keys=True) == first


@pytest.mark.parametrize(
    "left_over", ["<script", "<iframe", "<style", "class=", " id=", "position", "<o:p", "mso-", "var(", "<form"]
)
def test_nothing_stays_that_wechat_would_take_out(make: Make, left_over: str) -> None:
    html = WORD + '<form><p style="position:fixed;color:var(--x)" id="a" class="b">表单里的字</p></form>'
    adapted = make().adapt(post(body_html=html))
    assert left_over not in adapted.payload["content_html"]
    assert "表单里的字" in adapted.payload["content_html"]


def test_dropped_tags_are_named_in_a_note(make: Make) -> None:
    told = notes(make().adapt(post(body_html=WORD + "<video src='x'></video>")))["unsupported"]
    assert "脚本 1 处" in told
    assert "内嵌页面 1 处" in told
    assert "视频 1 处" in told


def test_tables_stay_tables_with_merged_cells_and_borders(make: Make) -> None:
    html = make().adapt(post(body_html=WORD)).payload["content_html"]
    assert html.count("<tr>") == 4
    assert 'rowspan="2"' in html
    assert len(re.findall(r"<td[^>]*border:1px solid", html)) == 11


def test_short_heads_of_rows_keep_one_line_and_no_line_is_stretched(make: Make) -> None:
    rows = "<tr><th>事项</th><th>标准</th></tr><tr><td>押金</td><td>不超过一个月</td></tr><tr><td>住房租赁企业登记</td><td>三十日内</td></tr>"
    html = (
        make()
        .adapt(post(body_html=f"<p>见 https://www.example.gov.cn/a/very/long/address</p><table>{rows}</table>"))
        .payload["content_html"]
    )
    cells = {found[1]: found[0] for found in re.findall(r"<t[hd]([^>]*)>([^<]*)", html)}
    assert "nowrap" in cells["事项"]
    assert "nowrap" in cells["押金"]
    assert "nowrap" not in cells["标准"] + cells["住房租赁企业登记"] + cells["不超过一个月"]
    assert "justify" not in html


def test_a_wide_table_scrolls_sideways_and_a_note_says_so(make: Make) -> None:
    row = "<tr>" + "<td>数</td>" * 7 + "</tr>"
    adapted = make().adapt(post(body_html=f"<p>表：</p><table>{row * 2}</table>"))
    assert "overflow-x:auto" in adapted.payload["content_html"]
    assert "7 列" in notes(adapted)["table"]


def test_external_links_become_numbered_references_and_wechat_links_stay(make: Make) -> None:
    html = WORD + '<p><a href="http://jj.qinglan.example.cn/map">再看示意图</a></p>'
    adapted = make().adapt(post(body_html=html))
    content = adapted.payload["content_html"]
    assert '<a href="https://mp.weixin.qq.com/s/abcdefghijk">' in content
    assert content.count("<a ") == 1
    assert "管制示意图[1]" in content
    assert "再看示意图[1]" in content
    assert "[1] 管制示意图：http://jj.qinglan.example.cn/map" in content
    assert notes(adapted)["links"] == "1 个外链转为文末注释。"


def test_references_go_on_where_the_texts_own_notes_end(make: Make) -> None:
    html = '<p>见注[2]、<a href="https://www.gov.cn/a">国务院</a>，<a href="https://www.gov.cn/b">原文<br>附件</a>。</p><p>[2] 自注。</p>'
    adapted = make().adapt(post(body_html=html))
    content = adapted.payload["content_html"]
    assert "国务院[3]" in content
    assert "[3] 国务院：https://www.gov.cn/a" in content
    assert "[4] 原文 附件：https://www.gov.cn/b" in content
    assert notes(adapted)["links"] == "2 个外链转为文末注释，编号接在文中已有的 [2] 之后。"


def test_a_host_that_only_looks_like_wechats_is_external(make: Make) -> None:
    html = '<p>见<a href="https://mp.weixin.qq.com.evil.example/s/1">此处</a>。</p>'
    assert "<a " not in make().adapt(post(body_html=html)).payload["content_html"]


def test_links_that_are_no_web_addresses_are_named_when_their_address_is_lost(make: Make) -> None:
    html = (
        '<p><a href="mailto:wb@qinglan.gov.cn">信箱</a>、<a href="/p/old">旧文</a>、<a href="tel:12345">12345</a>。</p>'
    )
    assert "1 个链接" in notes(make().adapt(post(body_html=html)))["links_lost"]


def test_javascript_links_are_gone_and_their_text_stays(make: Make) -> None:
    content = (
        make().adapt(post(body_html='<p><a href="javascript:alert(1)">点这里</a>看。</p>')).payload["content_html"]
    )
    assert "点这里看" in content
    assert "javascript" not in content


def test_text_after_the_end_of_a_pasted_document_is_not_lost(make: Make) -> None:
    html = "<html><head><title>t</title></head><body><p>前。</p></body></html><p>后。</p>"
    content = make().adapt(post(body_html=html)).payload["content_html"]
    assert "前。" in content
    assert "后。" in content


def test_emoji_and_signs_survive_unescaped_once(make: Make) -> None:
    content = make().adapt(post(body_html="<p>👨‍👩‍👧 5 &lt; 7 &amp; “引号”【括号】</p>")).payload["content_html"]
    assert "👨‍👩‍👧 5 &lt; 7 &amp; “引号”【括号】" in content


def test_a_picture_over_one_megabyte_is_reencoded_before_approval(make: Make, media: MemoryMedia) -> None:
    noisy = sha(media, "crowd-noise.jpg")
    adapted = make().adapt(post(body_html=f'<p>见图。</p><img src="/media/{noisy}">'))
    (used,) = re.findall(r"/media/([0-9a-f]{64})", adapted.payload["content_html"])
    assert used != noisy
    assert media.images[used].size < 1_000_000
    assert notes(adapted)["images"] == "1 张图片压缩到 1 MB 以内。"


@pytest.mark.parametrize("name", ["route-map.bmp", "tiny.gif"])
def test_kinds_that_uploadimg_refuses_are_converted(make: Make, media: MemoryMedia, name: str) -> None:
    adapted = make().adapt(post(body_html=f'<p>图。</p><img src="/media/{sha(media, name)}">'))
    (used,) = re.findall(r"/media/([0-9a-f]{64})", adapted.payload["content_html"])
    assert media.images[used].content_type in ("image/png", "image/jpeg")
    assert "images" in notes(adapted)


def test_jpeg_and_png_within_the_limit_go_as_they_are(make: Make, media: MemoryMedia) -> None:
    poster = sha(media, "long-poster.png")
    adapted = make().adapt(post(body_html=f'<p>图。</p><img src="/media/{poster}">'))
    assert f"/media/{poster}" in adapted.payload["content_html"]
    assert "images" not in notes(adapted)


def test_a_foreign_picture_is_removed_with_a_warning_not_silently(make: Make) -> None:
    adapted = make().adapt(post(body_html='<p>图。</p><img src="https://example.com/a.png">'))
    assert "<img" not in adapted.payload["content_html"]
    assert [p.rule for p in adapted.problems if p.severity == "warn"] == ["wechat.foreign_image"]


def test_a_picture_missing_from_the_library_blocks(make: Make) -> None:
    adapted = make().adapt(post(body_html=f'<p>图。</p><img src="/media/{"0" * 64}">'))
    assert "content_html" in blocked(adapted)


def test_bytes_that_are_no_picture_block(make: Make, media: MemoryMedia) -> None:
    fake = media.images[sha(media, "tiny.gif")]
    media.data[fake.sha256] = b"<html>not a picture</html>"
    assert "content_html" in blocked(make().adapt(post(body_html=f'<p>图。</p><img src="/media/{fake.sha256}">')))


@pytest.mark.parametrize(("length", "blocks"), [(32, False), (33, True)])
def test_the_title_may_have_32_characters_and_is_never_cut(make: Make, length: int, blocks: bool) -> None:
    adapted = make().adapt(post(title="题" * length))
    assert adapted.payload["title"] == "题" * length
    assert ("title" in blocked(adapted)) is blocks


@pytest.mark.parametrize(("length", "blocks"), [(16, False), (17, True)])
def test_the_author_may_have_16_characters(make: Make, length: int, blocks: bool) -> None:
    assert ("author" in blocked(make().adapt(post(author="者" * length)))) is blocks


def test_a_problem_of_length_has_its_place(make: Make) -> None:
    (problem,) = make().adapt(post(title="题" * 40)).problems
    assert (problem.field, problem.start, problem.end) == ("title", 32, 40)


def test_without_a_summary_the_digest_is_made_of_the_first_running_paragraph(make: Make) -> None:
    adapted = make().adapt(post(summary="", title="关于道路交通管制的通告", body_html=WORD))
    assert adapted.payload["digest"].startswith("为确保2026青岚马拉松赛安全有序进行")
    assert notes(adapted)["summary"] == "摘要由首段生成。"


def test_a_long_summary_is_cut_at_a_sentence_with_a_note(make: Make) -> None:
    adapted = make().adapt(post(summary="市政府今天召开会议。" * 20))
    assert len(adapted.payload["digest"]) == 120
    assert adapted.payload["digest"].endswith("。")
    assert "按句截至 120 字" in notes(adapted)["summary"]


def test_a_summary_of_128_characters_is_kept(make: Make) -> None:
    adapted = make().adapt(post(summary="摘" * 128))
    assert adapted.payload["digest"] == "摘" * 128
    assert "summary" not in notes(adapted)


def test_the_source_is_shown_in_the_article(make: Make) -> None:
    assert "来源：青岚市气象局" in make().adapt(post()).payload["content_html"]


def test_long_articles_get_the_terse_theme_before_they_are_refused(make: Make) -> None:
    adapted = make().adapt(post(body_html="<p>一二三四五六七八九十一二三四五六七八九十</p>" * 420))
    assert "theme" in notes(adapted)
    assert adapted.length.used < article.CONTENT_CHARS
    assert "content_html" not in blocked(adapted)


def test_twenty_thousand_characters_with_tags_are_too_many(make: Make) -> None:
    adapted = make().adapt(post(body_html="<p>字</p>" * 3000))
    assert adapted.length.used >= 20_000
    assert "content_html" in blocked(adapted)


def test_the_length_counts_the_addresses_that_pictures_will_have(make: Make, media: MemoryMedia) -> None:
    picture = sha(media, "housing.png")
    html = make().adapt(post(body_html=f'<p>图。</p><img src="/media/{picture}">')).payload["content_html"]
    assert article.content_length(html) == len(html) + 160 - 71


def test_an_empty_body_and_a_missing_link_block(make: Make) -> None:
    adapted = make().adapt(post(body_html="<p>&nbsp;</p>", source="", link=""))
    assert {"content_html", "source_url"} <= blocked(adapted)


def test_the_cover_is_the_posts_own_then_the_first_picture(make: Make, media: MemoryMedia) -> None:
    cover, picture = media.images[sha(media, "cover-rain.jpg")], sha(media, "housing.png")
    html = f'<p>图。</p><img src="/media/{picture}">'
    assert make().adapt(post(cover=cover, body_html=html)).payload["cover"]["media_id"] == "cover-rain.jpg"
    adapted = make().adapt(post(body_html=html))
    assert adapted.payload["cover"]["sha256"] == picture
    assert "正文第一张" in notes(adapted)["cover"]


def test_without_pictures_the_cover_is_drawn_with_the_title(make: Make, media: MemoryMedia) -> None:
    first, second = (make().adapt(post(title=title)).payload["cover"]["sha256"] for title in ("甲通告", "乙通告"))
    assert first != second
    drawn = media.images[first]
    assert drawn.width / drawn.height == pytest.approx(2.35, abs=0.01)


def test_the_accounts_default_cover_is_drawn_on(make: Make, media: MemoryMedia) -> None:
    plain = make().adapt(post()).payload["cover"]["sha256"]
    adapted = make(settings={"default_cover": sha(media, "dispatch-center.jpg")}).adapt(post())
    assert adapted.payload["cover"]["sha256"] != plain
    assert "账号默认封面" in notes(adapted)["cover"]


def test_a_default_cover_that_is_gone_warns_and_falls_back(make: Make) -> None:
    adapted = make(settings={"default_cover": "1" * 64}).adapt(post())
    assert [p.rule for p in adapted.problems] == ["wechat.default_cover"]
    assert adapted.payload["cover"]["sha256"]


@pytest.mark.parametrize(("width", "height"), [(900, 383), (750, 4200), (1920, 1080), (120, 120), (3000, 100)])
def test_crops_have_the_ratio_asked_for(width: int, height: int) -> None:
    for ratio in (2.35, 1.0):
        crop = centred_crop(width, height, ratio)
        assert is_crop(crop), crop
        x1, y1, x2, y2 = (float(part) for part in crop.split("_"))
        assert (x2 - x1) * width / ((y2 - y1) * height) == pytest.approx(ratio, rel=0.01)


@pytest.mark.parametrize("crop", ["0_0_1_1.2", "0.5_0_0.4_1", "a_b_c_d", "0_0_1", "0.1234567_0_1_1", "-0.1_0_1_1"])
def test_wrong_crops_are_refused(make: Make, crop: str) -> None:
    assert not is_crop(crop)
    adapted = make().adapt(post(overrides={"cover": {"crops": {"1:1": crop}}}))
    assert "cover" in blocked(adapted)


def test_a_moved_crop_replaces_only_that_crop(make: Make) -> None:
    before = make().adapt(post()).payload["cover"]
    after = make().adapt(post(overrides={"cover": {"crops": {"1:1": "0_0_0.425926_1"}}})).payload["cover"]
    assert after["crops"] == {**before["crops"], "1:1": "0_0_0.425926_1"}
    assert after["sha256"] == before["sha256"]


OVERRIDES: list[tuple[str, Any]] = [
    ("title", "改过的标题"),
    ("author", "改过"),
    ("digest", "改过的摘要"),
    ("comments", False),
    ("delivery", {"mode": "publish", "audience": {"is_to_all": False, "tag_id": 3}, "send_ignore_reprint": 1}),
]


@pytest.mark.parametrize(("name", "value"), OVERRIDES)
def test_overrides_replace_the_adapted_value_and_are_marked(make: Make, name: str, value: Any) -> None:
    adapted = make().adapt(post(overrides={name: value}))
    assert adapted.payload[name] == value
    assert [note.kind for note in adapted.notes].count("override") == 1


def test_an_overridden_body_is_sanitised_and_keeps_its_own_styles(make: Make) -> None:
    html = '<p style="color:red;position:fixed" class="x">改<script>alert(1)</script></p><a href="http://a.cn/">甲</a>'
    content = make().adapt(post(overrides={"content_html": html})).payload["content_html"]
    assert '<p style="color:red">改</p>' in content
    assert "甲[1]" in content
    assert "script" not in content


def test_overriding_with_the_adapted_body_changes_nothing(make: Make, media: MemoryMedia) -> None:
    html = WORD + f'<figure><img src="/media/{sha(media, "housing.png")}"><figcaption>图一</figcaption></figure>'
    first = make().adapt(post(body_html=html)).payload["content_html"]
    again = make().adapt(post(body_html=html, overrides={"content_html": first})).payload["content_html"]
    assert again == first


@pytest.mark.parametrize(
    "delivery",
    [
        {"mode": "shout"},
        {"mode": "mass"},
        {"mode": "draft"},
        {"audience": {"is_to_all": False}},
        {"audience": "all"},
        {"send_ignore_reprint": 7},
    ],
)
def test_an_impossible_delivery_blocks(make: Make, delivery: dict[str, Any]) -> None:
    assert "delivery" in blocked(make().adapt(post(overrides={"delivery": delivery})))


def test_a_mass_account_may_publish_quietly_and_a_draft_account_only_hand_over(make: Make) -> None:
    quiet = {"delivery": {"mode": "publish"}}
    assert not blocked(make(mode="mass").adapt(post(overrides=quiet)))
    assert "delivery" in blocked(make(mode="draft").adapt(post(overrides=quiet)))


def test_every_sample_adapts_without_external_pictures_or_scripts(make: Make) -> None:
    for path in sorted(SAMPLES.glob("*.html")):
        adapted = make().adapt(Content(title="样稿", body_html=path.read_text(encoding="utf-8"), link=LINK))
        assert not blocked(adapted), path.name
        assert not re.search(r'<img[^>]*src="(?!/media/)', adapted.payload["content_html"])


@pytest.mark.parametrize("name", ["cover", "comments", "delivery"])
def test_an_override_of_the_wrong_kind_blocks(make: Make, name: str) -> None:
    assert name in blocked(make().adapt(post(overrides={name: "yes"})))


def test_an_override_reset_to_nothing_is_no_override(make: Make) -> None:
    adapted = make().adapt(post(overrides={"title": None}))
    assert adapted.payload["title"] == post().title
    assert "override" not in notes(adapted)


def test_unused_tags_are_said(make: Make) -> None:
    assert "标签" in notes(make().adapt(post(tags=("防汛",))))["tags"]


@pytest.mark.parametrize("depth", [300, 20_000])
def test_what_is_nested_too_deep_to_be_read_blocks_and_is_not_lost_silently(make: Make, depth: int) -> None:
    html = "<p>前。</p>" + "<div>" * depth + "深处" + "</div>" * depth + "<p>后。</p>"
    adapted = make().adapt(post(body_html=html))
    assert "深处" in adapted.payload["content_html"] or "content_html" in blocked(adapted)
    assert "content_html" in blocked(make().adapt(post(body_html="<p>前。</p><!-- 没有闭合 <p>后。</p>")))


def test_ordinary_nesting_is_read_to_the_end(make: Make) -> None:
    adapted = make().adapt(post(body_html="<div>" * 100 + "深处" + "</div>" * 100 + "<p>后。</p>"))
    assert "深处" in adapted.payload["content_html"]
    assert "后。" in adapted.payload["content_html"]
    assert "data-end" not in adapted.payload["content_html"]
    assert not blocked(adapted)


def test_what_the_account_puts_above_and_below_every_article(make: Make, media: MemoryMedia) -> None:
    """It is in the body; digest and cover are made from the post's own."""
    banner = f'<p><img src="/media/{sha(media, "route-map.bmp")}"></p><p>点击上方关注青岚发布。</p>'
    content = post(summary="", source="")
    adapted = make(settings={"head_html": banner, "foot_html": "编辑：<王>\n监制：李"}).adapt(content)
    html = adapted.payload["content_html"]
    order = [html.index(words) for words in ("关注青岚发布", "市气象台今天", "&lt;王&gt;</p>", "监制：李</p>")]
    assert order == sorted(order)
    plain = make().adapt(content)
    assert adapted.payload["digest"] == plain.payload["digest"]
    assert adapted.payload["cover"] == plain.payload["cover"]
    assert "frame" in notes(adapted)
    assert "frame" not in notes(plain)
    assert blocked(make(settings={"head_html": banner}).adapt(post(body_html="", source=""))) == {"content_html"}
