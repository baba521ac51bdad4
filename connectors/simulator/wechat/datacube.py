"""Statistics. The old article figures are offline (47009); the new ones count users, per day, from 8 o'clock on."""

from __future__ import annotations

from datetime import date, timedelta

from connectors.simulator import clock
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat.api import endpoint
from connectors.simulator.wechat.comments import place
from connectors.simulator.wechat.errors import WeChatError

READY_AT = 8


def _days(call: Call, most: int) -> list[str]:
    """The days asked for. 61500 for no dates, 61501 for a wrong span, 61503 while yesterday is not counted yet."""
    try:
        first, last = (date.fromisoformat(str(call.json.get(name, ""))) for name in ("begin_date", "end_date"))
    except ValueError as error:
        raise WeChatError(61500) from error
    here = clock.beijing(call.now)
    yesterday = here.date() - timedelta(days=1)
    if first > last or last > yesterday or (last - first).days >= most:
        raise WeChatError(61501)
    if last == yesterday and here.hour < READY_AT:
        raise WeChatError(61503)
    return [(first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1)]


@endpoint("/datacube/getusersummary", right="datacube")
def getusersummary(call: Call) -> Doc:
    days, everyone = _days(call, 7), call.state.all("citizen", call.me.owner)
    found = []
    for day in days:
        new = sum(clock.day(each["since"]) == day for each in everyone)
        found.append({"ref_date": day, "user_source": 0, "new_user": new, "cancel_user": 0})
    return {"list": found}


@endpoint("/datacube/getusercumulate", right="datacube")
def getusercumulate(call: Call) -> Doc:
    everyone = [each for each in call.state.all("citizen", call.me.owner) if each["subscribed"]]
    return {
        "list": [
            {"ref_date": day, "cumulate_user": sum(clock.day(each["since"]) <= day for each in everyone)}
            for day in _days(call, 7)
        ]
    }


@endpoint("/datacube/getupstreammsg", right="datacube")
def getupstreammsg(call: Call) -> Doc:
    found = []
    for day in _days(call, 7):
        said = [each for each in call.state.all("said", call.me.owner) if clock.day(each["at"]) == day]
        people = [each["citizen"] for each in said if each["direction"] == "in"]
        if people:
            found.append({"ref_date": day, "msg_type": 1, "msg_user": len(set(people)), "msg_count": len(people)})
    return {"list": found}


@endpoint("/datacube/getinterfacesummary", right="datacube")
def getinterfacesummary(call: Call) -> Doc:
    _days(call, 30)
    return {"list": []}


def _issues(call: Call, day: str) -> list[tuple[Doc, int, Doc]]:
    """The articles brought out that day: issue, 0-based index, article."""
    issues = [each for each in call.state.all("issue", call.me.owner) if clock.day(each["at"]) == day]
    return [(issue, index, item) for issue in issues for index, item in enumerate(issue["items"])]


def _sources(views: int) -> list[Doc]:
    return [{"user_count": views, "scene_desc": "全部"}, {"user_count": views, "scene_desc": "公众号消息"}]


def _msgid(issue: Doc, index: int) -> str:
    return f"{issue['msg_data_id']}_{index + 1}"


@endpoint("/datacube/getarticleread", right="datacube")
def getarticleread(call: Call) -> Doc:
    found = []
    for day in _days(call, 1):
        for issue, index, item in _issues(call, day):
            detail = {"read_user": item["views"], "read_user_source": _sources(item["views"])}
            found.append({"ref_date": day, "msgid": _msgid(issue, index), "detail": detail})
    return {"list": found, "is_delay": False}


@endpoint("/datacube/getarticleshare", right="datacube")
def getarticleshare(call: Call) -> Doc:
    found = [
        {"ref_date": day, "msgid": _msgid(issue, index), "detail": {"share_user": 0}}
        for day in _days(call, 1)
        for issue, index, _ in _issues(call, day)
    ]
    return {"list": found, "is_delay": False}


def _comments(call: Call, issue: Doc, index: int) -> int:
    found = place(call.state, call.me, issue["key"], index)
    return call.state.count("wechat_comment", found[1]) if found else 0


@endpoint("/datacube/getbizsummary", right="datacube")
def getbizsummary(call: Call) -> Doc:
    found = []
    for day in _days(call, 30):
        items = _issues(call, day)
        views = sum(item["views"] for _, _, item in items)
        detail: Doc = {"read_user": views, "read_user_source": _sources(views), "share_user": 0, "zaikan_user": 0}
        detail |= {"like_user": sum(item["likes"] for _, _, item in items), "collection_user": 0}
        detail |= {"comment_count": sum(_comments(call, issue, index) for issue, index, _ in items)}
        detail |= {"redirect_ori_page_user": 0, "send_page_count": len(items)}
        found.append({"ref_date": day, "detail": detail})
    return {"list": found, "is_delay": False}


@endpoint("/datacube/getarticletotaldetail", right="datacube")
def getarticletotaldetail(call: Call) -> Doc:
    """Everything published on one day, by whatever means: publish_type 0 with notice, 1 without."""
    found = []
    for day in _days(call, 1):
        for issue, index, item in _issues(call, day):
            head = {"ref_date": day, "msgid": _msgid(issue, index), "publish_type": int(issue["how"] != "mass")}
            head |= {"title": item["title"], "content_url": item["url"]}
            found.append(head | {"detail_list": [_total(call, issue, index, item, day)]})
    return {"list": found, "is_delay": False}


def _total(call: Call, issue: Doc, index: int, item: Doc, day: str) -> Doc:
    views = item["views"]
    return {
        "stat_date": day,
        "read_user": views,
        "read_user_source": _sources(views),
        "share_user": 0,
        "zaikan_user": 0,
        "like_user": item["likes"],
        "comment_count": _comments(call, issue, index),
        "collection_user": 0,
        "praise_money": 0,
        "read_subscribe_user": views,
        "read_delivery_rate": 0.0,
        "read_finish_rate": 0.0,
        "read_avg_activetime": 0.0,
        "read_jump_position": [{"position": 1, "rate": 0.2}],
    }
