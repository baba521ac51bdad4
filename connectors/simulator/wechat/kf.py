"""客服账号: who answers in the account's name, and the record of what was said (needs the new customer service)."""

from __future__ import annotations

import re

from connectors.simulator.call import Call
from connectors.simulator.pictures import look
from connectors.simulator.state import Doc
from connectors.simulator.wechat.api import OK, endpoint, integer
from connectors.simulator.wechat.errors import WeChatError

NAME = re.compile(r"([A-Za-z0-9_]{1,10})@(\S+)")
MOST, LONGEST_NICK, LARGEST_PICTURE = 100, 16, 5 * 1024 * 1024
DAY, MOST_RECORDS = 86400, 10_000
ASKED, ANSWERED = 2003, 2002


def _enabled(call: Call) -> None:
    if call.me.get("kf_enabled", True) is False:
        raise WeChatError(65400)


def _name(call: Call, given: object) -> str:
    """``prefix@WeChat id of the account``; 65404 for another form."""
    match = NAME.fullmatch(str(given or ""))
    if match is None or match[2] not in (call.me.external_id, call.me.get("wechat_id", call.me.external_id)):
        raise WeChatError(65404)
    return match[0]


def _nick(call: Call) -> str:
    nick = call.json.get("nickname")
    if not isinstance(nick, str) or not 1 <= len(nick) <= LONGEST_NICK:
        raise WeChatError(65403)
    return nick


def find(call: Call, name: object) -> Doc:
    """A customer-service account that exists. 65401 otherwise."""
    held = call.state.get("kf", call.me.owner, str(name or ""))
    if held is None:
        raise WeChatError(65401)
    return held


@endpoint("/customservice/kfaccount/add", right="custom")
def add(call: Call) -> Doc:
    """No password any more; a hundred accounts at most."""
    _enabled(call)
    name, nick = _name(call, call.json.get("kf_account")), _nick(call)
    if call.state.get("kf", call.me.owner, name):
        raise WeChatError(65406)
    if call.state.count("kf", call.me.owner) >= MOST:
        raise WeChatError(65405)
    number = 1000 + call.state.add(call.me.owner, "kf", "ever")
    call.state.put("kf", call.me.owner, name, {"kf_id": str(number), "kf_nick": nick, "kf_wx": "", "picture": ""})
    return OK


@endpoint("/customservice/kfaccount/update", right="custom")
def update(call: Call) -> Doc:
    _enabled(call)
    held = find(call, call.json.get("kf_account"))
    call.state.change("kf", call.me.owner, held["key"], kf_nick=_nick(call))
    return OK


@endpoint("/customservice/kfaccount/inviteworker", right="custom")
def inviteworker(call: Call) -> Doc:
    """Bind a WeChat id; here the invited accepts at once."""
    _enabled(call)
    held, invited = find(call, call.json.get("kf_account")), str(call.json.get("invite_wx") or "")
    if not invited:
        raise WeChatError(65409)
    if held["kf_wx"]:
        raise WeChatError(65412)
    if any(each["kf_wx"] == invited for each in call.state.all("kf", call.me.owner)):
        raise WeChatError(65407)
    call.state.change("kf", call.me.owner, held["key"], kf_wx=invited)
    return OK


@endpoint("/customservice/kfaccount/uploadheadimg", right="custom")
def uploadheadimg(call: Call) -> Doc:
    _enabled(call)
    held, parts = find(call, call.params.get("kf_account")), call.files("media")
    data = parts[0].read() if len(parts) == 1 else b""
    if not data:
        raise WeChatError(41005)
    seen = look(data)
    if seen is None or seen.kind not in ("jpeg", "png"):
        raise WeChatError(40005)
    if len(data) > LARGEST_PICTURE:
        raise WeChatError(40009)
    call.state.change("kf", call.me.owner, held["key"], picture=call.state.keep_blob(data, seen.content_type))
    return OK


@endpoint("/customservice/kfaccount/del", "ANY", right="custom")
def delete(call: Call) -> Doc:
    """By query or by body; the documentation shows both."""
    _enabled(call)
    name = call.params.get("kf_account") or call.json.get("kf_account")
    call.state.delete("kf", call.me.owner, find(call, name)["key"])
    return OK


@endpoint("/cgi-bin/customservice/getkflist", "GET", right="custom")
def kf_list(call: Call) -> Doc:
    _enabled(call)
    return {"kf_list": [_told(each) for each in call.state.all("kf", call.me.owner, oldest_first=True)]}


@endpoint("/cgi-bin/customservice/getonlinekflist", "GET", right="custom")
def kf_online(call: Call) -> Doc:
    """Whoever has bound a WeChat id counts as online here."""
    _enabled(call)
    held = [each for each in call.state.all("kf", call.me.owner, oldest_first=True) if each["kf_wx"]]
    told = [{"kf_account": each["key"], "status": 1, "kf_id": each["kf_id"], "accepted_case": 0} for each in held]
    return {"kf_online_list": told}


def _told(held: Doc) -> Doc:
    picture = f"http://mmbiz.qpic.cn/mmbiz/{held['picture']}/0" if held["picture"] else ""
    told: Doc = {"kf_account": held["key"], "kf_nick": held["kf_nick"], "kf_id": held["kf_id"]}
    return told | {"kf_headimgurl": picture, "kf_wx": held["kf_wx"]}


@endpoint("/customservice/msgrecord/getmsglist", right="custom")
def msg_list(call: Call) -> Doc:
    """What was said within at most a day, ten thousand a page, from ``msgid`` on."""
    _enabled(call)
    start, end, first = (integer(call, name, 0) for name in ("starttime", "endtime", "msgid"))
    number = integer(call, "number", MOST_RECORDS)
    if end <= start or not 1 <= number <= MOST_RECORDS:
        raise WeChatError(65416)
    if end - start > DAY:
        raise WeChatError(65417)
    said = call.state.all("said", call.me.owner, since=start, until=end, oldest_first=True)
    page = [each for each in said if int(each["key"]) >= first][:number]
    last = int(page[-1]["key"]) + 1 if page else max(first, 1)
    return {"recordlist": [_record(each) for each in page], "number": len(page), "msgid": last}


def _record(said: Doc) -> Doc:
    code = ASKED if said["direction"] == "in" else ANSWERED
    told: Doc = {"openid": said["citizen"], "opercode": code, "text": said["text"], "time": int(said["at"])}
    return told | {"worker": said.get("worker", "")}
