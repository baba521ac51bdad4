"""WeChat and Weibo: private messages, windows, and how they are pushed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from connectors.simulator import envelope
from tests.connectors.simulator.conftest import AES_KEY, APP_ID, GH, TOKEN, UID, Listener, Sim, WeChat, Weibo, png

VECTORS = json.loads((Path(__file__).parents[2] / "fixtures/wechat/crypto_official_vectors.json").read_text("utf-8"))


def sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def unseal(sealed: str) -> str:
    """Written here a second time, from the platform's description, so as not to test the simulator by itself."""
    key = base64.b64decode(AES_KEY + "=")
    opened = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor().update(base64.b64decode(sealed))
    opened = opened[: -opened[-1]]
    length = int.from_bytes(opened[16:20], "big")
    assert opened[20 + length :].decode() == APP_ID
    return opened[20 : 20 + length].decode()


def test_signature_and_cipher_agree_with_the_official_vectors() -> None:
    pushed = VECTORS["secure_push"]
    parts = (VECTORS["token"], pushed["timestamp"], pushed["nonce"])
    assert envelope.signature(*parts) == pushed["signature"]
    assert envelope.signature(*parts, pushed["encrypt"]) == pushed["msg_signature"]
    assert envelope.decrypt(pushed["encrypt"], VECTORS["encoding_aes_key"], VECTORS["appid"]) == pushed["plaintext"]
    sealed = envelope.encrypt("说<明>", AES_KEY, APP_ID)
    assert unseal(sealed) == "说<明>"
    assert len(base64.b64decode(sealed)) % 32 == 0


def test_safe_mode_pushes_nothing_in_the_clear(sim: Sim, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url)
    told = sim.message("wechat", "哪里办证")
    assert (told["delivered"], told["attempts"]) == (True, 1)
    query, body = listener.got[0]
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    sealed = envelope.read_fields(body.decode())["Encrypt"]
    assert asked["signature"] == sign(TOKEN, asked["timestamp"], asked["nonce"])
    assert asked["msg_signature"] == sign(TOKEN, asked["timestamp"], asked["nonce"], sealed)
    assert asked["encrypt_type"] == "aes"
    fields = envelope.read_fields(unseal(sealed))
    assert fields["Content"] == "哪里办证"
    assert fields["MsgId"] == told["msg_id"]
    assert int(told["msg_id"]) > 2**53
    assert "哪里办证" not in body.decode()


def test_compatible_mode_sends_both(sim: Sim, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="compatible")
    sim.message("wechat", "哪里]]>办证")
    fields = envelope.read_fields(listener.got[0][1].decode())
    assert fields["Content"] == "哪里]]>办证"
    assert "哪里" in unseal(fields["Encrypt"])


def test_three_tries_with_the_same_msg_id(sim: Sim, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain")
    listener.status = 500
    told = sim.message("wechat")
    assert (told["delivered"], told["attempts"]) == (False, 3)
    assert {envelope.read_fields(body.decode())["MsgId"] for _, body in listener.got} == {told["msg_id"]}
    assert len(listener.got) == 3


def test_callbacks_can_be_lost_or_come_thrice(sim: Sim, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain")
    sim.fault("callback_lost", platform="wechat")
    assert sim.message("wechat")["delivered"] is False
    assert listener.got == []
    sim.fault("callback_thrice", platform="wechat")
    assert sim.message("wechat")["attempts"] == 3
    assert len(listener.got) == 3


def test_a_passive_reply_reaches_the_citizen(sim: Sim, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url)

    def answer(query: str, body: bytes) -> bytes:
        pushed = envelope.read_fields(unseal(envelope.read_fields(body.decode())["Encrypt"]))
        head = {"ToUserName": pushed["FromUserName"], "FromUserName": GH, "CreateTime": 1}
        reply = envelope.xml({**head, "MsgType": "text", "Content": "请看办事指南"})
        sealed = envelope.encrypt(reply, AES_KEY, APP_ID)
        signed = envelope.signature(TOKEN, "1", "2", sealed)
        return envelope.xml({"Encrypt": sealed, "MsgSignature": signed, "TimeStamp": 1, "Nonce": "2"}).encode()

    listener.answer = answer
    told = sim.message("wechat")
    assert "请看办事指南" in requests.get(f"{sim.url}/talks/wechat/{GH}/{told['from']}", timeout=9).text


def test_the_url_check_wants_the_echo_back(sim: Sim, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url)
    who = {"platform": "wechat", "external_id": GH}
    assert sim.call("POST", "/_sim/callbacks/verify", who)["ok"] is False
    listener.answer = lambda query, body: parse_qs(query)["echostr"][0].encode()
    assert sim.call("POST", "/_sim/callbacks/verify", who)["ok"] is True


def custom(wechat: WeChat, openid: str, text: str = "已受理") -> int:
    return int(wechat.post("message/custom/send", text_message(openid, text))["errcode"])


def text_message(openid: str, text: str) -> dict[str, Any]:
    return {"touser": openid, "msgtype": "text", "text": {"content": text}}


def test_five_answers_within_48_hours(sim: Sim, wechat: WeChat) -> None:
    openid = sim.message("wechat")["from"]
    assert [custom(wechat, openid) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    assert sim.message("wechat", "再问")["from"] == openid
    assert custom(wechat, openid) == 0
    sim.shift(48 * 3600 + 1)
    wechat.token = ""
    assert custom(wechat, openid) == 45015
    assert len(sim.accepted("custom_message")) == 6


def test_a_subscription_allows_three_within_a_minute_and_leaving_none(sim: Sim, wechat: WeChat) -> None:
    openid = sim.message("wechat", "", event="subscribe")["from"]
    assert [custom(wechat, openid) for _ in range(4)] == [0, 0, 0, 45047]
    sim.shift(61)
    assert custom(wechat, openid) == 45015
    sim.message("wechat")
    sim.message("wechat", "", event="unsubscribe")
    assert custom(wechat, openid) == 45015
    assert custom(wechat, "oNobody") == 40003
    assert wechat.get("user/info", openid=openid) == {"subscribe": 0, "openid": openid}


def test_followers_have_no_names(sim: Sim, wechat: WeChat) -> None:
    openid = sim.message("wechat")["from"]
    told = wechat.get("user/info", openid=openid)
    assert told["subscribe"] == 1
    assert not {"nickname", "headimgurl"} & set(told)
    assert wechat.get("user/get")["data"]["openid"] == [openid]
    assert "data" not in wechat.get("user/get", next_openid=openid)
    tag = wechat.post("tags/create", {"tag": {"name": "投诉"}})["tag"]["id"]
    assert wechat.post("tags/members/batchtagging", {"tagid": tag, "openid_list": [openid]})["errcode"] == 0
    assert wechat.get("user/info", openid=openid)["tagid_list"] == [tag]


def test_typing_needs_a_fresh_message(sim: Sim, wechat: WeChat) -> None:
    body = {"touser": sim.message("wechat")["from"], "command": "Typing"}
    assert [wechat.post("message/custom/typing", body)["errcode"] for _ in range(2)] == [0, 45081]
    assert wechat.post("message/custom/typing", {**body, "command": "Dance"})["errcode"] == 45072
    sim.shift(31)
    assert wechat.post("message/custom/typing", body)["errcode"] == 45080


def test_a_picture_can_be_fetched_for_three_days(sim: Sim, wechat: WeChat, listener: Listener) -> None:
    sim.put("wechat", GH, callback_url=listener.url, callback_mode="plain")
    sim.message("wechat", "", image=base64.b64encode(png()).decode())
    media_id = envelope.read_fields(listener.got[0][1].decode())["MediaId"]
    wechat.token = wechat.fetch_token()["access_token"]
    ask = {"access_token": wechat.token, "media_id": media_id}
    assert requests.get(f"{sim.url}/cgi-bin/media/get", params=ask, timeout=9).content == png()
    sim.shift(3 * 86400 + 1)
    wechat.token = ""
    assert wechat.get("media/get", media_id=media_id)["errcode"] == 40007


@pytest.mark.parametrize("push_format", ["json", "xml"])
def test_weibo_pushes_sign_the_query_and_not_the_body(sim: Sim, listener: Listener, push_format: str) -> None:
    sim.put("weibo", UID, callback_url=listener.url, push_format=push_format)
    told = sim.message("weibo", "私信内容", sender="2489518277")
    query, body = listener.got[0]
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    assert asked["signature"] == sign("xyz123xyz", asked["timestamp"], asked["nonce"])
    assert len(asked["timestamp"]) == 13, "milliseconds"
    if push_format == "json":
        pushed = json.loads(body)
        assert (pushed["type"], pushed["text"], pushed["data"]) == ("text", "私信内容", {})
        assert (pushed["receiver_id"], pushed["sender_id"]) == (int(UID), 2489518277)
    else:
        fields = envelope.read_fields(body.decode())
        assert (fields["FromUserName"], fields["Content"]) == ("2489518277", "私信内容")
        assert re.fullmatch(r"\d{10}", fields["CreateTime"])
    assert told["delivered"] is True


def test_weibos_own_signature_vector() -> None:
    expected = "90e4c22c90a58f26526c2dd5b6c56c8822edeaa1"
    assert envelope.signature("xyz123xyz", "1397022061823", "57155157") == expected


def test_weibo_passive_replies_are_json_in_json(sim: Sim, listener: Listener) -> None:
    sim.put("weibo", UID, callback_url=listener.url)
    data = quote(json.dumps({"text": "中文消息"}))
    reply = {"result": True, "sender_id": UID, "receiver_id": "2489518277", "type": "text", "data": data}
    listener.answer = lambda query, body: json.dumps(reply).encode()
    told = sim.message("weibo", sender="2489518277")
    assert "中文消息" in requests.get(f"{sim.url}/talks/weibo/{UID}/{told['from']}", timeout=9).text


def test_weibo_answers_only_who_wrote_within_48_hours(sim: Sim, weibo: Weibo) -> None:
    def answer(receiver: str, text: str = "已受理") -> Any:
        return weibo.post("messages/reply", type="text", data=json.dumps({"text": text}), receiver_id=receiver).json()

    assert answer("2489518277")["error_code"] == 20301
    sim.message("weibo", sender="2489518277")
    assert answer("2489518277")["result"] is True
    assert answer("2489518277")["error_code"] == 20306
    assert answer("2489518277", "字" * 301)["error_code"] == 20013
    sim.shift(48 * 3600 + 1)
    assert answer("2489518277", "迟了")["error_code"] == 20301


def test_a_mention_may_be_answered_once(sim: Sim, weibo: Weibo) -> None:
    sim.message("weibo", "@青岚发布 请问", sender="2489518277", event="mention")
    codes = [
        weibo.post("messages/reply", type="text", data=json.dumps({"text": text}), receiver_id="2489518277").status_code
        for text in ("一", "二")
    ]
    assert codes == [200, 400]
    assert weibo.get("statuses/mentions").json()["statuses"][0]["text"] == "@青岚发布 请问"
