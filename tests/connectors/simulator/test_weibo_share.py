"""Weibo: what a naive client of statuses/share runs into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.simulator.weibo import text
from tests.connectors.simulator.conftest import LINK, UID, Sim, Weibo, png

FIXTURES = Path(__file__).parents[2] / "fixtures" / "weibo"


def refused(answer: requests.Response, code: int, status: int = 400) -> str:
    body = answer.json()
    assert (body["error_code"], answer.status_code) == (code, status), body
    assert set(body) == {"error", "error_code", "request"}
    return str(body["error"])


def test_a_share_is_accepted_once_and_told_as_a_whole_status(sim: Sim, weibo: Weibo) -> None:
    answer = weibo.share()
    status = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert status["idstr"] == status["mid"] == str(status["id"])
    assert len(status["idstr"]) == 16
    assert status["user"]["idstr"] == UID
    assert status["url_objects"][0]["url_ori"] == LINK
    assert LINK not in status["text"]
    assert "http://t.cn/" in status["text"]
    assert [each["id"] for each in sim.accepted("status")] == [status["idstr"]]
    assert sim.accepted()[0]["payload"]["status"].endswith(LINK)


def test_the_id_tells_the_second_it_was_made(sim: Sim, weibo: Weibo) -> None:
    status = weibo.share().json()
    assert abs((status["id"] >> 22) + 515_483_463 - sim.server.state.now()) < 3


def test_the_scheme_is_oauth2_and_not_bearer(sim: Sim, weibo: Weibo) -> None:
    url, data = f"{sim.url}/2/statuses/share.json", {"status": f"甲 {LINK}", "rip": "211.156.0.1"}
    bearer = requests.post(url, data=data, headers={"Authorization": f"Bearer {weibo.token}"}, timeout=9)
    refused(bearer, 10006)
    scheme = requests.post(url, data=data, headers={"Authorization": f"OAuth2 {weibo.token}"}, timeout=9)
    assert scheme.status_code == 200


def test_the_wrong_verb_and_an_unknown_interface(weibo: Weibo) -> None:
    refused(weibo.get("statuses/share", status="甲"), 10021)
    refused(weibo.post("statuses/user_timeline"), 10021)
    refused(weibo.get("statuses/nothing"), 10020)


@pytest.mark.parametrize(
    "words",
    [
        "没有链接",
        "没有协议 www.example.gov.cn/p/abc",
        "少了 www https://example.gov.cn/p/abc",
        "后面贴着汉字 https://www.example.gov.cn/p/abc，请看",
        "前面贴着汉字https://www.example.gov.cn/p/abc",
        "未编码 https://www.example.gov.cn/p/公告",
        "别的站 https://www.example.gov.cn.evil.cn/p",
    ],
)
def test_a_link_of_the_safe_domain_must_stand_in_the_text(sim: Sim, weibo: Weibo, words: str) -> None:
    assert refused(weibo.share(words), 10017) == "text not find domain!"
    assert sim.accepted() == []


def test_an_app_without_a_safe_domain_cannot_share(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, safe_domain=None)
    assert refused(weibo.share(), 10017) == "appkey not bind domain!"


def test_topics_are_taken_out_without_a_word(sim: Sim, weibo: Weibo) -> None:
    answer = weibo.share(f"#停水#今日停水 {LINK}#a")
    assert answer.status_code == 200
    assert answer.json()["text"].startswith("今日停水 http://t.cn/")
    assert answer.json()["url_objects"][0]["url_ori"] == f"{LINK}#a"


def test_text_encoded_twice_is_stored_as_it_came(sim: Sim, weibo: Weibo) -> None:
    assert weibo.share(f"%E4%BD%A0 {LINK}").json()["text"].startswith("%E4%BD%A0 ")


@pytest.mark.parametrize(("letters", "fits"), [(129, True), (130, False)])
def test_the_limit_is_280_half_units_and_a_link_counts_twenty(weibo: Weibo, letters: int, fits: bool) -> None:
    answer = weibo.share(f"{'好' * letters} {LINK}{'x' * 60}")
    if fits:
        assert answer.status_code == 200
    else:
        assert refused(answer, 20012).startswith(" Text too long")


@pytest.mark.parametrize("vector", json.loads((FIXTURES / "length_vectors.json").read_text("utf-8")))
def test_length_agrees_with_the_published_counter(vector: dict[str, Any]) -> None:
    assert text.half_units(vector["text"]) == vector["half_units_https"]


def test_the_operators_address_is_asked_for_and_must_be_public(weibo: Weibo) -> None:
    assert "rip" in refused(weibo.share(rip=""), 10016)
    for address in ("192.168.1.5", "127.0.0.1", "10.0.0.1"):
        refused(weibo.share(rip=address), 20022)


def test_an_empty_and_a_missing_text(weibo: Weibo) -> None:
    refused(weibo.share(" "), 20008)
    refused(weibo.post("statuses/share", rip="211.156.0.1"), 10016)


def test_the_same_words_twice_are_a_repeat(sim: Sim, weibo: Weibo) -> None:
    assert weibo.share().status_code == 200
    assert refused(weibo.share(), 20019) == "repeat content!"
    assert len(sim.accepted()) == 1


@pytest.mark.parametrize("words", [f"别的话 {LINK}", f"【公告】今日停水 另外 {LINK}2"])
def test_the_same_link_or_title_within_the_hour_is_a_repeat(sim: Sim, weibo: Weibo, words: str) -> None:
    assert weibo.share().status_code == 200
    refused(weibo.share(words), 20019)
    sim.shift(3700)
    assert weibo.share(words).status_code == 200


def test_thirty_an_hour(sim: Sim, weibo: Weibo) -> None:
    sim.put("weibo", UID, quotas={"publish_per_hour": 2})
    for number in range(2):
        assert weibo.share(f"{number} {LINK}{number}").status_code == 200
    assert refused(weibo.share(f"三 {LINK}"), 20016) == "update weibo too fast!"
    sim.shift(3700)
    assert weibo.share(f"三 {LINK}").status_code == 200


def test_one_picture_is_kept_and_served(sim: Sim, weibo: Weibo) -> None:
    answer = weibo.share(files={"pic": ("a.png", png(), "image/png")})
    picture = answer.json()["pic_ids"][0]
    assert requests.get(f"{sim.url}/pictures/{picture}", timeout=9).content == png()
    assert len(sim.accepted()[0]["images"]) == 1


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"pic": ("a.jpg", b"BM" + b"\0" * 60, "image/jpeg")}, 20005),
        ({"pic": ("a.png", png(padding=5 * 1024 * 1024), "image/png")}, 20006),
        ({"pic": ("a.png", png())}, 20007),
        ({"pic": (None, png())}, 20007),
        ({"image": ("a.png", png(), "image/png")}, 20007),
        ([("pic", ("a.png", png(), "image/png")), ("pic", ("b.png", png(), "image/png"))], 20007),
    ],
)
def test_pictures_are_judged_by_their_bytes(sim: Sim, weibo: Weibo, files: Any, code: int) -> None:
    refused(weibo.share(files=files), code)
    assert sim.accepted() == []


def test_text_is_escaped_once_as_the_platform_does(weibo: Weibo) -> None:
    assert weibo.share(f'<b>"甲"&乙</b> {LINK}').json()["text"].startswith("&lt;b&gt;&quot;甲&quot;&amp;乙&lt;/b&gt; ")


@pytest.mark.parametrize("mid", ["5612814510546515491", "3504803600502730", "5368396508048234", "7000000"])
def test_base62_addresses_lead_back(mid: str) -> None:
    assert text.from_base62(text.base62(mid)) == mid


def test_base62_agrees_with_a_known_address() -> None:
    assert text.base62("3501756485200075") == "z0JH2lOMb"
