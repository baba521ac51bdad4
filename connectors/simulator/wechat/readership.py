"""Statistics of articles. The old figures are offline (47009); the new ones count users, and begin in November 2025."""

from __future__ import annotations

from datetime import date, timedelta

from connectors.simulator import clock
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat import figures
from connectors.simulator.wechat.api import endpoint
from connectors.simulator.wechat.comments import place
from connectors.simulator.wechat.datacube import days_of

FIRST_DAY = date(2025, 11, 1)
FOLLOWED_DAYS = 30


def _issues(call: Call, day: str | None = None) -> list[tuple[Doc, int, Doc]]:
    """The articles brought out (that day): issue, 0-based index, article."""
    issues = [each for each in call.state.all("issue", call.me.owner) if day in (None, clock.day(each["at"]))]
    return [(issue, index, item) for issue in issues for index, item in enumerate(issue["items"])]


def _sources(readers: int) -> list[Doc]:
    return [{"user_count": readers, "scene_desc": "全部"}, {"user_count": readers, "scene_desc": "公众号消息"}]


def _msgid(issue: Doc, index: int) -> str:
    return f"{issue['msg_data_id']}_{index + 1}"


def _done(call: Call, day: str, act: str) -> list[tuple[str, int]]:
    """The articles to which something was done that day, and by how many; none is not told."""
    counted = [
        (_msgid(issue, index), figures.on(call.state, call.me, issue, index, day)[act])
        for issue, index, _ in _issues(call)
    ]
    return [(msgid, number) for msgid, number in counted if number]


@endpoint("/datacube/getarticleread", right="datacube")
def getarticleread(call: Call) -> Doc:
    """Per day and article: whoever read that day, whenever the article came out."""
    found = [
        {"ref_date": day, "msgid": msgid, "detail": {"read_user": readers, "read_user_source": _sources(readers)}}
        for day in days_of(call, 1, FIRST_DAY)
        for msgid, readers in _done(call, day, "read")
    ]
    return {"list": found, "is_delay": False}


@endpoint("/datacube/getarticleshare", right="datacube")
def getarticleshare(call: Call) -> Doc:
    found = [
        {"ref_date": day, "msgid": msgid, "detail": {"share_user": sharers}}
        for day in days_of(call, 1, FIRST_DAY)
        for msgid, sharers in _done(call, day, "share")
    ]
    return {"list": found, "is_delay": False}


def _comments(call: Call, issue: Doc, index: int, first: str, last: str) -> int:
    found = place(call.state, call.me, issue["key"], index)
    held = call.state.all("wechat_comment", found[1]) if found else []
    return sum(first <= clock.day(each["at"]) <= last for each in held)


@endpoint("/datacube/getbizsummary", right="datacube")
def getbizsummary(call: Call) -> Doc:
    """The whole account by day."""
    found = []
    for day in days_of(call, 30, FIRST_DAY):
        items = _issues(call)
        done = [figures.on(call.state, call.me, issue, index, day) for issue, index, _ in items]
        total = {act: sum(each[act] for each in done) for act in figures.ACTS}
        detail: Doc = {"read_user": total["read"], "read_user_source": _sources(total["read"])}
        detail |= {f"{act}_user": total[act] for act in ("share", "zaikan", "like", "collection")}
        detail["comment_count"] = sum(_comments(call, issue, index, day, day) for issue, index, _ in items)
        detail |= {"redirect_ori_page_user": 0, "send_page_count": len(_issues(call, day))}
        found.append({"ref_date": day, "detail": detail})
    return {"list": found, "is_delay": False}


@endpoint("/datacube/getarticletotaldetail", right="datacube")
def getarticletotaldetail(call: Call) -> Doc:
    """Everything published on one day, by whatever means: publish_type 0 with notice, 1 without; totals by day since."""
    found = []
    yesterday = clock.beijing(call.now).date() - timedelta(days=1)
    for day in days_of(call, 1, FIRST_DAY):
        born = date.fromisoformat(day)
        after = [born + timedelta(days=number) for number in range(FOLLOWED_DAYS)]
        days = [each.isoformat() for each in after if each <= yesterday]
        for issue, index, item in _issues(call, day):
            head = {"ref_date": day, "msgid": _msgid(issue, index), "publish_type": int(issue["how"] != "mass")}
            head |= {"title": item["title"], "content_url": item["url"]}
            found.append(head | {"detail_list": [_total(call, issue, index, day, each) for each in days]})
    return {"list": found, "is_delay": False}


def _total(call: Call, issue: Doc, index: int, born: str, day: str) -> Doc:
    total = figures.until(call.state, call.me, issue, index, day)
    readers, followers = total["read"], call.state.count("citizen", call.me.owner)
    return {
        "stat_date": day,
        "read_user": readers,
        "read_user_source": _sources(readers),
        **{f"{act}_user": total[act] for act in ("share", "zaikan", "like", "collection")},
        "comment_count": _comments(call, issue, index, born, day),
        "praise_money": 0,
        "read_subscribe_user": min(readers, followers),
        "read_delivery_rate": round(min(readers, followers) / followers, 7) if followers else 0.0,
        "read_finish_rate": 0.0,
        "read_avg_activetime": 0.0,
        "read_jump_position": [{"position": 1, "rate": 0.2}],
    }
