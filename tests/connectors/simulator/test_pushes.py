"""Pushes that fail, the minute in which they are dropped, and answers that are none."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
import requests

from connectors.simulator import envelope
from connectors.simulator.wechat import datacube
from tests.connectors.simulator.conftest import GH, UID, Listener, Sim, WeChat
from tests.connectors.simulator.test_wechat_access import wechat_day

FAN = "2489518277"


def failing(sim: Sim, listener: Listener, platform: str = "wechat") -> None:
    who = GH if platform == "wechat" else UID
    mode: dict[str, Any] = {"callback_mode": "plain"} if platform == "wechat" else {}
    sim.put(platform, who, callback_url=listener.url, **mode)
    listener.status = 500


def test_many_failures_drop_all_pushes_for_one_minute(sim: Sim, listener: Listener) -> None:
    failing(sim, listener)
    for number in range(5):
        assert sim.message("wechat", f"第{number}条")["attempts"] == 3
    listener.status = 200
    dropped = sim.message("wechat", "丢了的")
    assert (dropped["attempts"], dropped["delivered"]) == (0, False)
    assert "MarkFail" in dropped["error"]
    assert len(listener.got) == 15
    sim.shift(61)
    assert sim.message("wechat", "又来了")["delivered"] is True
    assert b"\xe4\xb8\xa2" not in listener.got[-1][1], "what fell out is lost for good"
    listener.status = 500
    assert sim.message("wechat")["attempts"] == 3, "one failure is not many"


def test_a_success_between_starts_the_count_again(sim: Sim, listener: Listener) -> None:
    failing(sim, listener)
    sim.put("wechat", GH, mark_fail_after=2)
    sim.message("wechat")
    listener.status = 200
    sim.message("wechat")
    listener.status = 500
    sim.message("wechat")
    listener.status = 200
    assert sim.message("wechat")["delivered"] is True


def test_weibo_knows_no_such_minute(sim: Sim, listener: Listener) -> None:
    failing(sim, listener, "weibo")
    assert [sim.message("weibo", f"第{number}条")["attempts"] for number in range(6)] == [3] * 6


def test_the_citizen_reads_that_nobody_is_there(sim: Sim, listener: Listener) -> None:
    failing(sim, listener)
    told = sim.message("wechat")
    assert told["reply"] == "该公众号暂时无法提供服务，请稍后再试"
    assert told["reply"] in requests.get(f"{sim.url}/talks/wechat/{GH}/{told['from']}", timeout=9).text


def test_every_push_is_written_down(sim: Sim, listener: Listener) -> None:
    failing(sim, listener)
    sim.message("wechat")
    sim.message("wechat", "", event="subscribe")
    told = sim.call("GET", "/_sim/pushes")["items"]
    assert [(each["kind"], each["attempts"], each["status"]) for each in told] == [
        ("text", 3, 500),
        ("subscribe", 3, 500),
    ]


def test_the_statistics_of_pushes(sim: Sim, wechat: WeChat, listener: Listener) -> None:
    failing(sim, listener)
    sim.message("wechat")
    listener.status = 200
    sim.message("wechat")
    day = wechat_day(sim)
    sim.shift(2 * 86400)
    told = wechat.post("/datacube/getinterfacesummary", {"begin_date": day, "end_date": day})["list"]
    assert [(each["ref_date"], each["callback_count"], each["fail_count"]) for each in told] == [(day, 2, 1)]
    assert datacube.FIRST_DAY.isoformat() == "2014-12-01"


def reply(**changes: Any) -> bytes:
    data = changes.pop("words", None) or {"text": "中文消息"}
    body = {"result": True, "sender_id": UID, "receiver_id": FAN, "type": "text", "data": quote(json.dumps(data))}
    return json.dumps({**body, **changes}).encode()


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (reply(), "中文消息"),
        (reply(sender_id=FAN, receiver_id=UID), ""),
        (reply(words={"text": "字" * 301}), ""),
        (reply(words={"text": "字" * 300}), "字" * 300),
        (reply(type="articles", words={"articles": [{"display_name": "甲"}] * 8}), "[articles]"),
        (reply(type="articles", words={"articles": [{"display_name": "甲"}] * 9}), ""),
        (reply(type="dance"), ""),
        (reply(data="{not json"), ""),
        (reply(result="true"), ""),
        (b"[1]", ""),
        (b"\xff\xfe", ""),
        (b"", ""),
    ],
)
def test_weibo_reads_passive_replies_strictly(sim: Sim, listener: Listener, answer: bytes, heard: str) -> None:
    sim.put("weibo", UID, callback_url=listener.url)
    listener.answer = lambda query, body: answer
    told = sim.message("weibo", sender=FAN)
    assert told["reply"] == heard
    assert bool(told["reply_problem"]) is (not heard and answer != b"")


def test_weibo_in_xml_mode_may_be_answered_in_xml(sim: Sim, listener: Listener) -> None:
    sim.put("weibo", UID, callback_url=listener.url, push_format="xml")
    head = {"ToUserName": FAN, "FromUserName": UID, "CreateTime": 1, "MsgType": "text"}
    listener.answer = lambda query, body: envelope.xml({**head, "Content": "收到"}).encode()
    assert sim.message("weibo", sender=FAN)["reply"] == "收到"
    listener.answer = lambda query, body: envelope.xml({**head, "ToUserName": UID, "Content": "收到"}).encode()
    assert sim.message("weibo", sender=FAN)["reply_problem"] != ""


@pytest.mark.parametrize(
    ("fields", "heard"),
    [
        ({}, "收到"),
        ({"FromUserName": "gh_other"}, ""),
        ({"ToUserName": "oNobody"}, ""),
        ({"MsgType": "dance"}, ""),
        ({"CreateTime": "now"}, ""),
        ({"Content": ""}, ""),
        ({"MsgType": "image"}, "[image]"),
    ],
)
def test_wechat_reads_passive_replies_strictly(sim: Sim, listener: Listener, fields: Any, heard: str) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain")
    openid = sim.message("wechat")["from"]
    head = {"ToUserName": openid, "FromUserName": GH, "CreateTime": 1, "MsgType": "text", "Content": "收到"}
    listener.answer = lambda query, body: envelope.xml({**head, **fields}).encode()
    assert sim.message("wechat", sender=openid)["reply"] == (heard or "该公众号提供的服务出现故障，请稍后再试")


def test_a_plain_answer_in_safe_mode_is_a_fault(sim: Sim, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url)
    listener.answer = lambda query, body: envelope.xml({"MsgType": "text", "Content": "收到"}).encode()
    assert "safe mode" in sim.message("wechat")["reply_problem"]


def test_a_message_of_the_past_is_not_pushed_and_its_window_began_then(
    sim: Sim, wechat: WeChat, listener: Listener
) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain")
    then = sim.server.state.now() - 47 * 3600
    told = sim.message("wechat", "昨天的", push=False, created_at=then)
    assert (told["attempts"], told["reply"], listener.got) == (0, "", [])
    answer = {"touser": told["from"], "msgtype": "text", "text": {"content": "您好"}}
    assert wechat.post("message/custom/send", answer)["errcode"] == 0
    sim.shift(3700)
    assert wechat.post("message/custom/send", answer)["errcode"] == 45015
    page = requests.get(f"{sim.url}/talks/wechat/{GH}/{told['from']}", timeout=9).text
    assert "昨天的" in page
    assert "暂时无法提供服务" not in page
