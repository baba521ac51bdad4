"""Tags on followers, and the blacklist."""

from __future__ import annotations

from typing import Any

from connectors.simulator.call import Call
from connectors.simulator.state import Doc, State
from connectors.simulator.wechat.api import OK, endpoint
from connectors.simulator.wechat.errors import WeChatError
from connectors.simulator.wechat.users import follower

STARRED = {"id": 2, "name": "星标组"}  # WeChat's own; 0 and 1 are the retired default group and blacklist
SYSTEM_TAGS = ("0", "1", "2")
FIRST_OWN_TAG = 100
MOST_TAGS, MOST_TAGS_EACH, LONGEST_NAME = 100, 20, 30
MOST_TAGGED, MOST_BLACKLISTED = 50, 20
PAGE, BLACKLIST_PAGE = 10_000, 1000


def _tag_name(call: Call) -> str:
    tag = call.json.get("tag")
    return _checked(call.state, call.me.owner, tag.get("name") if isinstance(tag, dict) else None)


def _checked(state: State, owner: str, name: Any) -> str:
    """45157 for an empty or taken name, 45158 for one that is too long."""
    if not isinstance(name, str) or not name.strip():
        raise WeChatError(45157)
    if len(name) > LONGEST_NAME:
        raise WeChatError(45158)
    if name == STARRED["name"] or any(each["name"] == name for each in state.all("tag", owner)):
        raise WeChatError(45157)
    return name


def add(state: State, owner: str, name: Any) -> int:
    """A new tag's id. 45157 and 45158 for the name, 45056 for one too many."""
    _checked(state, owner, name)
    if state.count("tag", owner) >= MOST_TAGS:
        raise WeChatError(45056)
    number = FIRST_OWN_TAG + state.add(owner, "tag", "ever")
    state.put("tag", owner, str(number), {"name": name})
    return number


def listed(state: State, owner: str) -> list[Doc]:
    """{id, name, count} of every tag, the platform's own first."""
    everyone = state.all("citizen", owner)
    own = [{"id": int(tag["key"]), "name": tag["name"]} for tag in state.all("tag", owner, oldest_first=True)]
    return [{**tag, "count": sum(tag["id"] in one["tags"] for one in everyone)} for tag in (STARRED, *own)]


def put_on_followers(state: State, owner: str, number: int) -> int:
    """Whoever follows now carries the tag, but for those who have as many as one may; how many do."""
    found = [one for one in state.all("citizen", owner) if one["subscribed"] and len(one["tags"]) < MOST_TAGS_EACH]
    for citizen in found:
        state.change("citizen", owner, citizen["key"], **_with_tag(citizen, number))
    return len(found)


def _own_tag(call: Call) -> str:
    """The id of a tag that may be changed. 45058 for the platform's own, 40152 for none."""
    tag = call.json.get("tag")
    number = str(tag.get("id", "")) if isinstance(tag, dict) else ""
    if number in SYSTEM_TAGS:
        raise WeChatError(45058)
    if call.state.get("tag", call.me.owner, number) is None:
        raise WeChatError(40152)
    return number


def _tag(call: Call) -> int:
    """The tag that people are put under, by ``tagid``."""
    number = str(call.json.get("tagid", ""))
    if number != str(STARRED["id"]) and call.state.get("tag", call.me.owner, number) is None:
        raise WeChatError(40152)
    return int(number)


@endpoint("/cgi-bin/tags/create")
def create(call: Call) -> Doc:
    name = _tag_name(call)
    return {"tag": {"id": add(call.state, call.me.owner, name), "name": name}}


@endpoint("/cgi-bin/tags/get", "ANY")
def get(call: Call) -> Doc:
    return {"tags": listed(call.state, call.me.owner)}


@endpoint("/cgi-bin/tags/update")
def update(call: Call) -> Doc:
    number = _own_tag(call)
    call.state.change("tag", call.me.owner, number, name=_tag_name(call))
    return OK


@endpoint("/cgi-bin/tags/delete")
def delete(call: Call) -> Doc:
    number = _own_tag(call)
    call.state.delete("tag", call.me.owner, number)
    for citizen in call.state.all("citizen", call.me.owner):
        if int(number) in citizen["tags"]:
            left = [each for each in citizen["tags"] if each != int(number)]
            call.state.change("citizen", call.me.owner, citizen["key"], tags=left)
    return OK


@endpoint("/cgi-bin/user/tag/get", "ANY")
def people(call: Call) -> Doc:
    """Who carries a tag, ten thousand a page."""
    number = _tag(call)
    return _page(call, [each for each in _all(call) if number in each["tags"]], "next_openid", PAGE)


@endpoint("/cgi-bin/tags/getidlist")
def getidlist(call: Call) -> Doc:
    return {"tagid_list": follower(call, call.json.get("openid"))["tags"]}


@endpoint("/cgi-bin/tags/members/batchtagging")
def batchtagging(call: Call) -> Doc:
    return _for_each(call, MOST_TAGGED, _with_tag, _tag(call))


@endpoint("/cgi-bin/tags/members/batchuntagging")
def batchuntagging(call: Call) -> Doc:
    return _for_each(call, MOST_TAGGED, _without_tag, _tag(call))


def _with_tag(citizen: Doc, number: int) -> Doc:
    tags = [each for each in citizen["tags"] if each != number] + [number]
    if len(tags) > MOST_TAGS_EACH:
        raise WeChatError(45059)
    return {"tags": tags}


def _without_tag(citizen: Doc, number: int) -> Doc:
    return {"tags": [each for each in citizen["tags"] if each != number]}


@endpoint("/cgi-bin/tags/members/batchblacklist")
def blacklist(call: Call) -> Doc:
    return _for_each(call, MOST_BLACKLISTED, lambda citizen, _: {"blacklisted": True}, 0)


@endpoint("/cgi-bin/tags/members/batchunblacklist")
def unblacklist(call: Call) -> Doc:
    return _for_each(call, MOST_BLACKLISTED, lambda citizen, _: {"blacklisted": False}, 0)


@endpoint("/cgi-bin/tags/members/getblacklist")
def getblacklist(call: Call) -> Doc:
    return _page(call, [each for each in _all(call) if each.get("blacklisted")], "begin_openid", BLACKLIST_PAGE)


def _all(call: Call) -> list[Doc]:
    return call.state.all("citizen", call.me.owner, oldest_first=True)


def _page(call: Call, held: list[Doc], cursor: str, size: int) -> Doc:
    """A page after the cursor; the last one has no data."""
    keys, after = [each["key"] for each in held], str(call.json.get(cursor) or "")
    if after and after not in keys:
        raise WeChatError(40003)
    found = keys[keys.index(after) + 1 :][:size] if after else keys[:size]
    told: Doc = {"total": len(keys), "count": len(found)}
    return told | ({"data": {"openid": found}} if found else {}) | {"next_openid": found[-1] if found else ""}


def _for_each(call: Call, most: int, change: Any, number: int) -> Doc:
    """Change every openid of the list: all done is ok, none is the first refusal, some is 45171 naming the others."""
    openids = call.json.get("openid_list")
    if not isinstance(openids, list) or not 1 <= len(openids) <= most:
        raise WeChatError(40032, "invalid openid list size")
    refused: list[tuple[Any, WeChatError]] = []
    for openid in openids:
        try:
            citizen = follower(call, openid)
            if not citizen["subscribed"] and number:
                raise WeChatError(50005)
            call.state.change("citizen", call.me.owner, citizen["key"], **change(citizen, number))
        except WeChatError as error:
            refused.append((openid, error))
    if refused and len(refused) == len(openids):
        raise refused[0][1]
    if refused:
        raise WeChatError(45171, fail_openid_list=[openid for openid, _ in refused])
    return OK
