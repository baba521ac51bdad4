"""Followers. Names and pictures are not told since the end of 2021."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from connectors.simulator import citizens
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat.api import OK, endpoint
from connectors.simulator.wechat.errors import WeChatError

PAGE = 10_000
MOST_AT_ONCE = 100
LONGEST_REMARK = 30  # bytes, exclusive


def follower(call: Call, openid: Any) -> Doc:
    """The citizen of that openid. 49003 when it is another account's, 40003 when nobody's."""
    found = citizens.find(call.state, call.me, str(openid or ""))
    if found is None:
        raise WeChatError(49003 if call.state.count_key("citizen", str(openid or "")) else 40003)
    return found


def _told(call: Call, citizen: Doc) -> Doc:
    """``subscribe`` 0 comes alone; ``unionid`` only with an account bound to an open-platform account."""
    if not citizen["subscribed"]:
        return {"subscribe": 0, "openid": citizen["key"]}
    union = "oU" + sha256(citizen["name"].encode()).hexdigest()[:26]
    return {
        "subscribe": 1,
        "openid": citizen["key"],
        "language": "",
        "subscribe_time": citizen["since"],
        **({"unionid": union} if call.me.get("open_platform") else {}),
        "remark": citizen["remark"],
        "groupid": 0,
        "tagid_list": citizen["tags"],
        "subscribe_scene": "ADD_SCENE_SEARCH",
        "qr_scene": 0,
        "qr_scene_str": "",
    }


@endpoint("/cgi-bin/user/info", "GET")
def info(call: Call) -> Doc:
    return _told(call, follower(call, call.params.get("openid")))


@endpoint("/cgi-bin/user/info/batchget")
def info_batch(call: Call) -> Doc:
    asked = call.json.get("user_list")
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_AT_ONCE:
        raise WeChatError(40032, "invalid openid list size")
    if not all(isinstance(each, dict) for each in asked):
        raise WeChatError(40097)
    return {"user_info_list": [_told(call, follower(call, each.get("openid"))) for each in asked]}


@endpoint("/cgi-bin/user/get", "GET")
def get(call: Call) -> Doc:
    """Pages of ten thousand; the last one has no data."""
    held = [each["key"] for each in call.state.all("citizen", call.me.owner, oldest_first=True) if each["subscribed"]]
    after = call.params.get("next_openid", "")
    if after and after not in held:
        raise WeChatError(40003)
    page = held[held.index(after) + 1 :][:PAGE] if after else held[:PAGE]
    told: Doc = {"total": len(held), "count": len(page)}
    if page:
        told["data"] = {"openid": page}
    return told | {"next_openid": page[-1] if page else ""}


@endpoint("/cgi-bin/user/info/updateremark")
def updateremark(call: Call) -> Doc:
    remark = call.json.get("remark")
    if not isinstance(remark, str) or len(remark.encode()) >= LONGEST_REMARK:
        raise WeChatError(40092)
    call.state.change("citizen", call.me.owner, follower(call, call.json.get("openid"))["key"], remark=remark)
    return OK
