"""From a post to a Weibo text: what is kept, what is said about the rest, and what stops it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from connectors.values import Adaptation, Content
from connectors.weibo.length import half_units, literal_units
from connectors.weibo.links import ascii_link, carries
from tests.connectors.fakes import MemoryMedia
from tests.connectors.weibo.conftest import LINK, UID, Make

LONG = "市水务局今天通报供水情况，全市供水正常。" * 12


def by_name(media: MemoryMedia, name: str) -> str:
    return next(sha256 for sha256, image in media.images.items() if image.media_id == name)


def img(media: MemoryMedia, name: str) -> str:
    return f'<img src="/media/{by_name(media, name)}">'


def text(adaptation: Adaptation) -> str:
    return str(adaptation.payload["text"])


def kinds(adaptation: Adaptation) -> list[str]:
    return [note.kind for note in adaptation.notes]


def rules(adaptation: Adaptation, severity: str = "block") -> list[str]:
    return [problem.rule for problem in adaptation.problems if problem.severity == severity]


def test_payload_is_that_of_the_contract(make: Make, content: Content, media: MemoryMedia) -> None:
    adaptation = make().adapt(content)
    assert adaptation.payload == {
        "text": f"【{content.title}】{content.summary} {LINK}",
        "images": [{"media_id": "cover-rain.jpg", "sha256": by_name(media, "cover-rain.jpg")}],
        "link": LINK,
        "delivery": {"mode": "statuses/share"},
    }
    assert (adaptation.notes, adaptation.problems) == ((), ())
    assert (adaptation.length.unit, adaptation.length.limit) == ("字", 140)
    assert adaptation.length.used == (half_units(text(adaptation)) + 1) // 2


def test_a_title_in_brackets_is_not_bracketed_again(make: Make, content: Content) -> None:
    assert text(make().adapt(replace(content, title="【提醒】明天降温"))).startswith("【提醒】明天降温预计")


def test_without_a_summary_the_leading_sentences(make: Make, content: Content) -> None:
    body = f"<h2>小标题</h2><p>第一段说完了。</p><table><tr><td>1</td></tr></table><p>{LONG}</p>"
    adaptation = make().adapt(replace(content, summary="", body_html=body))
    assert text(adaptation).startswith(f"【{content.title}】小标题\n第一段说完了。\n市水务局")
    assert text(adaptation).endswith(f"。 {LINK}")
    assert set(kinds(adaptation)) == {"summary", "table", "cut"}
    assert literal_units(text(adaptation)) <= 280


def test_the_title_is_not_said_twice(make: Make, content: Content) -> None:
    adaptation = make().adapt(replace(content, summary="", body_html=f"<p>{content.title}</p><p>正文说完了。</p>"))
    assert text(adaptation) == f"【{content.title}】正文说完了。 {LINK}"


def test_every_cut_has_a_note(make: Make, content: Content) -> None:
    adaptation = make().adapt(replace(content, summary=LONG))
    assert kinds(adaptation) == ["cut"]
    assert "链接" in adaptation.notes[0].message
    assert rules(adaptation) == []


@pytest.mark.parametrize("size", range(1, 30))
def test_never_too_long_never_without_link(make: Make, content: Content, size: int) -> None:
    words = "停水通知👨‍👩‍👧‍👦（含46.8万户）“请储水”，" * size + "谢谢。"
    adaptation = make().adapt(replace(content, summary=words))
    assert half_units(text(adaptation)) <= 280
    assert text(adaptation).endswith(f" {LINK}")
    assert rules(adaptation) == []


def test_a_title_that_cannot_fit_blocks(make: Make, content: Content) -> None:
    adaptation = make().adapt(replace(content, title="长" * 140))
    assert rules(adaptation) == ["weibo.length"]
    assert text(adaptation).startswith("【" + "长" * 140)


def test_fitting_by_the_algorithm_only_is_a_warning(make: Make, content: Content) -> None:
    link = "https://www.qinglan.gov.cn/p/" + "x" * 60 + "?w=1"
    summary = "好" * 120 + "。"
    adaptation = make().adapt(replace(content, title="题", summary=summary, link=link))
    assert summary in text(adaptation)
    assert rules(adaptation, "warn") == ["weibo.length.literal"]
    assert rules(adaptation) == []


def test_topics_of_level_share_are_left_out_with_a_note(make: Make, content: Content) -> None:
    adaptation = make().adapt(replace(content, tags=("天气", "预警"), summary="关注#暴雨预警#信息。"))
    assert "#" not in text(adaptation)
    assert "关注暴雨预警信息。" in text(adaptation)
    assert kinds(adaptation) == ["topics", "topics"]


def test_the_number_of_a_building_stays_its_number(make: Make, content: Content) -> None:
    adaptation = make().adapt(replace(content, summary="1#楼和2#楼今日停水。"))
    assert "1号楼和2号楼今日停水。" in text(adaptation)
    assert kinds(adaptation) == ["topics"]
    assert "C#课程开班。" in text(make().adapt(replace(content, summary="C#课程开班。")))


def test_a_topic_set_by_hand_blocks_at_level_share(make: Make, content: Content) -> None:
    adaptation = make().adapt(replace(content, overrides={"text": f"说 #暴雨# 事 {LINK}"}))
    assert rules(adaptation) == ["weibo.topic"]


def test_a_topic_has_no_mark_within(make: Make, content: Content) -> None:
    adaptation = make(mode="full").adapt(replace(content, tags=("C#课程",)))
    assert text(adaptation).endswith(f"。 #C课程# {LINK}")
    assert "topics" in kinds(adaptation)


@pytest.mark.parametrize("mode", ["full", "business"])
def test_topics_where_the_level_allows(make: Make, content: Content, mode: str) -> None:
    adaptation = make(mode=mode).adapt(replace(content, tags=("天气", "#预警#", "天气")))
    assert text(adaptation).endswith(f"。 #天气# #预警# {LINK}")


def test_other_links_do_not_come_along(make: Make, content: Content) -> None:
    body = '<p>见<a href="https://a.example">甲</a>、<a href="https://b.example">乙</a></p>'
    adaptation = make().adapt(replace(content, summary="详见 https://a.example/x 页面。", body_html=body))
    assert re.findall(r"https?://", text(adaptation)) == ["https://"]
    assert kinds(adaptation) == ["links", "links"]
    assert "2 个链接" in adaptation.notes[1].message


@pytest.mark.parametrize(
    ("link", "domain", "told"),
    [
        ("", "www.qinglan.gov.cn", "没有文章链接"),
        (LINK, "", "安全域名"),
        (LINK, "qinglan.gov.cn", "www"),
        ("https://qinglan.gov.cn/p/1?w=1", "www.qinglan.gov.cn", "www"),
        ("https://evil.example/p/1", "www.qinglan.gov.cn", "evil.example"),
        ("http://127.0.0.1:8000/p/1", "127.0.0.1:8001", "127.0.0.1:8001"),
        ("www.qinglan.gov.cn/p/1", "www.qinglan.gov.cn", "http"),
        ("https://[bad/p/1", "www.qinglan.gov.cn", "http"),
        ("https://[坏/p/1", "www.qinglan.gov.cn", "http"),
        (LINK, "https://[bad", "安全域名"),
    ],
)
def test_a_link_that_weibo_would_refuse_blocks(make: Make, content: Content, link: str, domain: str, told: str) -> None:
    connector = make(credentials={"safe_domain": domain})
    problems = list(connector.adapt(replace(content, link=link)).problems)
    assert [problem.rule for problem in problems] == ["weibo.link"]
    assert told in problems[0].message


@pytest.mark.parametrize("domain", ["WWW.Qinglan.gov.cn", "https://www.qinglan.gov.cn/", " www.qinglan.gov.cn "])
def test_the_safe_domain_as_people_enter_it(make: Make, content: Content, domain: str) -> None:
    assert rules(make(credentials={"safe_domain": domain}).adapt(content)) == []


def test_a_host_with_a_port_is_compared_with_it(make: Make, content: Content) -> None:
    connector = make(credentials={"safe_domain": "127.0.0.1:8000"})
    assert rules(connector.adapt(replace(content, link="http://127.0.0.1:8000/p/x?w=1"))) == []


def test_a_link_is_ascii(make: Make, content: Content) -> None:
    link = "https://www.qinglan.gov.cn/p/通知?w=a1"
    payload = make().adapt(replace(content, link=link)).payload
    assert payload["link"] == "https://www.qinglan.gov.cn/p/%E9%80%9A%E7%9F%A5?w=a1"
    assert str(payload["text"]).endswith(" " + payload["link"])
    assert ascii_link("https://青岚.example/a%20b") == "https://" + "青岚".encode("idna").decode() + ".example/a%20b"


def test_an_own_text_without_the_link_blocks(make: Make, content: Content) -> None:
    for own in ("没有链接", f"贴着字{LINK}", f"{LINK}，后面", f"全角空格\u3000{LINK}"):
        adaptation = make().adapt(replace(content, overrides={"text": own}))
        assert rules(adaptation) == ["weibo.link.missing"], own
        assert text(adaptation) == own


def test_overrides_replace_and_are_noted(make: Make, content: Content, media: MemoryMedia) -> None:
    own = f"作者自己写的。\r\n{LINK}"
    chosen = [{"media_id": "x", "sha256": by_name(media, "housing.png")}]
    adaptation = make().adapt(replace(content, overrides={"text": own, "images": chosen, "title": "别的平台"}))
    assert text(adaptation) == own.replace("\r\n", "\n")
    assert [image["sha256"] for image in adaptation.payload["images"]] == [chosen[0]["sha256"]]
    assert [note.message[:2] for note in adaptation.notes if note.kind == "override"] == ["文字", "图片"]


def test_a_reset_override_is_none(make: Make, content: Content) -> None:
    adaptation = make().adapt(replace(content, overrides={"text": None, "images": None}))
    assert adaptation == make().adapt(content)


@pytest.mark.parametrize("given", ["x", [1], [{"sha": "a"}], {"a": 1}])
def test_an_images_override_of_the_wrong_form_blocks(make: Make, content: Content, given: Any) -> None:
    assert "weibo.images.form" in rules(make().adapt(replace(content, overrides={"images": given})))


def test_more_own_images_than_fit_block(make: Make, content: Content, media: MemoryMedia) -> None:
    given = [{"sha256": by_name(media, name)} for name in ("housing.png", "cover-rain.jpg")]
    assert rules(make().adapt(replace(content, overrides={"images": given}))) == ["weibo.images.count"]


def test_a_delivery_of_another_level_blocks(make: Make, content: Content) -> None:
    given = {"mode": "statuses/update"}
    assert rules(make().adapt(replace(content, overrides={"delivery": given}))) == ["weibo.delivery"]


def test_cover_first_then_the_body_without_repeats(make: Make, content: Content, media: MemoryMedia) -> None:
    body = f"<p>{img(media, 'housing.png')}{img(media, 'cover-rain.jpg')}{img(media, 'tiny.gif')}</p>"
    several = replace(content, body_html=body)
    names = [image["media_id"] for image in make(mode="business").adapt(several).payload["images"]]
    assert names == ["cover-rain.jpg", "housing.png", "tiny.gif"]
    one = make().adapt(several)
    assert [image["media_id"] for image in one.payload["images"]] == ["cover-rain.jpg"]
    assert "其余 2 图" in next(note.message for note in one.notes if note.kind == "images")


def test_a_bmp_becomes_a_jpeg_and_its_bytes_are_those_of_the_payload(
    make: Make, content: Content, media: MemoryMedia
) -> None:
    adaptation = make().adapt(replace(content, cover=media.images[by_name(media, "route-map.bmp")]))
    sha256 = adaptation.payload["images"][0]["sha256"]
    assert media.images[sha256].content_type == "image/jpeg"
    assert media.read(sha256)[:3] == b"\xff\xd8\xff"
    assert kinds(adaptation) == ["image"]
    make().adapt(replace(content, cover=media.images[by_name(media, "route-map.bmp")]))
    assert media.derived == 1


def test_a_gif_stays_a_gif(make: Make, content: Content, media: MemoryMedia) -> None:
    gif = media.images[by_name(media, "tiny.gif")]
    assert make().adapt(replace(content, cover=gif)).payload["images"][0]["sha256"] == gif.sha256


def test_a_lost_picture_blocks(make: Make, content: Content) -> None:
    body = f'<img src="/media/{"0" * 64}">'
    assert rules(make().adapt(replace(content, cover=None, body_html=body))) == ["weibo.image.missing"]


@pytest.mark.parametrize("address", ["", "192.168.1.5", "127.0.0.1", "10.0.0.1", "nonsense"])
def test_a_live_account_without_a_public_operator_address_blocks(make: Make, content: Content, address: str) -> None:
    adaptation = make(environment="live", operator_ip=address).adapt(content)
    assert rules(adaptation) == ["weibo.rip"]
    assert "TANDEM_EGRESS_IP" in adaptation.problems[0].message


def test_the_operator_address_is_no_part_of_the_payload(make: Make, content: Content) -> None:
    here = make(environment="live", operator_ip="8.8.8.8").adapt(content)
    there = make(environment="live", operator_ip="1.1.1.1").adapt(content)
    assert here == there
    assert rules(here) == []


def test_an_unknown_mode_is_an_error(make: Make) -> None:
    with pytest.raises(ValueError, match="weibo mode"):
        make(mode="vip").capabilities()


def test_a_link_is_recognised_by_its_own_parameter_only() -> None:
    status = {"text": "x http://t.cn/abc", "url_objects": [{"url_ori": "https://www.qinglan.gov.cn/p/k?w=a12"}]}
    assert carries(status, "https://www.qinglan.gov.cn/p/k?w=a12")
    assert not carries(status, "https://www.qinglan.gov.cn/p/k?w=a1")
    assert carries({"text": "x", "url_objects": [{"url_long": LINK}]}, LINK)
    assert carries({"text": f"x {LINK} y"}, LINK)
    assert not carries({"text": "x", "url_objects": "broken"}, LINK)


def test_the_account_is_not_needed_to_be_known(make: Make, content: Content) -> None:
    assert UID not in str(make().adapt(content).payload)


def test_what_the_account_puts_before_and_behind_every_text(make: Make, content: Content) -> None:
    settings = {"head_text": "【青岚发布】", "foot_text": "（编辑：王）"}
    adaptation = make(settings=settings).adapt(content)
    assert text(adaptation) == f"【青岚发布】【{content.title}】{content.summary}（编辑：王） {LINK}"
    assert kinds(adaptation) == ["frame"]
    long = make(settings=settings).adapt(replace(content, summary=LONG))
    assert text(long).startswith("【青岚发布】【")
    assert text(long).endswith(f"。（编辑：王） {LINK}")
    assert long.length.used <= 140
    full = make(settings=settings).adapt(replace(content, title="长" * 120))
    assert "青岚发布" not in text(full)
    assert "已省略" in full.notes[0].message
    assert rules(full) == []


def test_who_is_sent_to_a_table_is_sent_to_the_link(make: Make, content: Content) -> None:
    table = "<table><tr><td>甲</td><td>乙</td></tr></table>"
    given = replace(content, summary="停水时段详见下表，附表1另发。", body_html=f"<p>正文。</p>{table}")
    adaptation = make().adapt(given)
    assert "停水时段详见链接，附表1另发。" in text(adaptation)
    assert "table" in kinds(adaptation)
    assert "详见下表" in text(make().adapt(replace(given, body_html="<p>正文。</p>")))
    empty = make().adapt(replace(given, summary="", body_html=f"<h2>停水时段</h2>{table}<p>请储水。</p>"))
    assert "停水时段\n（表格见链接）\n请储水。" in text(empty)
    told = make().adapt(replace(given, summary="", body_html=f"<p>时段见附表。</p>{table}"))
    assert "时段见链接。" in text(told)
