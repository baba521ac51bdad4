"""Reading: the newest five of one's own, single statuses, counts, users, unread counters and rate limits."""

from __future__ import annotations

from typing import Any

from connectors.simulator import clock
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.weibo import shapes, text
from connectors.simulator.weibo.api import endpoint, is_business, number, required, twin
from connectors.simulator.weibo.errors import WeiboError

NEWEST = 5


def _timeline(call: Call) -> tuple[list[Doc], int]:
    """The page asked for, and how many there are; an ordinary app sees the newest five only."""
    uid, name = call.params.get("uid"), call.params.get("screen_name")
    if (uid and uid != call.me.external_id) or (not uid and name and name != call.me.name):
        raise WeiboError(21335)
    held = [each for each in call.state.all("status", call.me.owner) if not each["removed_by"]]
    visible = held if is_business(call) else held[:NEWEST]
    return paged(call, visible, 20, 100), len(held)


def paged(call: Call, held: list[Doc], default: int, most: int) -> list[Doc]:
    """``since_id`` exclusive, ``max_id`` inclusive, then ``count`` and ``page``."""
    since, until = number(call, "since_id", 0), number(call, "max_id", 0)
    count, page = min(number(call, "count", default), most), max(number(call, "page", 1), 1)
    kept = [each for each in held if int(each["key"]) > since and (not until or int(each["key"]) <= until)]
    return kept[(page - 1) * count : page * count]


@twin("/2/statuses/user_timeline.json", "GET")
def user_timeline(call: Call) -> Doc:
    held, total = _timeline(call)
    return shapes.page("statuses", [shapes.status(call.state, call.me, each) for each in held], total)


@endpoint("/2/statuses/user_timeline/ids.json", "GET")
def user_timeline_ids(call: Call) -> Doc:
    held, total = _timeline(call)
    return shapes.page("statuses", [each["key"] for each in held], total)


@endpoint("/2/statuses/home_timeline.json", "GET")
def home_timeline(call: Call) -> Doc:
    held, total = _timeline(call)
    return shapes.page("statuses", [shapes.status(call.state, call.me, each) for each in held], total)


def _own(call: Call, status_id: str) -> Doc:
    held = call.state.get("status", call.me.owner, status_id)
    if held is None or held["removed_by"]:
        raise WeiboError(20101)
    return held


@endpoint("/2/statuses/show.json", "GET")
def show(call: Call) -> Doc:
    """Only statuses of the user who authorised; 20101 for all else and for deleted ones."""
    return _with_long_text(call, _own(call, required(call, "id")))


def _with_long_text(call: Call, held: Doc) -> Doc:
    shown = shapes.status(call.state, call.me, held)
    if shown.get("isLongText") and call.params.get("isGetLongText") == "1":
        shown["longText"] = {"longTextContent": shapes.escaped(held["text"]), "url_objects": held["links"]}
    return shown


@twin("/2/statuses/show_batch.json", "GET", level="full")
def show_batch(call: Call) -> Doc:
    ids = required(call, "ids").split(",")
    if len(ids) > 50:
        raise WeiboError(20009)
    held = [each for each in (call.state.get("status", call.me.owner, one) for one in ids) if each]
    return {"statuses": [_with_long_text(call, each) for each in held], "total_number": len(held)}


@twin("/2/statuses/count.json", "GET")
def count(call: Call) -> list[Doc]:
    """Every value a string."""
    ids = required(call, "ids").split(",")
    if len(ids) > 100:
        raise WeiboError(20009)
    counted = []
    for each in ids:
        held = call.state.get("status", call.me.owner, each)
        if held and not held["removed_by"]:
            comments = call.state.count("comment", f"status:{each}")
            numbers = {"comments": comments, "reposts": held.get("reposts", 0), "attitudes": held.get("likes", 0)}
            counted.append({"id": each, **{name: str(value) for name, value in numbers.items()}})
    return counted


@endpoint("/2/statuses/queryid.json", "GET")
def queryid(call: Call) -> Any:
    try:
        found = [{mid: text.from_base62(mid)} for mid in required(call, "mid").split(",")]
    except ValueError as error:
        raise WeiboError(10008) from error
    return found if call.params.get("is_batch") == "1" else {"id": next(iter(found[0].values()))}


@endpoint("/2/statuses/querymid.json", "GET")
def querymid(call: Call) -> Any:
    found = [{each: text.base62(each)} for each in required(call, "id").split(",") if each.isascii() and each.isdigit()]
    if not found:
        raise WeiboError(10008)
    return found if call.params.get("is_batch") == "1" else {"mid": next(iter(found[0].values()))}


@endpoint("/2/users/show.json", "GET")
def users_show(call: Call) -> Doc:
    """Oneself in full; of others neither counts nor description."""
    uid, name = call.params.get("uid"), call.params.get("screen_name")
    if not uid and not name:
        raise WeiboError(10016, "miss required parameter (uid) , see doc for more info.")
    if uid == call.me.external_id or name == call.me.name:
        newest = call.state.all("status", call.me.owner, limit=1)
        shown = shapes.account_user(call.state, call.me)
        if newest:
            shown["status"] = shapes.status(call.state, call.me, newest[0], with_user=False)
        return shown
    for citizen in call.state.all("citizen", call.me.owner):
        if uid == citizen["id"] or name == citizen["name"]:
            return shapes.citizen_user(citizen)
    raise WeiboError(20003)


@endpoint("/2/users/counts.json", "GET")
def users_counts(call: Call) -> list[Doc]:
    if call.me.external_id not in required(call, "uids").split(","):
        return []
    user = shapes.account_user(call.state, call.me)
    names = ("followers_count", "friends_count", "statuses_count")
    return [{"id": call.me.external_id, **{name: str(user[name]) for name in names}}]


@endpoint("/2/account/get_uid.json", "GET")
def get_uid(call: Call) -> Doc:
    return {"uid": call.me.external_id}


@endpoint("/2/emotions.json", "GET")
def emotions(call: Call) -> list[Doc]:
    return [{"phrase": name, "value": name, "type": "face", "common": True} for name in ("[呵呵]", "[微笑]", "[good]")]


COUNTED = ("cmt", "dm", "mention_status", "mention_cmt")


@endpoint("/2/remind/unread_count.json", "GET")
def unread_count(call: Call) -> Doc:
    """Counts everybody's comments, also those an ordinary app cannot fetch; only set_count clears them."""
    if call.params.get("uid", call.me.external_id) != call.me.external_id:
        raise WeiboError(21335)
    unread = {name: call.state.counted(call.me.owner, f"unread_{name}", "ever") for name in COUNTED}
    others = ("status", "follower", "group", "private_group", "notice", "invite", "badge", "photo", "msgbox")
    return dict.fromkeys(others, 0) | unread


@endpoint("/2/remind/set_count.json", "POST")
def set_count(call: Call) -> Doc:
    name = required(call, "type")
    if name not in COUNTED:
        raise WeiboError(10008)
    call.state.forget_counts(call.me.owner, "ever", f"unread_{name}")
    return {"result": True}


@endpoint("/2/account/rate_limit_status.json", "GET", counted=False)
def rate_limit_status(call: Call) -> Doc:
    """Tells hourly limits and knows nothing of the daily one: with calls "left" here, calls may fail with 10023."""
    used = call.state.counted(call.me.owner, "calls", clock.hour(call.now))
    seconds = clock.seconds_to_next_hour(call.now)
    return {
        "ip_limit": 10000,
        "limit_time_unit": "HOURS",
        "remaining_ip_hits": 10000 - used,
        "remaining_user_hits": max(0, 150 - used),
        "reset_time": clock.beijing(call.now + seconds).strftime("%Y-%m-%d %H:%M:%S"),
        "reset_time_in_seconds": seconds,
        "user_limit": 150,
    }
