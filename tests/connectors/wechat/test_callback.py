"""Callbacks: forged ones are refused, nonsense is nonsense, recorded ones mean what they say."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import xmltodict
from wechatpy.crypto import WeChatCrypto

from connectors.errors import Forged, Unopened
from connectors.values import AccountEvent, Callback, Found, InboundMessage, PublishResult, Rejected
from connectors.wechat.connector import WeChatConnector
from tests.connectors.fakes import FIXTURES, SimulatorControl
from tests.connectors.wechat.conftest import AES_KEY, APP_ID, GH, TOKEN, Clock, Make

VECTORS = json.loads((FIXTURES / "wechat" / "crypto_official_vectors.json").read_text(encoding="utf-8"))
OTHER_KEY = "ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkj"
TEXT = "<xml><ToUserName>gh_1</ToUserName><FromUserName>oUser</FromUserName><CreateTime>1348831860</CreateTime>"
TEXT += "<MsgType>text</MsgType><Content><![CDATA[几点停电？]]></Content><MsgId>1234567890123456789</MsgId></xml>"


def recorded(name: str) -> str:
    return (FIXTURES / "wechat" / name).read_text(encoding="utf-8")


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def push(
    xml: str, clock: Clock, *, key: str = AES_KEY, app_id: str = APP_ID, token: str = TOKEN, encrypt: str = ""
) -> Callback:
    """What WeChat would send in safe mode."""
    stamp, nonce = str(int(clock().timestamp())), "n0nce"
    crypto = WeChatCrypto(token, key, app_id)
    body = str(crypto.encrypt_message(xml, nonce, stamp))
    sealed = encrypt or re.findall(r"<Encrypt><!\[CDATA\[(.*?)\]\]>", body)[0]
    query = {
        "signature": signature(token, stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": signature(token, stamp, nonce, sealed),
    }
    envelope = f"<xml><ToUserName><![CDATA[{GH}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return Callback(method="POST", query=query, body=envelope.encode())


def opened(connector: WeChatConnector, clock: Clock, name: str) -> Any:
    (one,) = connector.parse_callback(push(recorded(name), clock))
    return one


def at(connector: WeChatConnector, stamp: str) -> WeChatConnector:
    """The same connector at the time of an official vector."""
    connector.gate.clock = lambda: datetime.fromtimestamp(int(stamp), UTC)
    return connector


def official(make: Make) -> WeChatConnector:
    names = {"token": "token", "encoding_aes_key": "encoding_aes_key", "app_id": "appid"}
    return make(credentials={ours: VECTORS[theirs] for ours, theirs in names.items()})


def test_the_official_get_check_is_answered_verbatim(make: Make) -> None:
    vector = VECTORS["url_verify"]
    connector = at(official(make), vector["timestamp"])
    query = {name: vector[name] for name in ("signature", "timestamp", "nonce", "echostr")}
    assert connector.verify_callback(Callback(method="GET", query=query)) == vector["echostr"]
    with pytest.raises(Forged):
        connector.verify_callback(Callback(method="GET", query=query | {"signature": "0" * 40}))


def test_the_official_secure_push_verifies_and_decrypts(make: Make) -> None:
    vector = VECTORS["secure_push"]
    connector = at(official(make), vector["timestamp"])
    query = {name: vector[name] for name in ("signature", "msg_signature", "timestamp", "nonce")}
    request = Callback(method="POST", query=query, body=recorded("cb_secure_envelope.xml").encode())
    assert connector.verify_callback(request) == ""
    # The vector's plaintext is the JSON of the generic page: correctly signed, but no message of an Official Account.
    with pytest.raises(ValueError):
        connector.parse_callback(request)


def test_a_text_becomes_a_private_message(make: Make, clock: Clock) -> None:
    (message,) = make().parse_callback(push(TEXT, clock))
    assert isinstance(message, InboundMessage)
    assert message.external_id == "msg:1234567890123456789"
    assert (message.kind, message.thread, message.text) == ("private", "oUser", "几点停电？")
    assert message.target == {"kind": "private", "openid": "oUser"}
    assert message.sent_at == datetime(2012, 9, 28, 11, 31, tzinfo=UTC)


@pytest.mark.parametrize("given", ["0" * 40, "", "é"])
def test_a_wrong_msg_signature_is_forged(make: Make, clock: Clock, given: str) -> None:
    request = push(TEXT, clock)
    bad = Callback(method="POST", query={**request.query, "msg_signature": given}, body=request.body)
    for handle in (make().verify_callback, make().parse_callback):
        with pytest.raises(Forged):
            handle(bad)


def test_signature_does_not_stand_in_for_msg_signature(make: Make, clock: Clock) -> None:
    """`signature` does not cover the body: another ciphertext under it is forged."""
    request, other = push(TEXT, clock), push(TEXT.replace("几点停电？", "转账"), clock)
    with pytest.raises(Forged):
        make().parse_callback(Callback(method="POST", query=request.query, body=other.body))


def test_a_plain_body_is_refused_though_correctly_signed(make: Make, clock: Clock) -> None:
    request = push(TEXT, clock)
    for connector in (make(), make(environment="live", settings={"callback_mode": "plain"})):
        with pytest.raises(Forged):
            connector.parse_callback(Callback(method="POST", query=request.query, body=TEXT.encode()))


def test_a_plain_body_is_taken_from_the_simulator_when_the_account_is_set_so(make: Make, clock: Clock) -> None:
    connector = make(settings={"callback_mode": "plain"})
    request = Callback(method="POST", query=push(TEXT, clock).query, body=TEXT.encode())
    (message,) = connector.parse_callback(request)
    assert isinstance(message, InboundMessage)
    assert b"<Encrypt>" not in connector.passive_reply(request, "收到")
    with pytest.raises(Forged):
        connector.parse_callback(Callback(method="POST", query={}, body=TEXT.encode()))


def test_only_the_encrypted_part_of_a_compatible_body_counts(make: Make, clock: Clock) -> None:
    request = push(TEXT, clock)
    forged = request.body.replace(b"<xml>", b"<xml><MsgType>text</MsgType><Content>forged</Content><MsgId>1</MsgId>")
    (message,) = make().parse_callback(Callback(method="POST", query=request.query, body=forged))
    assert isinstance(message, InboundMessage)
    assert message.text == "几点停电？"


def test_two_encrypted_parts_are_refused(make: Make, clock: Clock) -> None:
    request = push(TEXT, clock)
    with pytest.raises(Forged):
        make().parse_callback(Callback(method="POST", query=request.query, body=request.body * 2))


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "body",
    [
        b"<Encrypt>" + b" " * MEGABYTE,
        b"<Encrypt>" + b" " * MEGABYTE + b"</Encrypt>",
        b"<Encrypt>" + b"A" * MEGABYTE + b"!</Encrypt>",
        b"<Encrypt>" * (MEGABYTE // 9),
        b"</Encrypt>" + b"A " * (MEGABYTE // 2) + b"<Encrypt>",
        b"<Encrypt>\xff\xfe</Encrypt>",
    ],
)
def test_a_body_made_to_tire_us_out_is_refused_at_once(make: Make, clock: Clock, body: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(Forged):
        make().verify_callback(Callback(method="POST", query=push(TEXT, clock).query, body=body))
    assert time.monotonic() - began < 1


def test_a_message_for_another_app_is_forged(make: Make, clock: Clock) -> None:
    with pytest.raises(Forged):
        make().parse_callback(push(TEXT, clock, app_id="wxffffffffffffffff"))


@pytest.mark.parametrize("minutes", [-11, 11])
def test_an_old_or_future_push_is_refused(make: Make, clock: Clock, minutes: int) -> None:
    request = push(TEXT, clock)
    clock.later(minutes=minutes)
    with pytest.raises(Forged):
        make().parse_callback(request)


@pytest.mark.parametrize("stamp", ["", "soon", "1e9", "-5", "9" * 40, "１２３"])
def test_a_timestamp_that_is_no_time_is_refused(make: Make, clock: Clock, stamp: str) -> None:
    query = {"timestamp": stamp, "nonce": "n", "echostr": "e", "signature": signature(TOKEN, stamp, "n")}
    with pytest.raises(Forged):
        make().verify_callback(Callback(method="GET", query=query))


def test_the_previous_key_still_opens_while_it_is_replaced(make: Make, clock: Clock) -> None:
    rotated = make(credentials={"encoding_aes_key": OTHER_KEY, "previous_aes_key": AES_KEY})
    (message,) = rotated.parse_callback(push(TEXT, clock))
    assert isinstance(message, InboundMessage)
    with pytest.raises(Unopened, match="EncodingAESKey"):
        make(credentials={"encoding_aes_key": OTHER_KEY}).parse_callback(push(TEXT, clock))


@pytest.mark.parametrize(
    "xml",
    [
        "not xml at all",
        "<xml></xml>",
        "<xml><MsgType>text</MsgType></xml>",
        "<other><MsgType>text</MsgType></other>",
        "<xml><MsgType><a>1</a></MsgType></xml>",
        TEXT.replace("<MsgId>1234567890123456789</MsgId>", ""),
        TEXT.replace("1348831860", "yesterday"),
        TEXT.replace("1234567890123456789", "<a>" * 5000 + "</a>" * 5000),
        "<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><CreateTime>1</CreateTime>"
        "<MsgType>event</MsgType></xml>",
        '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>' + TEXT.replace("oUser", "&b;"),
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + TEXT,
    ],
)
def test_correctly_signed_nonsense_is_a_value_error(make: Make, clock: Clock, xml: str) -> None:
    with pytest.raises(ValueError):
        make().parse_callback(push(xml, clock))


@pytest.mark.parametrize("junk", [b"", b"short", bytes(16), bytes(64), b"\x01" * 48])
def test_signed_ciphertext_that_is_junk_is_refused_cleanly(make: Make, clock: Clock, junk: bytes) -> None:
    sealed = base64.b64encode(junk).decode() or "===="
    with pytest.raises((ValueError, Forged)):
        make().parse_callback(push(TEXT, clock, encrypt=sealed))


KINDS = [
    ("cb_msg_image.xml", "[图片]", "image"),
    ("cb_msg_voice.xml", "[语音]", "voice"),
    ("cb_msg_video.xml", "[视频]", "video"),
    ("cb_msg_shortvideo.xml", "[小视频]", "shortvideo"),
    ("cb_msg_location.xml", "[位置] 位置信息（23.134521，113.358803）", ""),
    ("cb_msg_link.xml", "[链接]", ""),
]


@pytest.mark.parametrize(("name", "text", "media"), KINDS)
def test_every_kind_of_message_is_readable(make: Make, clock: Clock, name: str, text: str, media: str) -> None:
    message = opened(make(), clock, name)
    assert isinstance(message, InboundMessage)
    assert message.text.startswith(text)
    assert [part.kind for part in message.media] == ([media] if media else [])
    assert all(part.media_id for part in message.media)


def test_an_unknown_kind_of_message_is_not_lost(make: Make, clock: Clock) -> None:
    (message,) = make().parse_callback(push(TEXT.replace("<MsgType>text", "<MsgType>hologram"), clock))
    assert isinstance(message, InboundMessage)
    assert "hologram" in message.text


EVENTS = [
    ("cb_evt_subscribe.xml", "subscribe", ""),
    # wechatpy turns this into an event of its own; to us it is a subscription with a key.
    ("cb_evt_subscribe_qrscene.xml", "subscribe", "123123"),
    ("cb_evt_unsubscribe.xml", "unsubscribe", ""),
    ("cb_evt_scan.xml", "scan", "SCENE_VALUE"),
    ("cb_evt_click.xml", "click", "EVENTKEY"),
    ("cb_evt_location.xml", "location", ""),
    ("cb_evt_scancode_push.xml", "scancode_push", "6"),
    ("cb_evt_templatesendjobfinish.xml", "templatesendjobfinish", ""),
]


@pytest.mark.parametrize(("name", "kind", "key"), EVENTS)
def test_events_have_an_id_of_their_own(make: Make, clock: Clock, name: str, kind: str, key: str) -> None:
    event = opened(make(), clock, name)
    assert isinstance(event, AccountEvent)
    assert (event.kind, event.key) == (kind, key)
    assert event.external_id == f"ev:{event.sender_id}:{int(event.at.timestamp())}:{kind}:{key}"


@pytest.mark.parametrize("spelling", ["PUBLISHJOBFINISH", "FREEPUBLISHJOBFINISH"])
def test_the_end_of_a_publication_is_told_under_both_spellings(make: Make, clock: Clock, spelling: str) -> None:
    xml = recorded("cb_evt_publishjobfinish_ok.xml").replace("PUBLISHJOBFINISH", spelling)
    (result,) = make().parse_callback(push(xml, clock))
    assert isinstance(result, PublishResult)
    assert (result.ref_name, result.ref) == ("publish_id", "2247503051")
    assert isinstance(result.finding, Found)
    assert result.finding.receipt.url == "ARTICLE_URL"
    assert result.finding.receipt.external_id == "b5O2OUs25HBxRceL7hfReg-U9QGeq9zQjiDvyWP4Hq4"


def test_a_failed_publication_is_rejected(make: Make, clock: Clock) -> None:
    result = opened(make(), clock, "cb_evt_publishjobfinish_original_failed.xml")
    assert isinstance(result.finding, Rejected)
    assert "原创" in result.finding.cause


def test_a_finished_mass_send_is_found_with_its_address(make: Make, clock: Clock) -> None:
    result = opened(make(), clock, "cb_evt_masssendjobfinish_success_real.xml")
    assert (result.ref_name, result.ref) == ("msg_id", "1000000003")
    assert isinstance(result.finding, Found)
    assert result.finding.receipt.url == "http://mp.weixin.qq.com/s/8yzT20EvmDg37Jso9nsIIw"


def test_a_mass_send_without_addresses_is_found_all_the_same(make: Make, clock: Clock) -> None:
    xml = recorded("cb_evt_masssendjobfinish_success_real.xml")
    xml = re.sub(r"<ArticleUrlResult>.*</ArticleUrlResult>", "<ArticleUrlResult></ArticleUrlResult>", xml, flags=re.S)
    (result,) = make().parse_callback(push(xml, clock))
    assert isinstance(result, PublishResult)
    assert isinstance(result.finding, Found)
    assert (result.finding.receipt.live, result.finding.receipt.url) == (True, "")


@pytest.mark.parametrize(
    ("status", "words"),
    [("err(30003)", "转载"), ("err(40001)", "管理员拒绝"), ("err(40002)", "30 分钟"), ("err(20431)", "没有说明")],
)
def test_a_failed_mass_send_says_why(make: Make, clock: Clock, status: str, words: str) -> None:
    xml = recorded("cb_evt_masssendjobfinish_err30003_copyright.xml").replace("err(30003)", status)
    (result,) = make().parse_callback(push(xml, clock))
    assert isinstance(result, PublishResult)
    assert isinstance(result.finding, Rejected)
    assert words in result.finding.cause
    assert result.finding.code == status


def test_an_empty_answer_is_success_in_the_clear(make: Make, clock: Clock) -> None:
    assert make().passive_reply(push(TEXT, clock), "") == b"success"


def test_a_passive_answer_is_encrypted_and_cannot_break_out_of_its_section(make: Make, clock: Clock) -> None:
    connector = make()
    text = "请看]]></Content><Content><![CDATA[假的 & <b>"
    sealed = connector.passive_reply(push(TEXT, clock), text).decode()
    parts = dict(re.findall(r"<(Encrypt|MsgSignature|TimeStamp|Nonce)>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</", sealed))
    plain = WeChatCrypto(TOKEN, AES_KEY, APP_ID).decrypt_message(
        sealed, parts["MsgSignature"], parts["TimeStamp"], parts["Nonce"]
    )
    reply = xmltodict.parse(plain)["xml"]
    assert reply["Content"] == text
    assert (reply["ToUserName"], reply["FromUserName"], reply["MsgType"]) == ("oUser", "gh_1", "text")


@contextmanager
def receiver(connector: WeChatConnector, seen: list[Any]) -> Iterator[str]:
    """Stands for /callbacks/wechat/{key}: parses, keeps, answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Callback(method="POST", query=dict(parse_qsl(urlsplit(self.path).query)), body=body)
            seen.extend(connector.parse_callback(request))
            answer = connector.passive_reply(request, "您好，已收到。" if len(seen) == 1 else "")
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/callbacks/wechat/k"
    finally:
        server.shutdown()
        server.server_close()


def test_a_citizens_message_arrives_through_the_simulator_encrypted_and_is_answered(
    make: Make, registered: Callable[..., str], simulator: SimulatorControl
) -> None:
    connector = make(registered())
    seen: list[Any] = []
    with receiver(connector, seen) as url:
        registered(callback_url=url)
        told = simulator.message("wechat", GH, **{"from": "市民甲", "text": "几点停电？"})
        assert told["delivered"]
        message = seen[0]
        assert (message.text, message.external_id) == ("几点停电？", f"msg:{told['msg_id']}")
        simulator.message("wechat", GH, **{"from": "市民甲", "event": "unsubscribe"})
        assert [event.kind for event in seen[1:]] == ["unsubscribe"]
        connector.gate.clock = lambda: connector.clock() + timedelta(hours=1)
        assert not simulator.message("wechat", GH, **{"from": "市民乙", "text": "在吗"})["delivered"]
