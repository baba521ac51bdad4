"""What WeChat pushes of a citizen's message: its XML fields by kind (接收普通消息, 接收事件推送)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from connectors.simulator.accounts import Account
from connectors.simulator.pictures import look
from connectors.simulator.state import Doc, State
from connectors.simulator.things import SMALLEST_GIF, Impossible, Thing
from connectors.simulator.wechat import media

EVENT_KEYS = (("EventKey", "key"), ("Ticket", "ticket"), ("MenuId", "menu_id"))
LOCATED = (("Latitude", "latitude"), ("Longitude", "longitude"), ("Precision", "precision"))


def fields(state: State, account: Account, citizen: Doc, thing: Thing, msg_id: str) -> Doc:
    """The elements under <xml>, in the platform's order."""
    asked = thing.details
    head: Doc = {
        "ToUserName": account.external_id,
        "FromUserName": citizen["key"],
        "CreateTime": int(asked.get("created_at", state.now())),
    }
    if thing.kind == "event":
        event: Doc = {"MsgType": "event", "Event": str(asked["event"])}
        event |= {name: str(asked[key]) for name, key in EVENT_KEYS if key in asked}
        return head | event | {name: _number(asked[key], key) for name, key in LOCATED if key in asked}
    body = {"text": _text, "location": _location, "link": _link}.get(thing.kind, _medium)(state, account, thing)
    opened = {"MsgDataId": str(asked["msg_data_id"]), "Idx": int(asked.get("idx", 1))} if "msg_data_id" in asked else {}
    return head | {"MsgType": thing.kind} | body | {"MsgId": int(msg_id)} | opened


def _text(state: State, account: Account, thing: Thing) -> Doc:
    return {"Content": thing.words}


def _location(state: State, account: Account, thing: Thing) -> Doc:
    asked: Mapping[str, Any] = thing.details
    place = {"Location_X": _number(asked.get("latitude", 30.25), "latitude")}
    place["Location_Y"] = _number(asked.get("longitude", 120.16), "longitude")
    return place | {"Scale": 20, "Label": thing.words}


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise Impossible(f"{name}: not a number") from error


def _link(state: State, account: Account, thing: Thing) -> Doc:
    asked = thing.details
    return {"Title": thing.words, "Description": str(asked.get("description", "")), "Url": str(asked.get("url", ""))}


def _medium(state: State, account: Account, thing: Thing) -> Doc:
    """A picture has an address besides; a voice its format and a second, better id; films a thumbnail."""
    media_id = keep(state, account, thing.kind, thing.data, thing.content_type)
    if thing.kind == "voice":
        better = keep(state, account, "voice", thing.data, thing.content_type)
        return {"MediaId": media_id, "Format": "amr", "MediaId16K": better}
    if thing.kind != "image":
        return {"MediaId": media_id, "ThumbMediaId": keep(state, account, "image", SMALLEST_GIF, "image/gif")}
    seen = look(thing.data)
    if seen is None:
        raise Impossible("image: not a picture")
    return {"PicUrl": media.keep_picture(state, thing.data, seen), "MediaId": media_id}


def keep(state: State, account: Account, kind: str, data: bytes, content_type: str) -> str:
    """Keep inbound bytes as temporary media: to be fetched within three days."""
    media_id = secrets.token_urlsafe(48)
    body = {"type": kind, "sha256": state.keep_blob(data, content_type)}
    state.put("temporary", account.owner, media_id, body)
    return media_id
