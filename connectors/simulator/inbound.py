"""What citizens do: comment, write, follow, press a menu, mention. Each goes to its place and out by the callback."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from typing import Any

from connectors.simulator import callbacks, citizens, clock
from connectors.simulator.accounts import Account
from connectors.simulator.pictures import look
from connectors.simulator.state import Doc, State
from connectors.simulator.wechat import comments as wechat_comments
from connectors.simulator.wechat import media
from connectors.simulator.weibo import comments as weibo_comments
from connectors.simulator.weibo import shapes

FIRST_MSG_ID = 24_000_000_000_000_000_00  # nineteen digits, above 2^53
SMALLEST_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
WEIBO_EVENT_TEXTS = {
    "follow": "关注事件消息",
    "unfollow": "取消关注事件消息",
    "subscribe": "订阅事件消息",
    "unsubscribe": "取消订阅事件消息",
    "scan": "扫描二维码",
    "scan_follow": "扫描二维码",
    "click": "自定义菜单事件消息",
    "view": "自定义菜单跳转链接事件消息",
}
LEAVING = ("unsubscribe", "unfollow")


class Impossible(Exception):
    """A citizen cannot do that; the message says why."""


def comment(state: State, account: Account, asked: Mapping[str, Any]) -> str:
    """A comment under a post; returns its id (WeChat: user_comment_id)."""
    post, words, name = str(asked["post"]), str(asked["text"]), str(asked.get("author") or "热心市民")
    with state.transaction():
        citizen = citizens.meet(state, account, name)
        if account.platform == "weibo":
            held = state.get("status", account.owner, post)
            if held is None or held["removed_by"]:
                raise Impossible(f"no such status: {post}")
            authorised = bool(asked.get("authorised", True))
            return str(weibo_comments.write(state, account, post, citizen, words, authorised=authorised)["key"])
        index = int(asked.get("index", 0))
        found = wechat_comments.place(state, account, post, index)
        if found is None or found[0]["items"][index]["is_deleted"]:
            raise Impossible(f"no such article: {post}, index {index}")
        if not found[0]["items"][index]["comments_open"]:
            raise Impossible("comments are not open on this article (need_open_comment was 0)")
        return wechat_comments.write(state, found[1], citizen["key"], citizen["name"], words)


def message(state: State, account: Account, asked: Mapping[str, Any]) -> Doc:
    """A private message or event: stored, then pushed; the answer tells how the push went."""
    with state.transaction():
        citizen = citizens.meet(state, account, str(asked["from"]))
        act = str(asked.get("event") or "")
        msg_id = str(FIRST_MSG_ID + state.add("", "inbound", "ever"))
        build = _wechat if account.platform == "wechat" else _weibo
        fields, words = build(state, account, citizen, asked, msg_id)
        _remember(state, account, citizen["key"], act, words)
    delivery = callbacks.deliver(state, account, fields, citizen["key"])
    return {"msg_id": "" if act else msg_id, "from": citizen["key"], **delivery.public()}


def _remember(state: State, account: Account, identity: str, act: str, words: str) -> None:
    """Write it into the talk, and open or close what the account may answer."""
    citizens.say(state, account, identity, "in", words, event=act, mention=act == "mention")
    name = act.lower()
    if name in LEAVING:
        citizens.follow(state, account, identity, False)
        citizens.close_window(state, account, identity)
        return
    citizens.follow(state, account, identity, True)
    if account.platform == "weibo" and not act:
        state.add(account.owner, "unread_dm", "ever")
    kinds = {"": "message", "subscribe": "subscribe", "scan": "scan", "click": "menu"}
    kinds |= {"scancode_push": "menu", "scancode_waitmsg": "menu"}
    if name in kinds:
        citizens.grant(state, account, identity, kinds[name])


def _picture(asked: Mapping[str, Any]) -> bytes:
    """The bytes of a sent picture: base64 in ``image``, or a dot when only ``image: true`` is said."""
    given = asked.get("image")
    if not isinstance(given, str):
        return SMALLEST_GIF
    try:
        return base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise Impossible("image: not base64") from error


def _wechat(state: State, account: Account, citizen: Doc, asked: Mapping[str, Any], msg_id: str) -> tuple[Doc, str]:
    head = {
        "ToUserName": account.external_id,
        "FromUserName": citizen["key"],
        "CreateTime": int(asked.get("created_at", state.now())),
    }
    if asked.get("event"):
        event = {"MsgType": "event", "Event": str(asked["event"])}
        more = {name: str(asked[key]) for name, key in (("EventKey", "key"), ("Ticket", "ticket")) if key in asked}
        return head | event | more, f"[{asked['event']}]"
    if asked.get("image"):
        return head | _wechat_picture(state, account, _picture(asked)) | {"MsgId": int(msg_id)}, "[图片]"
    text = str(asked["text"])
    return head | {"MsgType": "text", "Content": text, "MsgId": int(msg_id)}, text


def _wechat_picture(state: State, account: Account, data: bytes) -> Doc:
    seen = look(data)
    if seen is None:
        raise Impossible("image: not a picture")
    media_id = secrets.token_urlsafe(48)
    body = {"type": "image", "sha256": state.keep_blob(data, seen.content_type)}
    state.put("temporary", account.owner, media_id, body)
    return {"MsgType": "image", "PicUrl": media.keep_picture(state, data, seen), "MediaId": media_id}


def _weibo(state: State, account: Account, citizen: Doc, asked: Mapping[str, Any], msg_id: str) -> tuple[Doc, str]:
    act, words, data = str(asked.get("event") or ""), str(asked.get("text", "")), {}
    kind = "text"
    if act == "mention":
        kind, key = "mention", str(asked.get("key") or shapes.next_id(state))
        data = {"subtype": str(asked.get("subtype", "status")), "key": key}
        body = {"author": citizen, "text": words, "authorised": bool(asked.get("authorised", True))}
        state.put("mention", account.owner, key, body)
        state.add(account.owner, "unread_mention_status", "ever")
    elif act:
        kind, words = "event", words or WEIBO_EVENT_TEXTS.get(act.lower(), act)
        data = {"subtype": act.lower(), **{name: str(asked[name]) for name in ("key", "ticket") if name in asked}}
    elif asked.get("image"):
        kind, words = "image", "发了一张图片"
        data = _weibo_picture(state, account, _picture(asked))
    sent = {
        "type": kind,
        "receiver_id": _as_number(account.external_id),
        "sender_id": _as_number(citizen["key"]),
        "created_at": clock.weibo_time(float(asked.get("created_at", state.now()))),
        "text": words,
        "data": data,
    }
    return (_weibo_xml(sent) if account.get("push_format") == "xml" else sent), words


def _weibo_picture(state: State, account: Account, data: bytes) -> Doc:
    seen = look(data)
    if seen is None:
        raise Impossible("image: not a picture")
    number = 821_804_459 + 10 * state.add("", "vfid", "ever")
    body = {"sha256": state.keep_blob(data, seen.content_type)}
    state.put("inbound_media", account.owner, str(number + 10), body)
    return {"vfid": number, "tovfid": number + 10}


def _weibo_xml(sent: Doc) -> Doc:
    """The WeChat-like form that can be switched on."""
    names = {"subtype": "SubType", "key": "Key", "ticket": "Ticket", "vfid": "Vfid", "tovfid": "Tovfid"}
    fields: Doc = {"ToUserName": str(sent["receiver_id"]), "FromUserName": str(sent["sender_id"])}
    fields |= {"CreateTime": clock.from_weibo_time(sent["created_at"]), "MsgType": sent["type"]}
    return fields | {"Content": sent["text"]} | {names[name]: str(value) for name, value in sent["data"].items()}


def _as_number(identity: str) -> int | str:
    return int(identity) if identity.isdigit() else identity
