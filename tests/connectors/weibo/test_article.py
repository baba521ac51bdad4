"""头条文章: who may, what is made of a post, what goes out and what comes back; both envelopes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from connectors.errors import (
    ConnectorError,
    ContentRefused,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
)
from connectors.values import Adaptation, Attempted, CannotTell, Content, Found, Image, Prepared, Receipt
from connectors.weibo.connector import WeiboConnector
from tests.connectors.contract import prepare_all
from tests.connectors.fakes import CountingMeter, MemoryMedia, Odd, SimulatorControl
from tests.connectors.weibo.conftest import UID, Clock, Make, register

COVER = "https://wx1.sinaimg.cn/large/71666d49jw1dy6q8t3p0rj.jpg"
LONG = "<h2>一、政策背景</h2>" + "<p>为规范住房租赁市场，保护承租人权益，现就有关事项通知如下。</p>" * 20
LONGER = LONG * 4
RIGHT = {"article": True, "article_long": True, "article_cover": COVER}


@pytest.fixture
def long(content: Content) -> Content:
    return replace(content, body_html=LONG)


@pytest.fixture
def writer(simulator: SimulatorControl, make: Make) -> WeiboConnector:
    """An account of level share with the right, on the simulator."""
    register(simulator, rights=["article"])
    return make(simulator.url, settings=RIGHT)


@pytest.fixture
def business(simulator: SimulatorControl, make: Make) -> WeiboConnector:
    register(simulator, level="business", rights=["article"])
    return make(simulator.url, mode="business", settings=RIGHT)


def send(connector: WeiboConnector, payload: Any, clock: Clock, key: str = "k") -> Receipt:
    return connector.publish(payload, prepare_all(connector, payload), key=key, send_before=clock.soon)


def blocking(adapted: Adaptation) -> set[str]:
    return {problem.rule for problem in adapted.problems if problem.severity == "block"}


def articles(simulator: SimulatorControl) -> list[dict[str, Any]]:
    return [item for item in simulator.accepted("weibo", UID) if item["kind"] == "article"]


# Which shape


def test_a_long_post_becomes_an_article_where_the_account_says_so(make: Make, long: Content, content: Content) -> None:
    assert make(settings=RIGHT).adapt(long).payload["form"] == "article"
    assert "form" not in make(settings=RIGHT).adapt(content).payload
    # Without the setting, or without the right, everything stays as it was.
    for settings in ({"article": True}, {"article_long": True}, {}):
        assert "form" not in make(settings=settings).adapt(long).payload


def test_the_authors_word_counts_more_than_the_setting(make: Make, long: Content, content: Content) -> None:
    connector = make(settings=RIGHT)
    assert "form" not in connector.adapt(replace(long, overrides={"form": "status"})).payload
    assert connector.adapt(replace(content, overrides={"form": "article"})).payload["form"] == "article"


def test_the_right_may_also_stand_among_the_rights(make: Make, content: Content) -> None:
    connector = make(settings={"rights": ["article"], "article_cover": COVER})
    assert [form.key for form in connector.capabilities().forms] == ["status", "article"]
    assert blocking(connector.adapt(replace(content, overrides={"form": "article"}))) == set()


def test_without_the_right_there_is_nothing_to_choose_and_a_reason(make: Make, content: Content) -> None:
    connector = make()
    able = connector.capabilities()
    assert able.forms == ()
    assert "article" in {missing.key for missing in able.missing}
    adapted = connector.adapt(replace(content, overrides={"form": "article"}))
    assert blocking(adapted) >= {"weibo.article.right"}
    with pytest.raises(NotEntitled):
        connector.publish(adapted.payload, prepared=_ready(), key="k", send_before=Clock().soon)


def _ready() -> Prepared:
    return Prepared(ready=True)


# What it is made of


def test_the_payload_is_complete_and_the_same_every_time(make: Make, long: Content) -> None:
    connector = make(settings=RIGHT)
    adapted = connector.adapt(long)
    payload = adapted.payload
    assert blocking(adapted) == set()
    assert payload["title"] == long.title
    assert payload["digest"] == long.summary
    assert payload["delivery"] == {"mode": "proxy/article/publish"}
    assert payload["text"].startswith(f"【{long.title}】")
    assert payload["text"].endswith(f" {long.link}")
    assert "二" not in payload["content_html"] or "<h2>" in payload["content_html"]
    assert json.dumps(payload, sort_keys=True) == json.dumps(connector.adapt(long).payload, sort_keys=True)
    assert adapted.length.limit == 90_000
    assert any("头条文章" in note.message for note in adapted.notes)


def test_pictures_need_a_place_at_weibo(make: Make, long: Content, picture: Image, media: MemoryMedia) -> None:
    """Only the commercial interface uploads pictures that get an address: elsewhere the account names a cover."""
    with_picture = replace(long, body_html=f'{LONGER}<p><img src="/media/{picture.sha256}"></p>')
    share = make(settings=RIGHT).adapt(with_picture)
    assert share.payload["images"] == []
    assert share.payload["cover_url"] == COVER
    assert "<img" not in share.payload["content_html"]
    assert any("1 张图片未带入" in note.message for note in share.notes)
    business = make(mode="business", settings=RIGHT).adapt(with_picture)
    assert [image["sha256"] for image in business.payload["images"]] == [picture.sha256]
    assert business.payload["cover_url"] == ""
    assert f'<img src="/media/{picture.sha256}">' in business.payload["content_html"]
    bare = make(settings={"article": True, "article_long": True}).adapt(long)
    assert blocking(bare) == {"weibo.article.cover"}


@pytest.mark.parametrize(
    ("overrides", "rule"),
    [
        ({"title": "长" * 33}, "weibo.article.title"),
        ({"title": " "}, "weibo.article.title"),
        ({"content_html": "<p> </p>"}, "weibo.article.content"),
        ({"content_html": "<p>" + "字" * 90_000 + "</p>"}, "weibo.article.content"),
        ({"text": "字" * 1901}, "weibo.length"),
        ({"text": "a" * 1901}, "weibo.length"),
        ({"text": ""}, "weibo.empty"),
        ({"text": "#话题# 来看"}, "weibo.topic"),
    ],
)
def test_what_the_platform_would_refuse_blocks(make: Make, long: Content, overrides: Any, rule: str) -> None:
    adapted = make(settings=RIGHT).adapt(replace(long, overrides=overrides))
    assert rule in blocking(adapted)
    assert any("由拟稿人手工设定" in note.message for note in adapted.notes)


def test_the_limits_themselves_pass(make: Make, long: Content) -> None:
    own = {"title": "长" * 32, "text": "字" * 1900, "content_html": "<p>" + "字" * (90_000 - 7) + "</p>"}
    adapted = make(settings=RIGHT).adapt(replace(long, overrides=own))
    assert blocking(adapted) == set()
    # Without its link a lost answer could not be found again: said, not forbidden.
    assert {problem.rule for problem in adapted.problems} == {"weibo.link.missing"}


def test_scripts_styles_and_foreign_pictures_do_not_pass(make: Make, long: Content) -> None:
    own = '<p style="x" onclick="y">好<script>alert(1)</script><img src="http://evil/x.png"></p><iframe></iframe>'
    html = make(settings=RIGHT).adapt(replace(long, overrides={"content_html": own})).payload["content_html"]
    assert "script" not in html
    assert "style" not in html
    assert "onclick" not in html
    assert "evil" not in html


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<p>好</p>", []),
        ('<p>好</p><figure><img src="https://elsewhere.example/x.png"></figure>', ["正文中的 1 张图片不在素材库中"]),
        ('<p style="text-align:center">好</p>', ["格式已去掉：对齐方式"]),
        ("<p>好 <code>x</code></p><iframe></iframe>", ["格式已去掉：code、iframe"]),
    ],
)
def test_what_an_article_does_not_take_is_told(make: Make, long: Content, body: str, told: list[str]) -> None:
    adapted = make(settings=RIGHT).adapt(replace(long, overrides={"form": "article", "content_html": body}))
    notes = [note.message for note in adapted.notes if note.kind in ("format", "images") and "上传" not in note.message]
    found = [message for message in notes if "封面" not in message]
    assert len(found) == len(told)
    assert all(part in message for part, message in zip(told, found, strict=True))


# What goes out


def test_an_article_goes_out_once_and_is_found_again(
    writer: WeiboConnector, long: Content, clock: Clock, simulator: SimulatorControl
) -> None:
    payload = writer.adapt(long).payload
    receipt = send(writer, payload, clock)
    [item] = articles(simulator)
    assert item["title"] == long.title
    assert receipt.live
    assert receipt.url.startswith(f"https://weibo.com/{UID}/")
    assert receipt.details["article_url"].startswith("http://weibo.com/ttarticle/p/show?id=")
    found = writer.check(Attempted(key="k", payload=payload, prepared=_ready(), sent_at=clock.now, receipt=receipt))
    assert isinstance(found, Found)
    assert found.receipt.external_id == receipt.external_id
    assert found.receipt.details["article_url"] == receipt.details["article_url"]


def test_the_text_arrives_percent_encoded_inside_its_field(make: Make, odd: Odd, long: Content, clock: Clock) -> None:
    """rawurlencode: a blank is %20, never +, and a plus stays a plus. As multipart, like the platform's own demo."""
    odd.fixture("weibo", "article_publish_ok_shape.json")
    connector = make(odd.url, settings=RIGHT)
    own = {"form": "article", "content_html": "<p>A + B & C 100%</p>"}
    payload = connector.adapt(replace(long, overrides=own)).payload
    receipt = connector.publish(payload, _ready(), key="k", send_before=clock.soon)
    _, path, headers, body = odd.seen[0]
    assert path == "/proxy/article/publish.json"
    assert headers["content-type"].startswith("multipart/form-data; boundary=")
    part = next(
        part for part in body.decode().split("--" + headers["content-type"].split("=")[1]) if '"content"' in part
    )
    sent = part.split("\r\n\r\n")[1].strip()
    assert sent == "%3Cp%3EA%20%2B%20B%20%26amp%3B%20C%20100%25%3C%2Fp%3E"
    assert unquote(sent) == payload["content_html"]
    assert (receipt.external_id, receipt.details["article"]) == ("4574312345678901", "1022:2309404000000000000000")


def test_pictures_are_uploaded_one_a_call_and_never_twice(
    business: WeiboConnector,
    long: Content,
    picture: Image,
    clock: Clock,
    simulator: SimulatorControl,
    meter: CountingMeter,
) -> None:
    with_picture = replace(long, body_html=f'{LONGER}<p><img src="/media/{picture.sha256}"></p>')
    payload = business.adapt(with_picture).payload
    prepared = prepare_all(business, payload)
    assert meter.calls.count("statuses/upload_pic/biz") == 1
    address = prepared.steps["addresses"][picture.sha256]
    assert "sinaimg.cn" in address
    prepare_all(business, payload, prepared)
    assert meter.calls.count("statuses/upload_pic/biz") == 1
    business.publish(payload, prepared, key="k", send_before=clock.soon)
    [item] = articles(simulator)
    assert item["payload"]["cover"] == address
    assert f'<img src="{address}">' in item["payload"]["content"]


def test_it_cannot_be_taken_back_and_that_is_said(business: WeiboConnector, long: Content, clock: Clock) -> None:
    receipt = send(business, business.adapt(replace(long, overrides={"form": "article"})).payload, clock)
    with pytest.raises(NotEntitled, match="没有删除接口"):
        business.recall(receipt)
    assert "article_recall" in {missing.key for missing in business.capabilities().missing}


# What comes back


def test_an_app_without_the_right_gets_the_ordinary_envelope(
    simulator: SimulatorControl, make: Make, long: Content, clock: Clock
) -> None:
    register(simulator)
    connector = make(simulator.url, settings=RIGHT)
    payload = connector.adapt(long).payload
    with pytest.raises(NotEntitled) as caught:
        send(connector, payload, clock)
    assert caught.value.code == "10014"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("10001", OutcomeUnknown),
        ("10008", ContentRefused),
        ("11001", RateLimited),
        ("11002", OutcomeUnknown),
        ("11003", NotEntitled),
        ("19999", OutcomeUnknown),
    ],
)
def test_its_own_envelope_has_its_own_codes(
    make: Make, odd: Odd, long: Content, clock: Clock, code: str, error: type[ConnectorError]
) -> None:
    odd.say({"code": code, "msg": "sass check error", "data": ""})
    connector = make(odd.url, settings=RIGHT)
    with pytest.raises(error) as caught:
        connector.publish(connector.adapt(long).payload, _ready(), key="k", send_before=clock.soon)
    assert type(caught.value) is error
    assert caught.value.code == code
    if isinstance(caught.value, RateLimited):
        assert caught.value.until is not None
        assert caught.value.until > clock.now


@pytest.mark.parametrize("body", [{"code": "100000", "msg": "success", "data": ""}, {"code": "100000"}, [], {}])
def test_a_success_that_names_nothing_is_looked_into(
    make: Make, odd: Odd, long: Content, clock: Clock, body: Any
) -> None:
    odd.say(body)
    connector = make(odd.url, settings=RIGHT)
    with pytest.raises(OutcomeUnknown):
        connector.publish(connector.adapt(long).payload, _ready(), key="k", send_before=clock.soon)


def test_a_lost_answer_is_found_by_the_statuss_link(
    writer: WeiboConnector, long: Content, clock: Clock, simulator: SimulatorControl
) -> None:
    payload = writer.adapt(long).payload
    simulator.fault("drop_answer", platform="weibo", path="proxy/article/publish", times=1)
    with pytest.raises(OutcomeUnknown):
        send(writer, payload, clock)
    attempted = Attempted(key="k", payload=payload, prepared=_ready(), sent_at=clock.now)
    found = writer.check(attempted)
    assert isinstance(found, Found)
    assert found.receipt.live
    # Another article of the same words is not ours: its link differs.
    other = {**payload, "link": payload["link"].replace("a1b2c3", "ffffff")}
    assert isinstance(writer.check(replace(attempted, payload=other)), CannotTell)


def test_a_full_app_with_upload_pic_brings_its_own_cover(
    simulator: SimulatorControl, make: Make, long: Content, clock: Clock, meter: CountingMeter
) -> None:
    register(simulator, level="full", rights=["article"])
    connector = make(simulator.url, mode="full", settings={"article": True, "article_long": True, "upload_pic": True})
    adapted = connector.adapt(long)
    assert blocking(adapted) == set()
    send(connector, adapted.payload, clock)
    assert meter.calls == ["statuses/upload_pic", "proxy/article/publish"]
    assert articles(simulator)[0]["payload"]["cover"].startswith("http")
