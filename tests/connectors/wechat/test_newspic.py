"""图片消息 (贴图): plain text under permanent pictures, chosen by the author, read back like an article."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.errors import ContentRefused
from connectors.values import Adaptation, Found, Prepared
from connectors.wechat import newspic, readback
from connectors.wechat.connector import WeChatConnector
from tests.connectors.fakes import CountingMeter, MemoryMedia, Odd, SimulatorControl
from tests.connectors.wechat.conftest import Clock, Make, attempted, post, prepared
from tests.connectors.wechat.test_adapt import sha

Register = Callable[..., str]


def shown(media: MemoryMedia, *names: str, **overrides: Any) -> Any:
    body = "<p>本周末在文化广场举办花市。</p><p>详见<a href='https://x.gov.cn/a'>公告</a>，温度 &lt;30。</p>"
    body += "".join(f'<img src="/media/{sha(media, name)}">' for name in names)
    return post(title="周末花市", body_html=body, source="", overrides={"form": "newspic", **overrides})


def adapt(make: Make, media: MemoryMedia, *names: str, **overrides: Any) -> Adaptation:
    return make().adapt(shown(media, *names, **overrides))


def blocks(adaptation: Adaptation) -> set[str]:
    return {problem.field for problem in adaptation.problems if problem.severity == "block"}


def test_an_article_is_the_default_and_has_no_form(make: Make) -> None:
    payload = make().adapt(post()).payload
    assert "form" not in payload
    assert [form.key for form in make().capabilities().forms] == ["news", "newspic"]
    assert make().adapt(post(overrides={"form": "news"})).payload == payload


def test_text_pictures_and_crops_stand_in_the_payload(make: Make, media: MemoryMedia) -> None:
    found = adapt(make, media, "housing.png", "dispatch-center.jpg", "housing.png")
    assert found.payload["text"] == "本周末在文化广场举办花市。\n详见公告，温度 ＜30。"
    names = ["housing.png", "dispatch-center.jpg"]
    assert [image["sha256"] for image in found.payload["images"]] == [sha(media, name) for name in names]
    assert found.payload["cover"]["sha256"] == sha(media, "housing.png")
    assert set(found.payload["cover"]["crops"]) == {"2.35:1", "16:9", "1:1"}
    assert blocks(found) == set()
    kinds = {note.kind for note in found.notes}
    assert {"links", "brackets", "override"} <= kinds


def test_no_picture_no_text_no_title_are_named(make: Make, media: MemoryMedia) -> None:
    empty = make().adapt(post(title="", body_html="", summary="", source="", link="", overrides={"form": "newspic"}))
    assert blocks(empty) == {"title", "text", "images", "source_url"}


@pytest.mark.parametrize(("count", "kept"), [(20, 20), (23, 20)])
def test_more_than_twenty_pictures_are_left_out_with_a_note(
    make: Make, media: MemoryMedia, count: int, kept: int
) -> None:
    import io

    from PIL import Image

    names = []
    for number in range(count):
        data = io.BytesIO()
        Image.new("RGB", (40, 40), (number, 0, 0)).save(data, "PNG")
        media.add(data.getvalue(), "image/png", media_id=f"n{number}")
        names.append(f"n{number}")
    found = adapt(make, media, *names)
    assert len(found.payload["images"]) == kept
    assert any("最多 20 张" in note.message for note in found.notes) is (count > 20)
    assert blocks(found) == set()
    chosen = [{"sha256": sha(media, name), "media_id": ""} for name in names]
    assert blocks(adapt(make, media, images=chosen)) == ({"images"} if count > 20 else set())


def test_pictures_may_be_large_and_gifs_may_move_but_bmp_is_converted(make: Make, media: MemoryMedia) -> None:
    found = adapt(make, media, "tiny.gif", "long-poster.png", "route-map.bmp")
    kinds = [media.images[image["sha256"]].content_type for image in found.payload["images"]]
    assert kinds == ["image/gif", "image/png", "image/jpeg"]
    assert any("第 3 张图片转换为 JPG" in note.message for note in found.notes)


def test_wrong_choices_block(make: Make, media: MemoryMedia) -> None:
    assert "images" in blocks(adapt(make, media, images="all"))
    assert "images" in blocks(adapt(make, media, images=[{"sha256": "0" * 64}]))
    assert "cover" in blocks(adapt(make, media, "housing.png", cover={"crops": {"1:1": "0_0_2_2"}}))
    assert "title" in blocks(adapt(make, media, "housing.png", title="长" * 33))
    assert "text" in blocks(adapt(make, media, "housing.png", text="长" * 20_000))


def test_the_draft_is_a_picture_post_and_stands_as_approved(
    make: Make, registered: Register, media: MemoryMedia, meter: CountingMeter
) -> None:
    connector = make(registered())
    payload = connector.adapt(shown(media, "housing.png", "dispatch-center.jpg")).payload
    done = prepared(connector, payload)
    assert meter.calls.count("material/add_material") == 2
    assert "media/uploadimg" not in meter.calls
    seen = connector.api.post("/cgi-bin/draft/get", {"media_id": done.steps["draft"]})["news_item"][0]
    assert seen["article_type"] == "newspic"
    assert newspic.pictures_of(seen) == [done.steps["pictures"][image["sha256"]] for image in payload["images"]]
    ratios = {crop["ratio"] for crop in seen["cover_info"]["crop_percent_list"]}
    assert ratios == {"2.35_1", "16_9", "1_1"}
    assert all(isinstance(crop["x1"], str) for crop in seen["cover_info"]["crop_percent_list"])
    assert connector.recheck(payload, done) is None


@pytest.mark.parametrize("mode", ["publish", "mass"])
def test_it_goes_out_like_an_article(
    make: Make, registered: Register, media: MemoryMedia, clock: Clock, simulator: SimulatorControl, mode: str
) -> None:
    connector = make(registered(), mode=mode)
    payload = connector.adapt(shown(media, "housing.png")).payload
    done = prepared(connector, payload)
    sent_at = clock()
    receipt = connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    clock.later(minutes=20)
    finding = connector.check(attempted(payload, done, sent_at, receipt))
    assert isinstance(finding, Found), finding
    assert finding.receipt.live
    accepted = [a for a in simulator.accepted("wechat", "gh_3f5a1c9d2b7e") if a["kind"] in ("publish", "mass")]
    assert len(accepted) == 1


def altered(connector: WeChatConnector, payload: Any, materials: dict[str, str], **changes: Any) -> dict[str, Any]:
    seen: dict[str, Any] = json.loads(json.dumps(newspic.article_body(payload, materials)))
    return seen | changes


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"title": "花市"}, "标题"),
        ({"content": "本周末在文化广场"}, "文字"),
        ({"content_source_url": ""}, "原文链接"),
        ({"image_info": {"image_list": [{"image_media_id": "b"}]}}, "图片（应有 2 张，留下 1 张"),
        ({"image_info": {"image_list": [{"image_media_id": "b"}, {"image_media_id": "a"}]}}, "次序不同"),
        ({"article_type": "news"}, "变成了图文"),
        ({"need_open_comment": 0}, "留言开关"),
        ({"cover_info": {"crop_percent_list": []}}, "封面裁剪"),
        ({"cover_info": {"crop_percent_list": [{"ratio": "1_1", "x1": 0, "y1": 0, "x2": 1, "y2": 1}]}}, "封面裁剪"),
    ],
)
def test_what_wechat_dropped_is_named(make: Make, media: MemoryMedia, changes: dict[str, Any], told: str) -> None:
    connector = make()
    payload = connector.adapt(shown(media, "housing.png", "dispatch-center.jpg")).payload
    materials = dict(zip([image["sha256"] for image in payload["images"]], ["a", "b"], strict=True))
    whole = altered(connector, payload, materials)
    assert newspic.losses(payload, whole, materials) == []
    assert newspic.losses(payload, whole | {"content": whole["content"].replace("\n", "<br>")}, materials) == []
    lost = newspic.losses(payload, whole | changes, materials)
    assert told in "、".join(lost)


def test_a_picture_exchanged_by_hand_changes_the_fingerprint(make: Make, media: MemoryMedia) -> None:
    payload = adapt(make, media, "housing.png").payload
    materials = {payload["images"][0]["sha256"]: "a"}
    seen = altered(make(), payload, materials)
    other = altered(make(), payload, {payload["images"][0]["sha256"]: "b"})
    assert readback.fingerprint(seen) == readback.fingerprint(dict(seen))
    assert readback.fingerprint(seen) != readback.fingerprint(other)


def test_what_was_lost_blocks_before_the_hour(make: Make, odd: Odd, media: MemoryMedia) -> None:
    connector = make(odd.url)
    payload = connector.adapt(shown(media, "housing.png")).payload
    materials = {payload["images"][0]["sha256"]: "a"}
    odd.say({"access_token": "t", "expires_in": 7200})
    odd.say({"news_item": [altered(connector, payload, materials, content="别的文字")]})
    with pytest.raises(ContentRefused) as caught:
        connector.prepare(payload, Prepared(steps={"token": "ok", "pictures": materials, "draft": "d"}))
    assert caught.value.field == "text"


def test_a_material_deleted_at_the_platform_is_uploaded_once_more(
    make: Make, registered: Register, media: MemoryMedia, meter: CountingMeter
) -> None:
    connector = make(registered())
    payload = connector.adapt(shown(media, "housing.png")).payload
    media.remember(payload["images"][0]["sha256"], "acc-2", "wechat.cover", "gone-media-id")
    done = prepared(connector, payload)
    assert meter.calls.count("draft/add") == 2
    assert done.steps["pictures"][payload["images"][0]["sha256"]] != "gone-media-id"


def test_what_belongs_to_articles_alone_is_left_alone(make: Make, media: MemoryMedia) -> None:
    content = shown(media, "housing.png", content_html="<p>别的正文</p>", digest="摘")
    assert "别的正文" not in json.dumps(make().adapt(content).payload, ensure_ascii=False)
    article = make().adapt(replace(content, overrides={"content_html": "<p>别的正文</p>", "text": "无关"}))
    assert "别的正文" in article.payload["content_html"]
