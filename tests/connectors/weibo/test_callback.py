"""粉丝服务 pushes: signature, forms, types, and the passive reply."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import xmltodict

from connectors.errors import ContentRefused, Forged
from connectors.values import AccountEvent, Callback, InboundMessage
from connectors.weibo import callback as push
from connectors.weibo.connector import WeiboConnector
from connectors.weibo.payloads import comment_message, mention_message
from tests.connectors.fakes import FIXTURES, Odd, SimulatorControl
from tests.connectors.weibo.conftest import UID, Clock, Make, register

SECRET = "weibo-app-secret"


@pytest.fixture
def connector(make: Make) -> WeiboConnector:
    return make()


def fixture(name: str) -> bytes:
    return (FIXTURES / "weibo" / name).read_bytes()


def signed(moment: datetime, method: str = "POST", body: bytes = b"", **changes: str) -> Callback:
    timestamp, nonce = str(int(moment.timestamp() * 1000)), "57155157"
    signature = hashlib.sha1("".join(sorted([SECRET, timestamp, nonce])).encode(), usedforsecurity=False).hexdigest()
    query = {"timestamp": timestamp, "nonce": nonce, "signature": signature, **changes}
    return Callback(method=method, query=query, body=body)


def test_the_documented_vector() -> None:
    vector = json.loads(fixture("push_signature_vector.json"))
    query = {name: vector[name] for name in ("timestamp", "nonce", "signature")} | {"echostr": "e-1"}
    at = datetime.fromtimestamp(int(vector["timestamp"]) / 1000, UTC)
    assert push.verify(Callback(method="GET", query=query), vector["appsecret"], at) == "e-1"
    assert push.verify(Callback(method="POST", query=query), vector["appsecret"], at) == ""


def test_get_echoes(connector: WeiboConnector, clock: Clock) -> None:
    assert connector.verify_callback(signed(clock.now, "GET", echostr="回声")) == "回声"


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "0" * 40},
        {"signature": ""},
        {"signature": "非ASCII"},
        {"signature": "\ud800"},
        {"nonce": "other"},
        {"timestamp": "1"},
        {"timestamp": ""},
    ],
)
def test_a_wrong_signature_is_forged(connector: WeiboConnector, clock: Clock, changes: dict[str, str]) -> None:
    with pytest.raises(Forged):
        connector.verify_callback(signed(clock.now, "POST", b"", **changes))


def test_without_a_secret_everything_is_forged(make: Make, clock: Clock) -> None:
    timestamp = str(int(clock.now.timestamp() * 1000))
    signature = hashlib.sha1("".join(sorted(["", timestamp, "n"])).encode(), usedforsecurity=False).hexdigest()
    query = {"timestamp": timestamp, "nonce": "n", "signature": signature}
    with pytest.raises(Forged):
        make(credentials={}).verify_callback(Callback(method="POST", query=query))


@pytest.mark.parametrize("minutes", [-11, 11])
def test_an_old_signature_is_forged(connector: WeiboConnector, clock: Clock, minutes: int) -> None:
    with pytest.raises(Forged):
        connector.verify_callback(signed(clock.now + timedelta(minutes=minutes)))


@pytest.mark.parametrize("timestamp", ["99999999999999999999999", "abc", "-1", "1e9"])
def test_a_signed_nonsense_time_is_forged(connector: WeiboConnector, timestamp: str) -> None:
    signature = hashlib.sha1("".join(sorted([SECRET, timestamp, "n"])).encode(), usedforsecurity=False).hexdigest()
    query = {"timestamp": timestamp, "nonce": "n", "signature": signature}
    with pytest.raises(Forged):
        connector.verify_callback(Callback(method="POST", query=query))


def parse(connector: WeiboConnector, body: bytes) -> Any:
    return connector.parse_callback(Callback(method="POST", query={}, body=body))


def test_text(connector: WeiboConnector) -> None:
    [message] = parse(connector, fixture("push_text.json"))
    assert isinstance(message, InboundMessage)
    assert (message.kind, message.thread, message.sender_id) == ("private", "2489518277", "2489518277")
    assert message.text == "私信或留言内容"
    assert message.sent_at == datetime(2012, 7, 16, 10, 9, 20, tzinfo=UTC)
    assert message.target == {"kind": "private", "receiver_id": "2489518277"}
    assert message.external_id.startswith("wb:2489518277:1342433360:text:")


def test_a_repeat_has_the_same_id_and_another_text_in_the_same_second_has_not(connector: WeiboConnector) -> None:
    body = json.loads(fixture("push_text.json"))
    first = parse(connector, fixture("push_text.json"))[0].external_id
    assert parse(connector, json.dumps(body).encode())[0].external_id == first
    assert parse(connector, json.dumps(body | {"text": "另一句"}).encode())[0].external_id != first


@pytest.mark.parametrize(("name", "kind", "fid"), [("push_image", "image", "821804469"), ("push_voice", "voice", "")])
def test_media_by_the_receivers_file_id(connector: WeiboConnector, name: str, kind: str, fid: str) -> None:
    expected = fid or str(json.loads(fixture(f"{name}.json"))["data"]["tovfid"])
    [message] = parse(connector, fixture(f"{name}.json"))
    [media] = message.media
    assert (media.kind, media.media_id) == (kind, expected)


@pytest.mark.parametrize(
    ("name", "kind", "key"),
    [
        ("follow", "follow", ""),
        ("unfollow", "unfollow", ""),
        ("subscribe", "subscribe", ""),
        ("unsubscribe", "unsubscribe", ""),
        ("scan_follow", "scan_follow", "action_name_scene_id"),
        ("menu_click", "click", "EVENTKEY"),
    ],
)
def test_events(connector: WeiboConnector, name: str, kind: str, key: str) -> None:
    [event] = parse(connector, fixture(f"push_event_{name}.json"))
    assert isinstance(event, AccountEvent)
    assert (event.kind, event.key, event.sender_id) == (kind, key, "2489518277")


def test_a_mention_is_answered_under_the_status(connector: WeiboConnector) -> None:
    [message] = parse(connector, fixture("push_mention_shape.json"))
    assert (message.kind, message.post_external_id) == ("mention", "3773565649935773")
    assert message.target == {"kind": "mention", "id": "3773565649935773"}


def test_a_mention_has_one_id_pushed_or_polled(connector: WeiboConnector) -> None:
    body = json.loads(fixture("push_mention_shape.json"))
    number, sender = body["data"]["key"], {"id": body["sender_id"], "screen_name": "市民"}
    polled = {"idstr": number, "created_at": body["created_at"], "text": body["text"], "user": sender}
    for subtype, made in (("status", mention_message(polled, "1")), ("comment", comment_message(polled, "1"))):
        body["data"]["subtype"] = subtype
        [pushed] = parse(connector, json.dumps(body).encode())
        assert made is not None
        assert pushed.external_id == made.external_id
    for data in ({"subtype": "status"}, {"subtype": "status", "key": "x"}, {"subtype": "odd", "key": number}):
        body["data"] = data
        [pushed] = parse(connector, json.dumps(body).encode())
        assert pushed.external_id.startswith("wb:2489518277:")


def test_a_mention_in_a_comment_is_answered_in_private(connector: WeiboConnector) -> None:
    body = json.loads(fixture("push_mention_shape.json"))
    body["data"]["subtype"] = "comment"
    [message] = parse(connector, json.dumps(body).encode())
    assert message.target == {"kind": "private", "receiver_id": "2489518277"}


def xml(**fields: str) -> bytes:
    inner = "".join(f"<{tag}><![CDATA[{value}]]></{tag}>" for tag, value in fields.items())
    return f"<xml>\n{inner}\n</xml>".encode()


def test_xml_mode(make: Make) -> None:
    fields = json.loads(fixture("push_mention_xmlmode_real_2014.json"))
    [message] = parse(make(external_id=fields["ToUserName"]), xml(**fields))
    assert (message.kind, message.text) == ("mention", "这道题目怎么做？")
    assert message.sent_at == datetime.fromtimestamp(1415171623, UTC)
    assert message.target == {"kind": "mention", "id": "3773565649935773"}


def test_both_forms_give_one_id(make: Make) -> None:
    body = json.loads(fixture("push_text.json"))
    fields = {
        "ToUserName": str(body["receiver_id"]),
        "FromUserName": str(body["sender_id"]),
        "CreateTime": "1342433360",
        "MsgType": "text",
        "Content": body["text"],
    }
    connector = make()
    assert parse(connector, xml(**fields))[0].external_id == parse(connector, fixture("push_text.json"))[0].external_id


def test_an_unknown_type_is_acknowledged(connector: WeiboConnector) -> None:
    body = json.loads(fixture("push_text.json")) | {"type": "hologram"}
    assert parse(connector, json.dumps(body).encode()) == []


def test_a_push_for_another_account_is_forged(connector: WeiboConnector) -> None:
    body = json.loads(fixture("push_text.json")) | {"receiver_id": 1}
    with pytest.raises(Forged):
        parse(connector, json.dumps(body).encode())


BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><ToUserName>1902538057</ToUserName>'
    b"<FromUserName>5</FromUserName><CreateTime>1415171623</CreateTime><MsgType>text</MsgType>"
    b"<Content>&b;</Content></xml>"
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b"\xff\xfe",
        b"<xml>",
        b"<xml></xml>",
        BOMB,
        b'{"type": "text", "sender_id": 1.5e9, "receiver_id": 1902538057, "created_at": "?"}',
        b'{"type": "text", "sender_id": "1", "created_at": "Mon Jul 16 18:09:20 +99999999999999999 2012"}',
        b'{"type": "text", "sender_id": "1", "created_at": "Mon Dec 31 23:59:59 -0800 9999"}',
        b"<xml><CreateTime>x</CreateTime></xml>",
        b"<xml><CreateTime>99999999999999999999</CreateTime></xml>",
        b"[" * 100000,
    ],
)
def test_signed_nonsense_is_a_value_error(connector: WeiboConnector, body: bytes) -> None:
    with pytest.raises(ValueError):
        parse(connector, body)


def test_the_passive_reply_swaps_the_ids(connector: WeiboConnector) -> None:
    callback = Callback(method="POST", query={}, body=fixture("push_text.json"))
    answer = json.loads(connector.passive_reply(callback, "中文消息"))
    assert answer == json.loads(fixture("push_passive_reply_text.json"))
    assert json.loads(unquote(answer["data"])) == {"text": "中文消息"}


def test_an_empty_answer_acknowledges(connector: WeiboConnector) -> None:
    assert connector.passive_reply(Callback(method="POST", query={}, body=b"junk"), "") == b""


def test_a_passive_reply_has_a_limit(connector: WeiboConnector) -> None:
    callback = Callback(method="POST", query={}, body=fixture("push_text.json"))
    with pytest.raises(ContentRefused):
        connector.passive_reply(callback, "字" * 300)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_what_the_simulator_pushes_is_verified_and_understood(
    simulator: SimulatorControl, odd: Odd, make: Make, clock: Clock, form: str
) -> None:
    register(simulator, callback_url=f"{odd.url}/callbacks/weibo/k", push_format=form)
    odd.say(b"")
    simulator.message("weibo", UID, **{"from": "市民甲", "text": "路灯坏了 <&> 😀"})
    simulator.message("weibo", UID, **{"from": "市民甲", "event": "follow"})
    connector, found = make(simulator.url), []
    for method, path, _, body in odd.seen:
        query = dict(parse_qsl(urlsplit(path).query))
        callback = Callback(method=method, query=query, body=body)
        assert connector.verify_callback(callback) == ""
        found += connector.parse_callback(callback)
    message, event = found
    assert isinstance(message, InboundMessage)
    assert (message.kind, message.text) == ("private", "路灯坏了 <&> 😀")
    assert isinstance(event, AccountEvent)
    assert (event.kind, event.sender_id) == ("follow", message.sender_id)
    connector.reply(message.target, "马上派人去看。", key="r", send_before=clock.soon)
    assert simulator.accepted("weibo", UID)[-1]["text"] == "马上派人去看。"


def test_in_xml_mode_it_is_answered_in_xml(connector: WeiboConnector) -> None:
    """The form that an account may switch on (Eps/push/set_format); what a person wrote cannot break out of it."""
    body = (
        f"<xml><ToUserName>{UID}</ToUserName><FromUserName>1978110000</FromUserName><CreateTime>1415171623</CreateTime>"
        "<MsgType>event</MsgType><Event>follow</Event><Content>关注事件消息</Content></xml>"
    )
    callback = Callback(method="POST", query={}, body=body.encode())
    [event] = connector.parse_callback(callback)
    assert isinstance(event, AccountEvent)
    assert (event.kind, event.sender_id) == ("follow", "1978110000")
    assert xmltodict.parse(connector.passive_reply(callback, "欢迎 <b> & ]]> “您”"))["xml"] == {
        "ToUserName": "1978110000",
        "FromUserName": UID,
        "CreateTime": "1415171623",
        "MsgType": "text",
        "Content": "欢迎 <b> & ]]> “您”",
    }
    assert connector.passive_reply(callback, "") == b""
    with pytest.raises(ContentRefused):
        connector.passive_reply(callback, "字" * 300)


@pytest.mark.parametrize(("subtype", "wanted"), [("status", "mention:77"), ("comment", "comment:77")])
def test_a_mention_that_is_polled_too_is_one_message(connector: WeiboConnector, subtype: str, wanted: str) -> None:
    body = json.loads(fixture("push_mention_shape.json"))
    body["data"] = {"subtype": subtype, "key": "77"}
    [message] = parse(connector, json.dumps(body).encode())
    assert message.external_id == wanted


def test_half_an_emoji_is_no_reason_to_lose_a_message() -> None:
    def body(text: str) -> bytes:
        at = "Mon Jul 16 18:09:20 +0800 2012"
        sent = {"type": "text", "receiver_id": int(UID), "sender_id": 5, "created_at": at, "text": text, "data": {}}
        return json.dumps(sent).encode()

    [first] = push.messages(push.read(body("请问\ud83d")), UID)
    [other] = push.messages(push.read(body("再问\ud83d")), UID)
    assert isinstance(first, InboundMessage)
    assert isinstance(other, InboundMessage)
    assert first.text.startswith("请问")
    assert first.external_id != other.external_id
    first.external_id.encode()
