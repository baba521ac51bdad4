"""粉丝服务平台: signature, pushes in JSON or XML, the passive reply.

The signature covers app_secret, timestamp (milliseconds) and nonce, not the body: the caller must also refuse a known
nonce that comes with another body. A push has no message id: sender, second, type and a hash of the content stand for
it; a mention names the status or comment it is in, which is its id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from xml.parsers import expat

from connectors.errors import ContentRefused, Forged
from connectors.values import AccountEvent, Callback, InboundMedia, InboundMessage
from connectors.weibo import codes
from connectors.weibo.ids import is_number
from connectors.weibo.length import literal_units
from connectors.weibo.levels import PRIVATE_LENGTH
from connectors.weibo.times import parse

WINDOW = timedelta(minutes=10)
_MEDIA_URL = "https://upload.api.weibo.com/2/mss/msget"
_PRIVATE = frozenset({"text", "image", "voice", "position"})


@dataclass(frozen=True, kw_only=True)
class Push:
    """One push, whichever form it came in."""

    type: str
    sender_id: str
    receiver_id: str
    at: datetime
    text: str
    data: Mapping[str, Any]
    # Pushed in the WeChat-like form that an account may switch on (Eps/push/set_format): answered in the same.
    xml: bool = False

    @property
    def message_id(self) -> str:
        """A mention's `data.key` is the id of its status or comment: the same id that polling gives it. Else `key`."""
        named = {"status": "mention", "comment": "comment"}.get(_word(self.data.get("subtype")))
        number = _word(self.data.get("key"))
        return f"{named}:{number}" if self.type == "mention" and named and is_number(number) else self.key

    @property
    def key(self) -> str:
        content = json.dumps([self.text, dict(self.data)], sort_keys=True, ensure_ascii=False)
        # A text may end in half an emoji, which no encoding has.
        digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]
        return f"wb:{self.sender_id}:{int(self.at.timestamp())}:{self.type}:{digest}"


def verify(callback: Callback, secret: str, now: datetime) -> str:
    """The echostr of a GET, "" for a POST. Raises Forged for a wrong signature or a time more than 10 minutes off."""
    given = [callback.query.get(name, "") for name in ("timestamp", "nonce")]
    expected = hashlib.sha1("".join(sorted([secret, *given])).encode(), usedforsecurity=False).hexdigest()
    signature = callback.query.get("signature", "")
    if not secret or not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise Forged("微博回调的签名不正确。")
    try:
        sent_at = datetime.fromtimestamp(int(given[0]) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise Forged("微博回调的时间戳不正确。") from None
    if abs(now - sent_at) > WINDOW:
        raise Forged("微博回调的时间与本机相差超过 10 分钟。", remedy="请核对服务器时间。", who="系统管理员")
    return callback.query.get("echostr", "") if callback.method.upper() == "GET" else ""


def read(body: bytes) -> Push:
    """The push of a body. Raises ValueError for anything else, entity declarations included."""
    text = body.decode("utf-8")
    found = _from_xml(text) if text.lstrip().startswith("<") else _from_json(text)
    if not found.type or not found.sender_id:
        raise ValueError("push lacks type or sender")
    return found


def messages(push: Push, account_id: str) -> list[InboundMessage | AccountEvent]:
    """What a push tells; nothing for types that this product does not know. Raises Forged for another's push."""
    if push.receiver_id != account_id:
        raise Forged("微博回调的接收账号不是本账号。")
    if push.type == "event":
        return [_event(push)]
    if push.type in _PRIVATE:
        return [_message(push, "private", push.sender_id)]
    if push.type == "mention":
        return [_message(push, "mention", f"{push.sender_id}:{push.data.get('key', '')}")]
    return []


def passive_reply(push: Push, text: str) -> bytes:
    """The callback's own answer: the two ids change places; `data` is URL-encoded JSON inside the JSON.

    `text` may have fewer than 300 字. Raises ContentRefused.
    """
    if not text:
        return b""
    if literal_units(text) > PRIVATE_LENGTH * 2:
        raise ContentRefused(f"自动回复超过 {PRIVATE_LENGTH} 字。", remedy="请缩短自动回复。", who=codes.OPERATOR)
    if push.xml:
        return _xml_reply(push, text).encode()
    answer = {
        "result": True,
        "sender_id": push.receiver_id,
        "receiver_id": push.sender_id,
        "type": "text",
        "data": quote(json.dumps({"text": text}, ensure_ascii=False, separators=(",", ":")), safe=""),
    }
    return json.dumps(answer, ensure_ascii=False).encode()


def _xml_reply(push: Push, text: str) -> str:
    fields = {
        "ToUserName": push.sender_id,
        "FromUserName": push.receiver_id,
        "CreateTime": str(int(push.at.timestamp())),
        "MsgType": "text",
        "Content": text,
    }
    return "<xml>" + "".join(f"<{name}>{_quoted(value)}</{name}>" for name, value in fields.items()) + "</xml>"


def _quoted(value: str) -> str:
    return "<![CDATA[" + value.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _message(push: Push, kind: Any, thread: str) -> InboundMessage:
    subtype, key = str(push.data.get("subtype") or ""), str(push.data.get("key") or "")
    return InboundMessage(
        external_id=push.message_id,
        kind=kind,
        thread=thread,
        sender_id=push.sender_id,
        text=push.text,
        sent_at=push.at,
        post_external_id=key if push.type == "mention" and subtype == "status" else "",
        media=_media(push),
        # A mention of a status can be answered under it; one in a comment only by one private message (48 h).
        target={"kind": "mention", "id": key}
        if push.type == "mention" and subtype == "status" and key
        else {"kind": "private", "receiver_id": push.sender_id},
    )


def _media(push: Push) -> tuple[InboundMedia, ...]:
    """`tovfid` is the file's id for the receiver, asked for at mss/msget; `vfid` is the sender's."""
    if push.type not in ("image", "voice") or not push.data.get("tovfid"):
        return ()
    return (InboundMedia(kind=push.type, url=_MEDIA_URL, media_id=str(push.data["tovfid"])),)


def _event(push: Push) -> AccountEvent:
    return AccountEvent(
        external_id=push.key,
        kind=str(push.data.get("subtype") or ""),
        sender_id=push.sender_id,
        key=str(push.data.get("key") or ""),
        at=push.at,
    )


def _from_json(text: str) -> Push:
    try:
        parsed = json.loads(text)
    except RecursionError as error:
        raise ValueError("push is nested too deeply") from error
    body = parsed if isinstance(parsed, dict) else {}
    at = parse(str(body.get("created_at") or ""))
    if at is None:
        raise ValueError("push without time")
    data = body.get("data")
    return Push(
        type=_word(body.get("type")),
        sender_id=_word(body.get("sender_id")),
        receiver_id=_word(body.get("receiver_id")),
        at=at,
        text=str(body.get("text") or ""),
        data=data if isinstance(data, dict) else {},
    )


def _from_xml(text: str) -> Push:
    body = _flat_xml(text)
    try:
        at = datetime.fromtimestamp(int(body.get("CreateTime", "")), UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("push without time") from error
    data = {
        name: body[tag]
        for name, tag in (("subtype", "SubType"), ("key", "Key"), ("tovfid", "Tovfid"), ("ticket", "Ticket"))
        if body.get(tag)
    }
    if body.get("Event"):
        data["subtype"] = body["Event"].lower()
        data["key"] = body.get("EventKey", data.get("key", ""))
    return Push(
        type=body.get("MsgType", ""),
        sender_id=body.get("FromUserName", ""),
        receiver_id=body.get("ToUserName", ""),
        at=at,
        text=body.get("Content", ""),
        data=data,
        xml=True,
    )


def _flat_xml(text: str) -> dict[str, str]:
    """The children of the root as text. Document types and entities are refused: a bomb needs them."""
    found: dict[str, str] = {}
    path: list[str] = []

    def start(tag: str, _attributes: object) -> None:
        path.append(tag)
        if len(path) == 2:
            found[tag] = ""

    def end(_tag: str) -> None:
        path.pop()

    def data(content: str) -> None:
        if len(path) == 2:
            found[path[1]] += content

    def doctype(*_: object) -> None:
        raise ValueError("document types are refused")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = data, doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError("broken XML") from error
    return {tag: content.strip() for tag, content in found.items()}


def _word(value: Any) -> str:
    """Ids come as numbers or text; never through a float."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
