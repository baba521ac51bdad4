"""What citizens send besides words: pictures, voices, films, places; and how the account fetches them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from connectors.simulator import envelope
from connectors.simulator.things import SMALLEST_AMR, SMALLEST_MP4
from tests.connectors.simulator.conftest import GH, UID, Listener, Sim, WeChat, Weibo, png


def plain(sim: Sim, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain")


def fields(listener: Listener) -> dict[str, str]:
    return envelope.read_fields(listener.got[-1][1].decode())


def fetch(sim: Sim, wechat: WeChat, path: str, media_id: str) -> requests.Response:
    wechat.token = wechat.token or wechat.fetch_token()["access_token"]
    ask = {"access_token": wechat.token, "media_id": media_id}
    return requests.get(f"{sim.url}/cgi-bin/{path}", params=ask, timeout=9)


def test_a_voice_has_a_format_and_two_ids_and_is_fetched_in_two_qualities(
    sim: Sim, wechat: WeChat, listener: Listener
) -> None:
    plain(sim, listener)
    told = sim.message("wechat", "", voice=True)
    pushed = fields(listener)
    assert (pushed["MsgType"], pushed["Format"], pushed["MsgId"]) == ("voice", "amr", told["msg_id"])
    assert pushed["MediaId"] == told["media_id"] != pushed["MediaId16K"]
    got = fetch(sim, wechat, "media/get", pushed["MediaId"])
    assert (got.content, got.headers["Content-Type"]) == (SMALLEST_AMR, "audio/amr")
    assert "attachment" in got.headers["Content-disposition"]
    assert fetch(sim, wechat, "media/get/jssdk", pushed["MediaId"]).headers["Content-Type"] == "voice/speex"


def test_of_a_film_only_an_address_is_told(sim: Sim, wechat: WeChat, listener: Listener) -> None:
    plain(sim, listener)
    for kind in ("video", "shortvideo"):
        sim.call("POST", "/_sim/messages", {"platform": "wechat", "external_id": GH, "from": "小林", kind: True})
        pushed = fields(listener)
        assert pushed["MsgType"] == kind
        address = fetch(sim, wechat, "media/get", pushed["MediaId"]).json()["video_url"]
        assert requests.get(sim.url + "/" + address.rpartition("/")[2], timeout=9).content == SMALLEST_MP4
        assert fetch(sim, wechat, "media/get/jssdk", pushed["MediaId"]).json()["errcode"] == 40007
        assert fetch(sim, wechat, "media/get", pushed["ThumbMediaId"]).content[:3] == b"GIF"


def test_an_error_of_media_get_is_json_under_http_200(sim: Sim, wechat: WeChat) -> None:
    got = fetch(sim, wechat, "media/get", "nothing")
    assert (got.status_code, got.headers["Content-Type"]) == (200, "text/plain")
    assert got.json()["errcode"] == 40007


def test_the_better_voice_is_for_verified_accounts(sim: Sim, wechat: WeChat) -> None:
    media_id = sim.message("wechat", "", voice=True)["media_id"]
    sim.put("wechat", GH, verified=False)
    assert fetch(sim, wechat, "media/get/jssdk", media_id).json()["errcode"] == 48001
    assert fetch(sim, wechat, "media/get", media_id).content == SMALLEST_AMR


def test_another_accounts_media_are_nobodys(sim: Sim, wechat: WeChat) -> None:
    other = {"app_id": "wxother", "app_secret": "s", "token": "t", "encoding_aes_key": "B" * 43, "name": "乙"}
    sim.put("wechat", "gh_other", **other)
    media_id = sim.message("wechat", "", image=True)["media_id"]
    ask = {"grant_type": "client_credential", "appid": "wxother", "secret": "s"}
    wechat.token = requests.post(f"{sim.url}/cgi-bin/stable_token", json=ask, timeout=9).json()["access_token"]
    assert fetch(sim, wechat, "media/get", media_id).json()["errcode"] == 40007


def test_places_and_links(sim: Sim, listener: Listener) -> None:
    plain(sim, listener)
    sim.message("wechat", "", location={"latitude": 30.25, "longitude": 120.16, "label": "青岚路"})
    pushed = fields(listener)
    assert (pushed["Location_X"], pushed["Location_Y"], pushed["Label"]) == ("30.25", "120.16", "青岚路")
    sim.message("wechat", "", link={"title": "网页", "url": "https://www.example.gov.cn/p"})
    assert fields(listener)["Url"] == "https://www.example.gov.cn/p"
    sim.message("wechat", "", event="LOCATION", latitude=23.137466, longitude=113.352425, precision=119.38)
    assert fields(listener)["Latitude"] == "23.137466"


def test_a_message_from_an_article_names_it(sim: Sim, listener: Listener) -> None:
    plain(sim, listener)
    sim.message("wechat", "这篇看不懂", msg_data_id="2247483656", idx=2)
    assert (fields(listener)["MsgDataId"], fields(listener)["Idx"]) == ("2247483656", "2")


@pytest.mark.parametrize(("kind", "words"), [("image", "发了一张图片"), ("voice", "发了一个语音消息")])
@pytest.mark.parametrize("push_format", ["json", "xml"])
def test_weibo_media_come_by_the_receivers_number(
    sim: Sim, weibo: Weibo, listener: Listener, kind: str, words: str, push_format: str
) -> None:
    sim.put("weibo", UID, callback_url=listener.url, push_format=push_format)
    data = png() if kind == "image" else SMALLEST_AMR
    told = sim.message("weibo", "", **{kind: base64.b64encode(data).decode()})
    body = listener.got[-1][1]
    if push_format == "json":
        pushed = json.loads(body)
        assert (pushed["type"], pushed["text"]) == (kind, words)
        assert set(pushed["data"]) == {"vfid", "tovfid"}
        number = str(pushed["data"]["tovfid"])
    else:
        pushed = envelope.read_fields(body.decode())
        assert (pushed["MsgType"], pushed["Content"]) == (kind, words)
        number = pushed["Tovfid"]
    assert number == told["media_id"]
    got = weibo.get("mss/msget", fid=number)
    assert got.content == data
    assert weibo.get("mss/msget", fid="1").json()["error_code"] == 20101
    assert weibo.get("mss/msget").json()["error_code"] == 10016


def test_a_place_on_weibo(sim: Sim, listener: Listener) -> None:
    sim.put("weibo", UID, callback_url=listener.url)
    sim.message("weibo", "", location={"latitude": "30.25", "longitude": "120.16"})
    pushed = json.loads(listener.got[-1][1])
    assert (pushed["type"], pushed["data"]) == ("position", {"longitude": "120.16", "latitude": "30.25"})
    who = {"platform": "weibo", "external_id": UID, "from": "甲"}
    sim.call("POST", "/_sim/messages", {**who, "video": True}, status=409)


def test_a_person_sends_a_file_on_the_page(sim: Sim, wechat: WeChat, listener: Listener) -> None:
    plain(sim, listener)
    who = {"platform": "wechat", "external_id": GH, "from": "小林"}

    def send(name: str, data: bytes, kind: str) -> requests.Response:
        return requests.post(f"{sim.url}/messages", data=who, files={"file": (name, data, kind)}, timeout=9)

    talk = send("路面.png", png(), "image/png")
    assert '<img src="/sent/' in talk.text
    address = talk.text.partition('<img src="')[2].partition('"')[0]
    assert requests.get(sim.url + address, timeout=9).content == png()
    assert fetch(sim, wechat, "media/get", fields(listener)["MediaId"]).content == png()
    assert "[语音]" in send("录音.amr", SMALLEST_AMR, "application/octet-stream").text
    assert fields(listener)["MsgType"] == "voice"
    assert send("a.exe", b"MZ", "application/octet-stream").status_code == 409
    assert requests.post(f"{sim.url}/messages", data=who, timeout=9).status_code == 409


def test_nonsense_is_named(sim: Sim) -> None:
    who: dict[str, Any] = {"platform": "wechat", "external_id": GH, "from": "甲"}
    assert "voice" in sim.call("POST", "/_sim/messages", {**who, "voice": "no base64"}, status=409)["error"]
    assert "location" in sim.call("POST", "/_sim/messages", {**who, "location": 5}, status=409)["error"]
    sim.call("POST", "/_sim/messages", {**who, "location": {"latitude": "x"}}, status=409)
    assert "voice" in sim.call("POST", "/_sim/messages", who, status=400)["error"]
