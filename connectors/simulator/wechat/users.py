"""Followers and tags. Names and pictures are not told since the end of 2021."""

from __future__ import annotations

from typing import Any

from connectors.simulator import citizens
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat.api import OK, endpoint
from connectors.simulator.wechat.errors import WeChatError

PAGE = 10_000
FIRST_OWN_TAG = 100
MOST_TAGS, MOST_TAGS_EACH = 100, 20


def _follower(call: Call, openid: Any) -> Doc:
    found = citizens.find(call.state, call.me, str(openid or ""))
    if found is None:
        raise WeChatError(40003)
    return found


def _told(citizen: Doc) -> Doc:
    """``subscribe`` 0 comes alone."""
    if not citizen["subscribed"]:
        return {"subscribe": 0, "openid": citizen["key"]}
    return {
        "subscribe": 1,
        "openid": citizen["key"],
        "language": "",
        "subscribe_time": citizen["since"],
        "remark": citizen["remark"],
        "groupid": 0,
        "tagid_list": citizen["tags"],
        "subscribe_scene": "ADD_SCENE_SEARCH",
        "qr_scene": 0,
        "qr_scene_str": "",
    }


@endpoint("/cgi-bin/user/info", "GET")
def info(call: Call) -> Doc:
    return _told(_follower(call, call.params.get("openid")))


@endpoint("/cgi-bin/user/info/batchget")
def info_batch(call: Call) -> Doc:
    asked = call.json.get("user_list")
    if not isinstance(asked, list) or not 1 <= len(asked) <= 100:
        raise WeChatError(40032, "invalid openid list size")
    if not all(isinstance(each, dict) for each in asked):
        raise WeChatError(40097)
    return {"user_info_list": [_told(_follower(call, each.get("openid"))) for each in asked]}


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
    if not isinstance(remark, str) or len(remark.encode()) >= 30:
        raise WeChatError(40092)
    call.state.change("citizen", call.me.owner, _follower(call, call.json.get("openid"))["key"], remark=remark)
    return OK


def _tag_name(call: Call) -> str:
    tag = call.json.get("tag")
    name = tag.get("name") if isinstance(tag, dict) else None
    if not isinstance(name, str) or not name:
        raise WeChatError(45157)
    if len(name) > 30:
        raise WeChatError(45158)
    if any(each["name"] == name for each in call.state.all("tag", call.me.owner)):
        raise WeChatError(45157)
    return name


def _tag(call: Call, number: Any) -> Doc:
    held = call.state.get("tag", call.me.owner, str(number))
    if held is None:
        raise WeChatError(40152)
    return held


@endpoint("/cgi-bin/tags/create")
def tags_create(call: Call) -> Doc:
    if call.state.count("tag", call.me.owner) >= MOST_TAGS:
        raise WeChatError(45056)
    name = _tag_name(call)
    number = FIRST_OWN_TAG + call.state.add(call.me.owner, "tag", "ever")
    call.state.put("tag", call.me.owner, str(number), {"name": name})
    return {"tag": {"id": number, "name": name}}


@endpoint("/cgi-bin/tags/get", "ANY")
def tags_get(call: Call) -> Doc:
    everyone = call.state.all("citizen", call.me.owner)
    held = call.state.all("tag", call.me.owner, oldest_first=True)
    return {
        "tags": [
            {
                "id": int(tag["key"]),
                "name": tag["name"],
                "count": sum(int(tag["key"]) in one["tags"] for one in everyone),
            }
            for tag in held
        ]
    }


@endpoint("/cgi-bin/tags/update")
def tags_update(call: Call) -> Doc:
    name = _tag_name(call)
    call.state.change("tag", call.me.owner, _tag(call, call.json["tag"].get("id"))["key"], name=name)
    return OK


@endpoint("/cgi-bin/tags/delete")
def tags_delete(call: Call) -> Doc:
    tag = call.json.get("tag")
    key = _tag(call, tag.get("id") if isinstance(tag, dict) else None)["key"]
    call.state.delete("tag", call.me.owner, key)
    for citizen in call.state.all("citizen", call.me.owner):
        left = [each for each in citizen["tags"] if each != int(key)]
        call.state.change("citizen", call.me.owner, citizen["key"], tags=left)
    return OK


def _retag(call: Call, adding: bool) -> Doc:
    number, openids = int(_tag(call, call.json.get("tagid"))["key"]), call.json.get("openid_list")
    if not isinstance(openids, list) or not 1 <= len(openids) <= 50:
        raise WeChatError(40032, "invalid openid list size")
    for citizen in [_follower(call, each) for each in openids]:
        tags = [each for each in citizen["tags"] if each != number] + ([number] if adding else [])
        if len(tags) > MOST_TAGS_EACH:
            raise WeChatError(45059)
        call.state.change("citizen", call.me.owner, citizen["key"], tags=tags)
    return OK


@endpoint("/cgi-bin/tags/members/batchtagging")
def batchtagging(call: Call) -> Doc:
    return _retag(call, True)


@endpoint("/cgi-bin/tags/members/batchuntagging")
def batchuntagging(call: Call) -> Doc:
    return _retag(call, False)


@endpoint("/cgi-bin/tags/getidlist")
def getidlist(call: Call) -> Doc:
    return {"tagid_list": _follower(call, call.json.get("openid"))["tags"]}
