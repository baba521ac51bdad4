"""CONTRACT: callbacks as the platforms' signatures demand, over the real server; and the probes for machines."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from wechatpy.crypto import WeChatCrypto

from tests.journeys.contract.kit import Place
from tests.patience import PATIENCE

TOKEN = "callbacktoken"
AES = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wxba5fad812f8e6fb9"


def signed(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def wechat(place: Place, text: str, **query: str) -> tuple[dict[str, str], bytes]:
    xml = (
        f"<xml><ToUserName>{place.city.wechat_id}</ToUserName><FromUserName>oCallback</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType>text</MsgType>"
        f"<Content>{text}</Content><MsgId>{secrets.randbelow(10**15)}</MsgId></xml>"
    )
    return sealed(place, xml, **query)


def sealed(place: Place, xml: str, **query: str) -> tuple[dict[str, str], bytes]:
    stamp, nonce = str(int(time.time())), secrets.token_hex(5)
    cipher = WeChatCrypto(TOKEN, AES, APP_ID).encrypt_message(xml, nonce, stamp)
    cipher = cipher.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    given = {"signature": signed(TOKEN, stamp, nonce), "timestamp": stamp, "nonce": nonce, "encrypt_type": "aes",
             "msg_signature": signed(TOKEN, stamp, nonce, cipher)}  # fmt: skip
    body = f"<xml><ToUserName>{place.city.wechat_id}</ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    return {**given, **query}, body.encode()


def weibo(place: Place, text: str, body: bytes | None = None) -> tuple[dict[str, str], bytes]:
    stamp, nonce = str(int(time.time() * 1000)), str(secrets.randbelow(10**8))
    push = {"type": "text", "receiver_id": int(place.city.weibo_uid), "sender_id": 2488518855, "text": text,
            "created_at": datetime.now(UTC).strftime("%a %b %d %H:%M:%S +0000 %Y"), "data": {}}  # fmt: skip
    query = {"signature": signed("weibo-secret-for-tests", stamp, nonce), "timestamp": stamp, "nonce": nonce}
    return query, json.dumps(push).encode() if body is None else body


def url(place: Place, platform: str) -> str:
    account = place.city.weibo if platform == "weibo" else place.city.wechat
    return str(place.admin.get(f"/accounts/{account}")["callback_url"])


def send(address: str, letter: tuple[dict[str, str], bytes], method: str = "POST") -> requests.Response:
    return requests.request(method, address, params=letter[0], data=letter[1], timeout=PATIENCE)


def stored(place: Place, text: str) -> int:
    items = place.city.people["responder"].get(f"/conversations?q={text}")["items"]
    found = [place.city.people["responder"].get(f"/conversations/{item['id']}/messages")["items"] for item in items]
    return sum(message["text"] == text for messages in found for message in messages)


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_once_however_often_it_comes(place: Place, platform: str) -> None:
    text = f"重复{secrets.token_hex(4)}"
    letter = weibo(place, text) if platform == "weibo" else wechat(place, text)
    address = url(place, platform)
    first, again = send(address, letter), send(address, letter)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert stored(place, text) == 1


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_refusals(place: Place, platform: str) -> None:
    text = f"拒绝{secrets.token_hex(4)}"
    letter = weibo(place, text) if platform == "weibo" else wechat(place, text)
    address, name = url(place, platform), "signature" if platform == "weibo" else "msg_signature"
    assert send(f"{address}x", letter).status_code == 404
    assert send(address.replace(f"/{platform}/", "/douyin/"), letter).status_code == 404
    assert send(address, ({**letter[0], name: "0" * 40}, letter[1])).status_code == 403
    assert send(address, ({}, letter[1])).status_code == 403
    assert send(address, (letter[0], b"x" * (1024 * 1024 + 1))).status_code == 413
    assert stored(place, text) == 0


def test_wechat_takes_only_what_is_encrypted_and_covered(place: Place) -> None:
    address = url(place, "wechat")
    query, body = wechat(place, "明文")
    plain = b"<xml><ToUserName>x</ToUserName><FromUserName>y</FromUserName><MsgType>text</MsgType></xml>"
    assert send(address, (query, plain)).status_code == 403
    other = wechat(place, "另一条")[1]
    assert send(address, (query, other)).status_code == 403
    assert send(address, sealed(place, "无意义")).status_code == 400
    echo = {"timestamp": query["timestamp"], "nonce": query["nonce"], "signature": query["signature"], "echostr": "77"}
    answer = send(address, (echo, b""), "GET")
    assert (answer.status_code, answer.text) == (200, "77")
    assert send(address, (query, body)).status_code == 200


def test_weibo_nonce_comes_with_one_body(place: Place) -> None:
    address = url(place, "weibo")
    query, body = weibo(place, "第一次")
    assert send(address, (query, body)).status_code == 200
    assert send(address, (query, body.replace(b"text", b"tex2"))).status_code == 403
    for nonsense in (b"", b"[]", b"\xff", b'{"type": 7}', b"<xml>"):
        assert send(address, weibo(place, "", nonsense)).status_code == 400, nonsense
    query = weibo(place, "")[0]
    answer = send(address, ({**query, "echostr": "88"}, b""), "GET")
    assert (answer.status_code, answer.text) == (200, "88")


def test_probes_for_machines(place: Place) -> None:
    web = place.city.stack.web
    assert requests.get(f"{web}/healthz", timeout=10).status_code == 200
    assert requests.get(f"{web}/readyz", timeout=10).status_code == 200
    metrics: Any = requests.get(f"{web}/metrics", timeout=10)
    assert metrics.status_code == 200
    assert "tandem_publications" in metrics.text
