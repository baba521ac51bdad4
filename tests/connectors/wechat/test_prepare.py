"""Preparing: step by step, resumable, nothing uploaded twice, and what WeChat dropped is found before the hour."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from connectors.errors import ContentRefused, NotEntitled, Refused, Unavailable
from connectors.values import Prepared
from connectors.wechat import readback
from connectors.wechat.payloads import uploaded_content
from tests.connectors.fakes import CountingMeter, MemoryMedia, Odd, SimulatorControl
from tests.connectors.wechat.conftest import Make, post, prepared
from tests.connectors.wechat.test_adapt import WORD, sha

Register = Callable[..., str]


def illustrated(media: MemoryMedia) -> str:
    pictures = ("housing.png", "dispatch-center.jpg", "housing.png")
    return WORD + "".join(f'<img src="/media/{sha(media, name)}">' for name in pictures)


def test_each_call_does_one_step_and_ready_does_nothing(
    make: Make, registered: Register, meter: CountingMeter, media: MemoryMedia
) -> None:
    connector = make(registered())
    payload = connector.adapt(post(body_html=illustrated(media))).payload
    done, names = Prepared(), []
    while not done.ready:
        before = len(meter.calls)
        done = Prepared(**json.loads(json.dumps({"steps": connector.prepare(payload, done).steps, "ready": False})))
        names.append(meter.calls[before:])
        if "fingerprint" in done.steps:
            done = Prepared(steps=done.steps, ready=True)
    assert names == [
        ["stable_token"],
        ["media/uploadimg"],
        ["media/uploadimg"],
        ["material/add_material"],
        [],
        ["draft/add"],
        ["draft/get"],
    ]
    assert connector.prepare(payload, done) == done
    assert len(meter.calls) == 6


def test_what_was_uploaded_once_is_not_uploaded_again(
    make: Make, registered: Register, meter: CountingMeter, media: MemoryMedia
) -> None:
    connector = make(registered())
    payload = connector.adapt(post(body_html=illustrated(media))).payload
    prepared(connector, payload)
    meter.calls.clear()
    prepared(connector, payload)
    assert meter.calls == ["draft/add", "draft/get"]


def test_another_account_uploads_for_itself(make: Make, registered: Register, media: MemoryMedia) -> None:
    connector = make(registered())
    payload = connector.adapt(post(body_html=illustrated(media))).payload
    prepared(connector, payload)
    assert {account for _, account, _ in media.memory} == {"acc-2"}
    assert media.remembered(payload["cover"]["sha256"], "acc-3", "wechat.cover") is None


def test_the_draft_stands_as_approved(make: Make, registered: Register, media: MemoryMedia) -> None:
    connector = make(registered())
    payload = connector.adapt(post(body_html=illustrated(media))).payload
    done = prepared(connector, payload)
    seen = connector.api.post("/cgi-bin/draft/get", {"media_id": done.steps["draft"]})["news_item"][0]
    assert seen["title"] == payload["title"]
    assert seen["content_source_url"] == payload["source_url"]
    assert seen["need_open_comment"] == 1
    assert "mmbiz.qpic.cn" in seen["content"]
    assert "/media/" not in seen["content"]
    assert connector.recheck(payload, done) is None


def test_a_cover_deleted_at_the_platform_is_uploaded_once_more(
    make: Make, registered: Register, media: MemoryMedia, meter: CountingMeter
) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    media.remember(payload["cover"]["sha256"], "acc-2", "wechat.cover", "gone-media-id")
    done = prepared(connector, payload)
    assert meter.calls.count("draft/add") == 2
    assert meter.calls.count("material/add_material") == 1
    assert media.remembered(payload["cover"]["sha256"], "acc-2", "wechat.cover") == done.steps["cover"]


def test_a_cover_refused_again_is_not_tried_for_ever(make: Make, odd: Odd) -> None:
    odd.fixture("wechat", "err_40007.json")
    connector = make(odd.url)
    payload = connector.adapt(post()).payload
    with pytest.raises(ContentRefused):
        connector.prepare(
            payload, Prepared(steps={"token": "ok", "cover": "c", "cover_renewed": "1", "draft_begun": "1"})
        )


@pytest.mark.parametrize("rights", [[], ["comment"]])
def test_drafts_need_no_right_to_publish(make: Make, registered: Register, rights: list[str]) -> None:
    connector = make(registered(rights=rights), mode="draft", settings={"comments": "comment" in rights})
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    with pytest.raises(NotEntitled):
        connector.publish(payload, done, key="k", send_before=connector.clock())
    assert connector.capabilities().hand_over
    assert connector.hand_over_done(done) is False


def test_a_lost_answer_to_an_upload_is_simply_asked_again(
    make: Make, registered: Register, simulator: SimulatorControl
) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = connector.prepare(payload, Prepared())
    simulator.fault("drop_answer", path="material/add_material")
    with pytest.raises(Unavailable):
        connector.prepare(payload, done)
    assert prepared(connector, payload).ready


def altered(payload: dict[str, object], **changes: object) -> dict[str, object]:
    content = uploaded_content(str(payload["content_html"]), {})
    seen = {
        "title": payload["title"], "author": payload["author"], "digest": payload["digest"],
        "content_source_url": payload["source_url"], "content": content,
    }  # fmt: skip
    return seen | changes


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("content", ("管制期间", ""), "正文文字"),
        ("content", ('<a href="https://mp.weixin.qq.com/s/abcdefghijk">往届赛事回顾</a>', "往届赛事回顾"), "链接"),
        ("content", ('rowspan="2"', ""), "表格"),
        ("title", ("暴雨", ""), "标题"),
        ("digest", ("今晚", ""), "摘要"),
        ("content_source_url", ("w=a1b2c3", ""), "原文链接"),
    ],
)
def test_what_wechat_dropped_is_named(make: Make, odd: Odd, name: str, change: tuple[str, str], told: str) -> None:
    connector = make(odd.url)
    payload = dict(connector.adapt(post(body_html=WORD)).payload)
    seen = altered(payload)
    changed = str(seen[name]).replace(*change)
    assert changed != seen[name]
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"news_item": [seen | {name: changed}]})
    with pytest.raises(ContentRefused) as caught:
        connector.prepare(payload, Prepared(steps={"token": "ok", "cover": "c", "draft": "d"}))
    assert told in caught.value.cause


def test_a_picture_that_wechat_filtered_blocks(make: Make, media: MemoryMedia) -> None:
    payload = dict(make().adapt(post(body_html=f'<p>图。</p><img src="/media/{sha(media, "housing.png")}">')).payload)
    content = str(payload["content_html"])
    seen = {"title": payload["title"], "author": payload["author"], "digest": payload["digest"]}
    seen |= {"content_source_url": payload["source_url"], "content": content[: content.index("<img")]}
    assert any("图片（应有 1 张，留下 0 张）" in loss for loss in readback.losses(payload, seen))


def test_a_picture_whose_address_was_taken_out_blocks(make: Make, media: MemoryMedia) -> None:
    payload = dict(make().adapt(post(body_html=f'<p>图。</p><img src="/media/{sha(media, "housing.png")}">')).payload)
    content = re.sub(r'src="[^"]*"', "", str(payload["content_html"]))
    seen = altered(payload | {"content_html": ""}, content=content)
    assert any("图片（应有 1 张，留下 0 张）" in loss for loss in readback.losses(payload, seen))


def test_comments_that_stayed_shut_are_named(make: Make) -> None:
    payload = dict(make().adapt(post()).payload)
    assert payload["comments"] is True
    assert readback.losses(payload, altered(payload, need_open_comment=1)) == []
    assert readback.losses(payload, altered(payload, need_open_comment=0)) == ["留言开关"]


def test_unseen_characters_may_go(make: Make) -> None:
    payload = dict(make().adapt(post(body_html="<p>零\u200b宽\ufeff字符。</p>")).payload)
    content = re.sub("[\u200b\ufeff]", "", str(payload["content_html"]))
    assert readback.losses(payload, altered(payload, content=content)) == []


def test_harmless_changes_of_wechats_do_not_count(make: Make) -> None:
    payload = dict(make().adapt(post(body_html=WORD)).payload)
    seen = altered(payload)
    content = str(seen["content"]).replace("https://mp.weixin", "http://mp.weixin").replace("</p>", "</p>\n")
    harmless = seen | {"content": content.replace('<td style="', '<td data-x="1" style="')}
    assert readback.losses(payload, harmless) == []
    assert readback.fingerprint(harmless) == readback.fingerprint(seen)


STYLED = (
    "<h2>有关事项</h2><p>本通知<strong>长期有效</strong>，<em>请</em><u>相互</u><s>转告</s>。</p><ul><li>一</li></ul>"
)


@pytest.mark.parametrize(
    ("pattern", "by", "told"),
    [
        (r"</?h2[^>]*>", "", "小标题格式"),
        (r"</?strong[^>]*>", "", "加粗"),
        (r"</?em[^>]*>", "", "斜体"),
        (r"</?u>", "", "下划线"),
        (r"</?s>", "", "删除线"),
        (r"</?(ul|li)[^>]*>", "", "列表"),
        (r'\sstyle="[^"]*"', "", "样式（"),
        (r"font-size:\s*16px;?", "", "样式（font-size）"),
    ],
)
def test_formatting_that_wechat_took_out_is_named(make: Make, pattern: str, by: str, told: str) -> None:
    payload = dict(make().adapt(post(body_html=STYLED)).payload)
    content = str(payload["content_html"])
    changed = re.sub(pattern, by, content)
    assert changed != content
    lost = readback.losses(payload, altered(payload, content=changed))
    assert told in "、".join(lost)
    assert not [loss for loss in lost if loss.startswith("正文文字")]


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        # As elements of the same meaning, or as style instead.
        (r"(</?)strong", r"\1b"),
        (r"<strong[^>]*>(.*?)</strong>", r'<span style="font-weight:700">\1</span>'),
        (r"(</?)s>", r"\1del>"),
        (r"(<p[^>]*>)(本通知)", r"\1<span leaf='' textstyle=''>\2</span>"),
        (r"margin:\s*0 0 14px", "margin-top:0;margin-bottom:14px"),
        (r"#222\b", "rgb(34, 34, 34)"),
    ],
)
def test_formatting_kept_in_another_form_is_kept(make: Make, pattern: str, by: str) -> None:
    payload = dict(make().adapt(post(body_html=STYLED)).payload)
    content = str(payload["content_html"])
    changed = re.sub(pattern, by, content)
    assert changed != content
    assert readback.losses(payload, altered(payload, content=changed)) == []


@pytest.mark.parametrize(
    ("ours", "kept"),
    [
        ("margin-top:8px;margin-bottom:14px", "margin-bottom:14px"),
        ("border:1px solid #bbb;border-radius:4px", "border:1px solid #bbb"),
        ("padding:4px;padding-left:9px", "padding:4px"),
        ("border-left:4px solid #b22222;border-bottom:1px solid #ddd", "border-bottom:1px solid #ddd"),
    ],
)
def test_a_style_is_not_kept_because_its_sibling_is(make: Make, ours: str, kept: str) -> None:
    payload = dict(make().adapt(post()).payload)
    payload["content_html"] = f'<section><p style="{ours}">通知。</p></section>'
    changed = payload["content_html"].replace(ours, kept)
    lost = (set(ours.replace(";", ":").split(":")[::2]) - set(kept.split(":"))).pop()
    assert readback.losses(payload, altered(payload, content=changed)) == [f"样式（{lost}）"]


def test_another_cover_or_crop_is_named(make: Make, registered: Register) -> None:
    connector = make(registered())
    payload = dict(connector.adapt(post()).payload)
    done = prepared(connector, payload)
    seen = connector.api.post("/cgi-bin/draft/get", {"media_id": done.steps["draft"]})["news_item"][0]
    cover = str(done.steps["cover"])
    assert readback.losses(payload, seen, cover) == []
    written = "_".join(f"{float(part):.6f}" for part in seen["pic_crop_1_1"].split("_"))
    assert readback.losses(payload, seen | {"pic_crop_1_1": written}, cover) == []
    assert readback.losses(payload, seen | {"thumb_media_id": "other"}, cover) == ["封面图片"]
    for name in ("pic_crop_235_1", "pic_crop_1_1"):
        assert readback.losses(payload, seen | {name: ""}, cover) == ["封面裁剪"]
        # The documentation's sample of draft/get has none: what is not told is not lost.
        assert readback.losses(payload, {k: v for k, v in seen.items() if k != name}, cover) == []


@pytest.mark.parametrize(
    ("name", "pattern", "by"),
    [
        ("pic_crop_235_1", r".+", "0_0_0.1_0.1"),
        ("content", r"通知", "<s>通知</s>"),
        ("content", r"<p", '<p style="font-size:1px;color:#fff"'),
        ("content", r"(通知)", r'<font color="#fff">\1</font>'),
        ("content", r"(通知)", r"<span hidden>\1</span>"),
        ("content", r"</?strong[^>]*>", ""),
        ("content", r"$", '<section style="background-image:url(//mmbiz.qpic.cn/x/0)"></section>'),
        ("content", r"$", '<mp-common-profile data-id="x"></mp-common-profile>'),
        ("content", r"(</p>)", r"\1<hr>"),
    ],
)
def test_what_a_reader_would_see_changes_the_fingerprint(make: Make, name: str, pattern: str, by: str) -> None:
    payload = dict(make().adapt(post(body_html="<p>本通知<strong>长期</strong>有效。</p>")).payload)
    seen = altered(payload, pic_crop_235_1="0_0_1_0.5", pic_crop_1_1="0.2_0_0.8_1")
    changed = seen | {name: re.sub(pattern, by, str(seen[name]), count=1)}
    assert readback.fingerprint(changed) != readback.fingerprint(seen)


def test_saving_the_draft_in_the_platforms_editor_changes_nothing_that_counts(make: Make) -> None:
    """53505 and 48021 ask for that: it wraps words, closes tables' parts and writes colours its own way."""
    payload = dict(make().adapt(post(body_html=WORD)).payload)
    seen = altered(payload)
    content = str(seen["content"]).replace("#222", "rgb(34, 34, 34)")
    saved = re.sub(r"(<p[^>]*>)([^<]+)", r'\1<span leaf="" data-x="1">\2</span>', content)
    assert saved != seen["content"]
    assert readback.fingerprint(seen | {"content": saved}) == readback.fingerprint(seen)


def test_pictures_are_the_same_by_data_src_and_parameters() -> None:
    first = {"content": '<p>图<img src="http://mmbiz.qpic.cn/a/0"></p>'}
    second = {"content": '<p>图<img alt="" data-src="https://mmbiz.qpic.cn/a/0?wx_fmt=png"></p>'}
    other = {"content": '<p>图<img src="http://mmbiz.qpic.cn/b/0"></p>'}
    assert readback.fingerprint(first) == readback.fingerprint(second) != readback.fingerprint(other)


def test_a_draft_changed_by_hand_is_noticed(make: Make, registered: Register) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    standing = connector.api.post("/cgi-bin/draft/get", {"media_id": done.steps["draft"]})["news_item"][0]
    edited = {key: standing[key] for key in ("title", "author", "digest", "content", "content_source_url")}
    edited |= {"thumb_media_id": standing["thumb_media_id"], "content": "<p>改过的正文。</p>"}
    # draft/update wants an object, not an array, and counts from 0.
    connector.api.post("/cgi-bin/draft/update", {"media_id": done.steps["draft"], "index": 0, "articles": edited})
    assert "人工改动" in (connector.recheck(payload, done) or "")


def test_an_article_added_to_the_draft_by_hand_is_noticed(make: Make, odd: Odd) -> None:
    connector = make(odd.url)
    payload = dict(connector.adapt(post()).payload)
    ours = altered(payload)
    done = Prepared(steps={"draft": "d", "fingerprint": readback.fingerprint(ours)}, ready=True)
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"news_item": [ours]})
    assert connector.recheck(payload, done) is None
    odd.say({"news_item": [ours, ours | {"title": "没有审核过的第二篇"}]})
    odd.answers.pop(0)
    assert "没有经过审核" in (connector.recheck(payload, done) or "")
    with pytest.raises(Refused) as caught:
        connector.prepare(payload, Prepared(steps={"token": "ok", "cover": "c", "draft": "d"}))
    assert "没有经过审核" in caught.value.cause


def test_discarding_deletes_the_draft_and_is_no_error_twice(make: Make, registered: Register) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    connector.discard(done)
    connector.discard(done)
    connector.discard(Prepared())
    assert "已不在" in (connector.recheck(payload, done) or "")
    assert connector.hand_over_done(done) is True


def test_a_draft_gone_before_the_read_back_is_never_made_again(make: Make, registered: Register) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = Prepared()
    while "draft" not in done.steps:
        done = connector.prepare(payload, done)
    connector.api.post("/cgi-bin/draft/delete", {"media_id": done.steps["draft"]})
    with pytest.raises(Refused) as caught:
        connector.prepare(payload, done)
    assert "人工" in caught.value.cause


def test_hand_over_cannot_be_told_while_the_platform_is_away(
    make: Make, registered: Register, simulator: SimulatorControl
) -> None:
    connector = make(registered(), mode="draft")
    done = prepared(connector, connector.adapt(post()).payload)
    simulator.fault("http_502", path="draft/get")
    assert connector.hand_over_done(done) is None


def test_a_right_that_is_missing_is_named_at_the_draft(make: Make, odd: Odd) -> None:
    odd.fixture("wechat", "resp_token.json")
    odd.fixture("wechat", "err_48001.json")
    connector = make(odd.url)
    payload = connector.adapt(post()).payload
    with pytest.raises(NotEntitled) as caught:
        connector.prepare(payload, Prepared(steps={"token": "ok", "cover": "c", "draft_begun": "1"}))
    assert "认证" in caught.value.remedy


def test_a_draft_of_an_earlier_version_is_compared_with_what_was_approved(make: Make, registered: Register) -> None:
    """An upgrade between preparing and the hour holds nothing up, and lets nothing through either."""
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    earlier = Prepared(steps={**done.steps, "fingerprint": "0" * 64}, ready=True)
    assert connector.recheck(payload, earlier) is None
    other = {**payload, "content_html": payload["content_html"].replace("</p>", "一句没有审核过的话。</p>", 1)}
    assert "人工改动" in (connector.recheck(other, earlier) or "")


def test_another_picture_in_a_draft_of_an_earlier_version_is_seen(
    make: Make, registered: Register, media: MemoryMedia
) -> None:
    connector = make(registered())
    pictures = "".join(f'<img src="/media/{sha(media, name)}">' for name in ("housing.png", "cover-rain.jpg"))
    payload = connector.adapt(post(body_html=f"<p>图。</p>{pictures}")).payload
    done = prepared(connector, payload)
    assert connector.recheck(payload, Prepared(steps={**done.steps, "fingerprint": "0" * 64}, ready=True)) is None
    # As if a person had exchanged them at the platform.
    crossed = dict(zip(done.steps["images"], reversed(list(done.steps["images"].values())), strict=True))
    changed = Prepared(steps={**done.steps, "fingerprint": "0" * 64, "images": crossed}, ready=True)
    assert "人工改动" in (connector.recheck(payload, changed) or "")


def test_an_author_that_nobody_approved_is_seen_in_a_draft_of_an_earlier_version(make: Make) -> None:
    payload = dict(make().adapt(post()).payload) | {"author": "", "digest": ""}
    assert readback.departures(payload, altered(payload), "", {}) == []
    assert readback.departures(payload, altered(payload, digest="微信自己取的开头"), "", {}) == []
    assert readback.departures(payload, altered(payload, author="某人"), "", {}) == ["作者"]


@pytest.mark.parametrize(
    ("ours", "theirs", "lost"),
    [
        ('<table><tr><td style="vertical-align:top">10<sup>2</sup></td></tr></table>',
         '<table><tr><td style="vertical-align:top">102</td></tr></table>', "上下标"),
        ('<p style="color:#333"><span style="color:#c00">红字</span></p>', '<p style="color:#333">红字</p>', "样式（color）"),
        ("<p><strong>粗</strong></p>", '<p><span style="font-weight:bold">粗</span></p>', ""),
    ],
)  # fmt: skip
def test_what_stands_around_words_does_not_stand_in_for_what_they_lost(
    make: Make, ours: str, theirs: str, lost: str
) -> None:
    payload = dict(make().adapt(post()).payload) | {"content_html": ours, "tables": []}
    found = readback.losses(payload, altered(payload, content=theirs))
    assert found == ([lost] if lost else [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"content": ("<p>第一段", '<p style="display:none">第一段')}, "多出的格式"),
        ({"content": ("第一段", "<s>第一段</s>")}, "多出的格式"),
        ({"content": ("</p>", '</p><iframe src="https://v.qq.com/1"></iframe>')}, "其他内容"),
        ({"content": ("</p>", '</p><img src="">')}, "图片"),
        ({"only_fans_can_comment": 1}, "留言范围"),
    ],
)
def test_what_nobody_approved_is_seen_in_a_draft_of_an_earlier_version(
    make: Make, change: dict[str, object], told: str
) -> None:
    payload = dict(make().adapt(post(body_html="<p>第一段。</p><p>第二段。</p>")).payload)
    seen = altered(payload)
    assert readback.departures(payload, seen, "", {}) == []
    for name, value in change.items():
        if isinstance(value, tuple):
            before = str(seen[name])
            words = value[0] if value[0] in before else "第一段"
            value = before.replace(
                words, value[1] if words == value[0] else f'<span style="display:none">{words}</span>', 1
            )
            assert value != before
        seen[name] = value
    assert any(told in each for each in readback.departures(payload, seen, "", {}))
