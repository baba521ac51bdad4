"""粉丝服务平台 beside messages: the push format, what is told of a fan, who subscribes, the menu."""

from __future__ import annotations

import json
from typing import Any

from connectors.simulator import citizens
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.weibo import shapes
from connectors.simulator.weibo.api import endpoint, required
from connectors.simulator.weibo.errors import WeiboError

FORMATS = ("json", "xml")
MOST_BUTTONS, MOST_BELOW = 3, 5


@endpoint("/2/eps/push/set_format.json", "POST", counted=False)
def set_format(call: Call) -> Doc:
    """Switch pushes between JSON and the WeChat-like XML."""
    chosen = required(call, "format").lower()
    if chosen not in FORMATS:
        raise WeiboError(10008)
    call.state.change("account", "weibo", call.me.external_id, push_format=chosen)
    return {"result": True}


@endpoint("/2/eps/user/info.json", "GET", counted=False)
def user_info(call: Call) -> Doc:
    """Of people who wrote or subscribed; 20003 of all others."""
    citizen = citizens.find(call.state, call.me, required(call, "uid"))
    if citizen is None:
        raise WeiboError(20003)
    if not citizen["subscribed"]:
        return {"subscribe": 0, "uid": shapes.as_number(citizen["id"])}
    told: Doc = {"subscribe": 1, "uid": shapes.as_number(citizen["id"]), "nickname": citizen["name"], "sex": 0}
    told |= {"language": "zh-cn", "headimgurl": f"http://tp1.sinaimg.cn/{citizen['id']}/50/0/1"}
    return told | {"subscribe_time": citizen["since"], "follow": 1}


@endpoint("/2/messages/subscribers/get.json", "GET", counted=False)
def subscribers(call: Call) -> Doc:
    held = call.state.all("citizen", call.me.owner, oldest_first=True)
    uids = [each["key"] for each in held if each["subscribed"]]
    return {"total": len(uids), "count": len(uids), "data": {"uids": uids}, "next_uid": ""}


@endpoint("/2/messages/menu/create.json", "POST", counted=False)
def menu_create(call: Call) -> Doc:
    """``menus`` is JSON: one to three buttons, up to five below each."""
    try:
        read: Any = json.loads(required(call, "menus"))
    except ValueError as error:
        raise WeiboError(10008) from error
    buttons = read.get("button") if isinstance(read, dict) else None
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MOST_BUTTONS or not all(map(_is_button, buttons)):
        raise WeiboError(10008)
    call.state.put("menu", call.me.owner, "menu", {"button": buttons})
    return {"result": True}


def _is_button(button: Any) -> bool:
    if not isinstance(button, dict) or not button.get("name"):
        return False
    below = button.get("sub_button", [])
    return isinstance(below, list) and len(below) <= MOST_BELOW and all(isinstance(each, dict) for each in below)


@endpoint("/2/messages/menu/show.json", "GET", counted=False)
def menu_show(call: Call) -> Doc:
    held = call.state.get("menu", call.me.owner, "menu")
    return {"menu": {"button": held["button"] if held else []}}


@endpoint("/2/messages/menu/delete.json", "POST", counted=False)
def menu_delete(call: Call) -> Doc:
    call.state.delete("menu", call.me.owner, "menu")
    return {"result": True}
