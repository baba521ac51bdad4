"""Statistics of followers, messages and pushes: per day, up to yesterday, from 8 o'clock on."""

from __future__ import annotations

from datetime import date, timedelta

from connectors.simulator import clock
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat.api import endpoint
from connectors.simulator.wechat.errors import WeChatError

READY_AT = 8
FIRST_DAY = date(2014, 12, 1)
MSG_TYPES = {"text": 1, "image": 2, "voice": 3, "video": 4, "shortvideo": 4, "location": 5, "link": 6}


def days_of(call: Call, most: int, first_day: date = FIRST_DAY) -> list[str]:
    """The days asked for. 61500 for no dates, 61501 for a wrong span, 61503 while yesterday is not counted yet."""
    try:
        first, last = (date.fromisoformat(str(call.json.get(name, ""))) for name in ("begin_date", "end_date"))
    except ValueError as error:
        raise WeChatError(61500) from error
    here = clock.beijing(call.now)
    yesterday = here.date() - timedelta(days=1)
    if first > last or first < first_day or last > yesterday or (last - first).days >= most:
        raise WeChatError(61501)
    if last == yesterday and here.hour < READY_AT:
        raise WeChatError(61503)
    return [(first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1)]


@endpoint("/datacube/getusersummary", right="datacube")
def getusersummary(call: Call) -> Doc:
    days, everyone = days_of(call, 7), call.state.all("citizen", call.me.owner)
    found = []
    for day in days:
        new = sum(clock.day(each["since"]) == day for each in everyone)
        gone = sum(not each["subscribed"] and clock.day(each.get("left", 0)) == day for each in everyone)
        found.append({"ref_date": day, "user_source": 0, "new_user": new, "cancel_user": gone})
    return {"list": found}


@endpoint("/datacube/getusercumulate", right="datacube")
def getusercumulate(call: Call) -> Doc:
    everyone = call.state.all("citizen", call.me.owner)
    return {
        "list": [
            {"ref_date": day, "cumulate_user": sum(_followed(each, day) for each in everyone)}
            for day in days_of(call, 7)
        ]
    }


def _followed(citizen: Doc, day: str) -> bool:
    """Whether somebody was a follower at the end of a day."""
    if clock.day(citizen["since"]) > day:
        return False
    return bool(citizen["subscribed"]) or clock.day(citizen.get("left", 0)) > day


@endpoint("/datacube/getupstreammsg", right="datacube")
def getupstreammsg(call: Call) -> Doc:
    return {"list": [{"ref_date": day, **row} for day in days_of(call, 7) for row in _upstream(call, day)]}


@endpoint("/datacube/getupstreammsgweek", right="datacube")
@endpoint("/datacube/getupstreammsgmonth", right="datacube")
def getupstreammsg_longer(call: Call) -> Doc:
    """The week or month that begins on the one day asked for."""
    day = days_of(call, 1)[0]
    length = 7 if call.path.endswith("week") else 31
    born = date.fromisoformat(day)
    days = [(born + timedelta(days=number)).isoformat() for number in range(length)]
    kept = [each for each in days if length == 7 or each[:7] == day[:7]]
    return {"list": [{"ref_date": day, **row} for row in _upstream(call, *kept)]}


@endpoint("/datacube/getupstreammsghour", right="datacube")
def getupstreammsghour(call: Call) -> Doc:
    day = days_of(call, 1)[0]
    hours = [f"{day}T{hour:02d}" for hour in range(24)]
    return {
        "list": [
            {"ref_date": day, "ref_hour": 100 * at, **row}
            for at, hour in enumerate(hours)
            for row in _upstream(call, hour)
        ]
    }


def _upstream(call: Call, *periods: str) -> list[Doc]:
    """Messages of days or of an hour by kind: how many people, how many messages; nothing where nobody wrote."""
    said = [each for each in call.state.all("said", call.me.owner) if clock.hour(each["at"]).startswith(periods)]
    written = [each for each in said if each["direction"] == "in" and each.get("kind", "text") in MSG_TYPES]
    rows = []
    for kind in sorted({MSG_TYPES[each.get("kind", "text")] for each in written}):
        people = [each["citizen"] for each in written if MSG_TYPES[each.get("kind", "text")] == kind]
        rows.append({"msg_type": kind, "msg_user": len(set(people)), "msg_count": len(people)})
    return rows


@endpoint("/datacube/getupstreammsgdist", right="datacube")
@endpoint("/datacube/getupstreammsgdistweek", right="datacube")
@endpoint("/datacube/getupstreammsgdistmonth", right="datacube")
def getupstreammsgdist(call: Call) -> Doc:
    """How many people wrote how often: interval 1 is one to five messages, 2 six to ten, 3 more."""
    found = []
    for day in days_of(call, 15):
        said = [each for each in call.state.all("said", call.me.owner) if clock.day(each["at"]) == day]
        people = [each["citizen"] for each in said if each["direction"] == "in"]
        intervals = [min(3, (people.count(each) + 4) // 5) for each in set(people)]
        found += [
            {"ref_date": day, "count_interval": number, "msg_user": intervals.count(number)}
            for number in sorted(set(intervals))
        ]
    return {"list": found}


@endpoint("/datacube/getinterfacesummary", right="datacube")
def getinterfacesummary(call: Call) -> Doc:
    """How the callback answered: pushes, failures, milliseconds."""
    return {"list": [{"ref_date": day, **row} for day in days_of(call, 30) for row in _pushes(call, day)]}


@endpoint("/datacube/getinterfacesummaryhour", right="datacube")
def getinterfacesummaryhour(call: Call) -> Doc:
    day = days_of(call, 1)[0]
    return {
        "list": [
            {"ref_date": day, "ref_hour": 100 * hour, **row}
            for hour in range(24)
            for row in _pushes(call, f"{day}T{hour:02d}")
        ]
    }


def _pushes(call: Call, period: str) -> list[Doc]:
    counted = {
        name: call.state.counted(f"{call.me.owner}:pushes", name, period) for name in ("count", "fail", "ms", "slowest")
    }
    if not counted["count"]:
        return []
    told = {"callback_count": counted["count"], "fail_count": counted["fail"]}
    return [told | {"total_time_cost": counted["ms"], "max_time_cost": counted["slowest"]}]
