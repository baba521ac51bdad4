"""Whatever is pushed to us: messages and events, Forged or ValueError, never anything else."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import Connector
from connectors.errors import Forged
from connectors.values import Callback
from tests.connectors import bad_input as bad
from tests.connectors.bench import ACCOUNTS, NOW, NOWHERE, PLATFORMS, build, level
from tests.connectors.wechat import conftest as wechat
from tests.connectors.wechat.test_callback import push
from tests.connectors.weibo import conftest as weibo
from tests.connectors.weibo.test_callback import signed

CASES = [(platform, name) for platform in PLATFORMS for name in bad.fixtures(platform)]


def _pushed(platform: str, body: bytes) -> list[tuple[Connector, Callback]]:
    """The body as a correctly signed push: plain, and for WeChat also inside a correct encryption."""
    if platform == "weibo":
        return [(build("weibo", NOWHERE, "share"), signed(NOW, body=body))]
    clock = wechat.Clock()
    clock.start = NOW
    safe = build("wechat", NOWHERE, "publish")
    sealed = push(body.decode("utf-8", "replace"), clock)
    plain = build("wechat", NOWHERE, "publish")
    plain.account = dataclasses.replace(plain.account, settings={"callback_mode": "plain"})
    plain.gate.account = plain.account  # type: ignore[attr-defined]
    return [
        (safe, sealed),
        (safe, dataclasses.replace(sealed, body=body)),
        (plain, dataclasses.replace(sealed, body=body)),
    ]


def _parse(platform: str, body: bytes) -> list[Any]:
    """What came of every way to push it; anything but Forged and ValueError escapes."""
    found = []
    for connector, callback in _pushed(platform, body):
        try:
            connector.verify_callback(callback)
            told = connector.parse_callback(callback)
        except (Forged, ValueError):
            continue
        bad.check_value(told)
        found += told
        answer = connector.passive_reply(callback, "已收到]]>")
        assert isinstance(answer, bytes)
    return found


@pytest.mark.parametrize(("platform", "name"), CASES)
def test_any_recorded_body_as_a_push(platform: str, name: str) -> None:
    body = bad.fixtures(platform)[name]
    whole = _parse(platform, body)
    meant = name.startswith(
        ("push_text", "push_image", "push_voice", "push_mention_shape", "push_event", "cb_msg", "cb_evt")
    )
    account = ACCOUNTS[platform]().external_id
    if meant and (platform == "wechat" or str(bad.parsed(body).get("receiver_id")) == account):
        assert whole, "a recorded push must be understood"
    for part in bad.cut(body):
        _parse(platform, part)
    value = bad.parsed(body)
    for each in bad.spoilt(value) if value is not None else ():
        _parse(platform, bad.body_of(each))


@pytest.mark.parametrize("name", bad.no_answers())
@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_no_push(platform: str, name: str) -> None:
    assert _parse(platform, bad.no_answers()[name]) == []


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><xml><ToUserName>{to}</ToUserName><MsgType>text</MsgType>'
    "<FromUserName>o1</FromUserName><CreateTime>1415171623</CreateTime><MsgId>7</MsgId><Content>&b;</Content></xml>"
)
FILE = BOMB.replace('<!ENTITY b "&a;&a;&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/hostname">')
HARMLESS = BOMB.partition("]>")[2].replace("&b;", "你好")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_entities_are_refused(platform: str) -> None:
    to = ACCOUNTS[platform]().external_id
    assert len(_parse(platform, HARMLESS.format(to=to).encode())) == len(_pushed(platform, b"<xml/>")) - (
        platform == "wechat"
    ), "without the entities it is a push"
    for xml in (BOMB, FILE):
        body = xml.format(to=to).encode()
        for connector, callback in _pushed(platform, body):
            with pytest.raises((ValueError, Forged)):
                connector.parse_callback(callback)


# Fuzzing: every example is correctly signed, and for WeChat correctly encrypted.

FUZZ = settings(
    derandomize=True, database=None, deadline=None, max_examples=200, suppress_health_check=list(HealthCheck)
)
WORDS = st.text(max_size=12) | st.sampled_from(["text", "event", "mention", "image", "1902538057", "1415171623", "²"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
JUNK = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3))
FIELDS = {
    "type": WORDS | JUNK,
    "sender_id": WORDS | JUNK,
    "receiver_id": st.just(weibo.UID) | st.just(int(weibo.UID)) | JUNK,
    "created_at": st.just("Mon Jul 16 18:09:20 +0800 2012") | WORDS | JUNK,
    "text": JUNK,
    "data": st.dictionaries(st.sampled_from(["subtype", "key", "tovfid", "vfid"]), JUNK) | JUNK,
}
KNOWN = {
    "type": st.sampled_from(["text", "event", "mention", "image", "voice"]),
    "sender_id": WORDS | st.integers(),
    "receiver_id": st.sampled_from([weibo.UID, int(weibo.UID)]),
    "created_at": st.just("Mon Jul 16 18:09:20 +0800 2012"),
}
PUSHES = st.fixed_dictionaries(FIELDS | KNOWN) | st.fixed_dictionaries({}, optional=FIELDS) | JUNK
TAGS = [
    "xml", "ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "EventKey", "MsgId", "MsgID", "Status", "Content",
    "PublishEventInfo", "publish_id", "publish_status", "article_detail", "item", "article_url", "ArticleUrlResult",
    "ResultList", "ScanCodeInfo", "SendPicsInfo", "PicList", "Location_X", "MediaId", "Ticket", "SubType", "Key",
]  # fmt: skip
VALUES = st.sampled_from(
    ["1415171623", "text", "event", "image", "location", "PUBLISHJOBFINISH", "MASSSENDJOBFINISH", "scancode_push",
     "pic_sysphoto", "subscribe", "0", "-1", "9" * 40, "1e9", "send success", "err(20001)", "<![CDATA[ ]]>", "&lt;",
     "&b;", "]]>", weibo.UID]
) | st.text(max_size=8)  # fmt: skip
ELEMENTS = st.recursive(
    VALUES,
    lambda inner: st.lists(st.tuples(st.sampled_from(TAGS), inner), max_size=9).map(
        lambda parts: "".join(f"<{tag}>{content}</{tag}>" for tag, content in parts)
    ),
    max_leaves=25,
)
# All that a message needs, so that many get past the first look.
WHOLE = {
    "ToUserName": st.sampled_from([weibo.UID, wechat.GH]),
    "FromUserName": st.just("o1") | VALUES,
    "CreateTime": st.just("1415171623"),
    "MsgType": st.sampled_from(["text", "image", "voice", "location", "link", "event", "mention", "smoke"]),
    "Event": st.sampled_from(["PUBLISHJOBFINISH", "MASSSENDJOBFINISH", "scancode_push", "subscribe"]) | VALUES,
    "MsgId": st.integers(0, 10**20).map(str) | VALUES,
    "MsgID": st.just("34182") | ELEMENTS,
    "PublishEventInfo": st.just("<publish_id>7</publish_id><publish_status>0</publish_status>") | ELEMENTS,
    "Content": ELEMENTS,
}
PUSHED_XML = (st.dictionaries(st.sampled_from(TAGS[1:]), ELEMENTS, max_size=12) | st.fixed_dictionaries(WHOLE)).map(
    lambda parts: "<xml>" + "".join(f"<{tag}>{content}</{tag}>" for tag, content in parts.items()) + "</xml>"
)


def _fuzzed(platform: str, bodies: st.SearchStrategy[bytes]) -> int:
    """How many of the examples were understood as messages or events; the others were refused."""
    understood = 0

    @FUZZ
    @given(bodies)
    def run(body: bytes) -> None:
        nonlocal understood
        understood += bool(_parse(platform, body))

    run()
    return understood


def test_fuzzed_json_pushes() -> None:
    assert _fuzzed("weibo", PUSHES.map(lambda push: json.dumps(push).encode())) >= 5


@pytest.mark.parametrize("platform", PLATFORMS)
def test_fuzzed_xml_pushes(platform: str) -> None:
    assert _fuzzed(platform, (PUSHED_XML | ELEMENTS).map(lambda xml: xml.encode("utf-8", "surrogatepass"))) >= 5


@FUZZ
@given(st.binary(max_size=200))
@pytest.mark.parametrize("platform", PLATFORMS)
def test_fuzzed_bytes_pushes(platform: str, body: bytes) -> None:
    _parse(platform, body)


@FUZZ
@given(st.binary(max_size=96) | st.binary(min_size=16, max_size=64).map(lambda raw: raw * 2))
def test_fuzzed_ciphertexts(cipher: bytes) -> None:
    """Signed with the right token, but not what the key would have made: lengths, padding and AppID are wrong."""
    clock = wechat.Clock()
    clock.start = NOW
    callback = push("", clock, encrypt=base64.b64encode(cipher).decode() or "AA==")
    connector = build("wechat", NOWHERE, "publish")
    connector.verify_callback(callback)
    with pytest.raises((Forged, ValueError)):
        connector.parse_callback(callback)


QUERIES = st.dictionaries(
    st.sampled_from(["signature", "msg_signature", "timestamp", "nonce", "echostr", "encrypt_type"]),
    st.text(alphabet=st.characters(), max_size=24) | st.sampled_from(["1763888400", "1763888400000", "9" * 400, "²"]),
)


@FUZZ
@given(st.sampled_from(["GET", "POST", "PUT"]), QUERIES, st.binary(max_size=40))
@pytest.mark.parametrize("platform", PLATFORMS)
def test_fuzzed_queries_are_forged(platform: str, method: str, query: dict[str, str], body: bytes) -> None:
    with pytest.raises(Forged):
        build(platform, NOWHERE, level(platform, "")).verify_callback(Callback(method=method, query=query, body=body))
