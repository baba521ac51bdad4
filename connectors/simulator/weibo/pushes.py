"""What 粉丝服务平台 pushes of a citizen's message or event: JSON, or the WeChat-like XML that can be switched on."""

from __future__ import annotations

from connectors.simulator import clock
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State
from connectors.simulator.things import Impossible, Thing
from connectors.simulator.weibo import mentions, shapes

EVENT_TEXTS = {
    "follow": "关注事件消息",
    "unfollow": "取消关注事件消息",
    "subscribe": "订阅事件消息",
    "unsubscribe": "取消订阅事件消息",
    "scan": "扫描二维码",
    "scan_follow": "扫描二维码",
    "click": "自定义菜单事件消息",
    "view": "自定义菜单跳转链接事件消息",
}
MEDIA_TEXTS = {"image": "发了一张图片", "voice": "发了一个语音消息"}
XML_NAMES = {"subtype": "SubType", "key": "Key", "ticket": "Ticket", "vfid": "Vfid", "tovfid": "Tovfid"}
XML_NAMES |= {"longitude": "Longitude", "latitude": "Latitude"}
FIRST_VFID = 821_804_459


def fields(state: State, account: Account, citizen: Doc, thing: Thing) -> Doc:
    """The pushed object; as XML fields when the account chose that format. There is no message id."""
    kind, words, data = _content(state, account, citizen, thing)
    sent = {
        "type": kind,
        "receiver_id": shapes.as_number(account.external_id),
        "sender_id": shapes.as_number(citizen["key"]),
        "created_at": clock.weibo_time(float(thing.details.get("created_at", state.now()))),
        "text": words,
        "data": data,
    }
    return _xml(sent) if account.get("push_format") == "xml" else sent


def _content(state: State, account: Account, citizen: Doc, thing: Thing) -> tuple[str, str, Doc]:
    act = str(thing.details.get("event") or "").lower() if thing.kind == "event" else ""
    if act == "mention":
        return "mention", thing.words, mentions.keep(state, account, citizen, thing.words, thing.details)
    if act:
        data = {name: str(thing.details[name]) for name in ("key", "ticket") if name in thing.details}
        return "event", thing.words or EVENT_TEXTS.get(act, act), {"subtype": act, **data}
    if thing.kind in MEDIA_TEXTS:
        return thing.kind, MEDIA_TEXTS[thing.kind], _medium(state, account, thing)
    if thing.kind == "location":
        place = {name: str(thing.details.get(name, "")) for name in ("longitude", "latitude")}
        return "position", thing.words or "我在这里: http://t.cn/zOcR0Bd", place
    if thing.kind != "text":
        raise Impossible(f"{thing.kind}: Weibo pushes no such kind")
    return "text", thing.words, {}


def _medium(state: State, account: Account, thing: Thing) -> Doc:
    """Two numbers: the sender's, and ``tovfid``, by which the receiver fetches the bytes."""
    number = FIRST_VFID + 10 * state.add("", "vfid", "ever")
    body = {"sha256": state.keep_blob(thing.data, thing.content_type)}
    state.put("inbound_media", account.owner, str(number + 10), body)
    return {"vfid": number, "tovfid": number + 10}


def _xml(sent: Doc) -> Doc:
    named: Doc = {"ToUserName": str(sent["receiver_id"]), "FromUserName": str(sent["sender_id"])}
    named |= {"CreateTime": clock.from_weibo_time(sent["created_at"]), "MsgType": sent["type"]}
    return named | {"Content": sent["text"]} | {XML_NAMES[name]: str(value) for name, value in sent["data"].items()}
