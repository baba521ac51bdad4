"""What AI made is said in what every account gets, never cut, and missed where an author took it out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors import labels
from connectors.base import MediaStore
from connectors.text import read
from connectors.values import Adaptation, Content
from connectors.wechat.article import adapt_content
from connectors.wechat.newspic import adapt_newspic
from connectors.weibo.adapt import adapt
from connectors.weibo.article import adapt_article
from connectors.weibo.length import half_units
from connectors.weibo.levels import LEVELS
from tests.connectors.fakes import MemoryMedia
from tests.connectors.goldens import GoldenMedia
from tests.connectors.wechat.conftest import account as wechat
from tests.connectors.wechat.conftest import post
from tests.connectors.weibo.conftest import LINK
from tests.connectors.weibo.conftest import account as weibo


@pytest.mark.parametrize(
    ("text", "images", "pictured", "said"),
    [
        ("none", "none", True, ""),
        ("assisted", "none", True, "本文由人工智能辅助生成"),
        ("generated", "none", False, "本文由人工智能生成"),
        ("none", "generated", True, "图片由人工智能生成"),
        ("none", "generated", False, ""),
        ("generated", "generated", True, "本文及图片由人工智能生成"),
        ("assisted", "generated", True, "本文由人工智能辅助生成，图片由人工智能生成"),
        ("assisted", "generated", False, "本文由人工智能辅助生成"),
    ],
)
def test_the_words(text: str, images: str, pictured: bool, said: str) -> None:
    content = Content(title="题", ai_text=text, ai_images=images)
    assert labels.label(content, pictured=pictured) == said
    assert labels.label(content, pictured=pictured, short=True) == said.replace("人工智能", "AI")
    assert labels.problems(content, f"正文。{said}", "text", pictured=pictured) == []


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        ("本文由AI生成，配图由 AI 合成", ""),
        ("图文均由人工智能辅助生成", ""),
        ("（AI辅助生成）今天起停水", ""),
        ("【本内容由人工智能生成】", ""),
        ("图片由人工智能生成", "文字"),
        ("本文由人工智能生成", "图片"),
        ("本文解读《人工智能生成合成内容标识办法》，附图", "文字、图片"),
        ("正文里的图片很多，人工智能可以生成内容", "文字、图片"),
        ("今天起停水", "文字、图片"),
    ],
)
def test_what_an_author_wrote_is_read(shown: str, missing: str) -> None:
    content = Content(title="题", ai_text="generated", ai_images="assisted")
    found = labels.problems(content, shown, "text", pictured=True)
    assert [(one.rule, one.severity, one.field) for one in found] == (
        [("ai.label", "block", "text")] if missing else []
    )
    assert all(f"注明{missing}用了 AI" in one.message for one in found)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'\x89PNG..AIGC\x00{"Label":"1","ContentProducer":"001"}..', "generated"),
        (b'<x AIGC="{&quot;Label&quot;:&quot;2&quot;}">', "generated"),
        (b"iptc DigitalSourceType/trainedAlgorithmicMedia", "generated"),
        (b"iptc DigitalSourceType/compositeWithTrainedAlgorithmicMedia", "assisted"),
        (b"Canon EOS, Copyright AIGC Ltd", "none"),
        (b"", "none"),
    ],
)
def test_what_the_file_itself_says(data: bytes, told: str) -> None:
    assert labels.told_by_file(data) == told


MADE = {"ai_text": "assisted", "ai_images": "none"}


def notes(adapted: Adaptation) -> list[str]:
    return [note.message for note in adapted.notes if note.kind == "ai_label"]


def rules(adapted: Adaptation) -> list[tuple[str, str]]:
    return [(one.severity, one.field) for one in adapted.problems if one.rule == "ai.label"]


def test_a_wechat_article_says_it_at_its_end() -> None:
    adapted = adapt_content(wechat(), GoldenMedia(), post(**MADE))
    lines = read(adapted.payload["content_html"]).text.split("\n")
    assert lines[-2:] == ["来源：青岚市气象局", "本文由人工智能辅助生成"]
    assert "人工智能" not in adapted.payload["digest"]
    assert notes(adapted) == ["文末写明“本文由人工智能辅助生成”。"]
    assert rules(adapted) == []


def test_a_wechat_article_set_by_hand_must_say_it() -> None:
    own = {"content_html": "<p>请减少外出。</p>"}
    adapted = adapt_content(wechat(), GoldenMedia(), post(overrides=own, **MADE))
    assert rules(adapted) == [("block", "content_html")]
    own = {"content_html": "<p>请减少外出。</p><p>（本文由AI辅助生成）</p>"}
    assert rules(adapt_content(wechat(), GoldenMedia(), post(overrides=own, **MADE))) == []


def test_picture_posts_say_it_too() -> None:
    media = MemoryMedia()
    cover = media.add(_picture(), "image/png", "m1")
    content = post(cover=cover, ai_images="generated", overrides={"form": "newspic"})
    adapted = adapt_newspic(wechat(), media, content)
    assert adapted.payload["text"].endswith("\n来源：青岚市气象局\n图片由人工智能生成")
    own = replace(content, overrides={"form": "newspic", "text": "看图。"})
    assert rules(adapt_newspic(wechat(), media, own)) == [("block", "text")]


@pytest.mark.parametrize("body", ["请减少外出。", "市气象台今天十七时发布暴雨橙色预警信号，请市民注意防范。" * 30])
@pytest.mark.parametrize("tags", [(), ("天气预警", "防汛")])
@pytest.mark.parametrize("mode", ["share", "full"])
@pytest.mark.parametrize("urgent", [False, True])
def test_weibo_says_it_whole_within_its_limit(mode: str, tags: tuple[str, ...], body: str, urgent: bool) -> None:
    content = _weibo_post(summary="", body_html=f"<p>{body}</p>", tags=tags, urgent=urgent)
    text = adapt(weibo(mode=mode), GoldenMedia(), content).payload["text"]
    assert text.count("（本文由AI辅助生成）") == 1
    assert text.endswith(LINK)
    assert half_units(text) <= LEVELS[mode].limit * 2


def test_weibo_never_cuts_it_where_the_title_leaves_no_room() -> None:
    adapted = adapt(weibo(settings={"foot_text": "青岚发布"}), GoldenMedia(), _weibo_post(title="长" * 135))
    assert "（本文由AI辅助生成）" in adapted.payload["text"]
    assert "青岚发布" not in adapted.payload["text"], "what the account adds gives way"
    assert [one.rule for one in adapted.problems if one.severity == "block"] == ["weibo.length"]


def test_weibo_set_by_hand_must_say_it() -> None:
    own = _weibo_post(overrides={"text": f"请减少外出。 {LINK}"})
    adapted = adapt(weibo(), GoldenMedia(), own)
    assert (rules(adapted), notes(adapted)) == ([("block", "text")], [])


def test_a_weibo_article_says_it_in_both_its_parts() -> None:
    account = weibo(mode="business", settings={"article": True})
    adapted = adapt_article(account, LEVELS["business"], GoldenMedia(), _weibo_post(overrides={"form": "article"}))
    assert adapted.payload["content_html"].endswith("<p>本文由人工智能辅助生成</p>")
    assert "（本文由AI辅助生成）" in adapted.payload["text"]
    assert rules(adapted) == []


@pytest.mark.parametrize("account", [weibo(), wechat()], ids=["weibo", "wechat"])
def test_without_the_tick_nothing_is_said(account: Any) -> None:
    make = adapt if account.platform == "weibo" else adapt_content
    store: MediaStore = GoldenMedia()
    assert "人工智能" not in str(make(account, store, _weibo_post(ai_text="none")))


def _weibo_post(**changes: Any) -> Content:
    return post(**{"link": LINK, **MADE, **changes})


def _picture() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (900, 500), "red").save(out, "PNG")
    return out.getvalue()
