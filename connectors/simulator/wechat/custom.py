"""客服消息: answers to people who wrote, within 48 hours and five times; and the typing sign."""

from __future__ import annotations

from typing import Any

from connectors.simulator import citizens
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat import media
from connectors.simulator.wechat.api import OK, endpoint, integer
from connectors.simulator.wechat.errors import WeChatError

KINDS = ("text", "image", "voice", "video", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "miniprogrampage")
LONGEST_TEXT = 2048  # bytes; undocumented
TYPING_WINDOW = 30


@endpoint("/cgi-bin/message/custom/send", right="custom")
def send(call: Call) -> Doc:
    asked, kind = call.json, call.json.get("msgtype")
    if kind not in KINDS or not isinstance(asked.get(kind), dict):
        raise WeChatError(40008)
    citizen = _citizen(call)
    text = _content(call, kind, asked[kind])
    act = _allowance(call, citizen["key"])
    citizens.spend(call.state, call.me, citizen["key"], act)
    number = citizens.say(call.state, call.me, citizen["key"], "out", text)
    shown = {"text": text, "to": citizen["key"]}
    call.state.accept("wechat", call.me.external_id, "custom_message", number, asked, **shown)
    return OK


def _citizen(call: Call) -> Doc:
    citizen = citizens.find(call.state, call.me, str(call.json.get("touser", "")))
    if citizen is None:
        raise WeChatError(40003)
    if not citizen["subscribed"]:
        raise WeChatError(45015)
    return citizen


def _content(call: Call, kind: str, branch: dict[str, Any]) -> str:
    """What the citizen will see. Raises for empty, too long or unknown content."""
    if kind == "text":
        text = branch.get("content")
        if not isinstance(text, str) or not text:
            raise WeChatError(44004)
        if len(text.encode()) > LONGEST_TEXT:
            raise WeChatError(45002)
        return text
    if kind in ("image", "voice", "video"):
        media_id = str(branch.get("media_id", ""))
        if not media.temporary(call, media_id) and not call.state.get("material", call.me.owner, media_id):
            raise WeChatError(40007)
    news = branch.get("articles")
    if kind == "news" and (not isinstance(news, list) or len(news) != 1):
        raise WeChatError(45008)
    if kind == "mpnewsarticle" and not call.state.get("issue", call.me.owner, str(branch.get("article_id", ""))):
        raise WeChatError(53600)
    return f"[{kind}]"


def _allowance(call: Call, openid: str) -> str:
    """The act that still allows a message, the one that closes first. 45015 when none is open, 45047 when all are used."""
    opened = citizens.allowances(call.state, call.me, openid)
    if not opened:
        raise WeChatError(45015)
    for each in opened:
        if each["left"] > 0:
            return str(each["key"])
    raise WeChatError(45047)


@endpoint("/cgi-bin/message/custom/typing", right="custom")
def typing(call: Call) -> Doc:
    command, citizen = call.json.get("command"), _citizen(call)
    if command not in ("Typing", "CancelTyping"):
        raise WeChatError(45072)
    key = citizen["key"]
    said = [each for each in citizens.talk(call.state, call.me, key) if each["direction"] == "in"]
    if not said or call.now - said[-1]["at"] > TYPING_WINDOW:
        raise WeChatError(45080)
    shown = call.state.get("typing", call.me.owner, key)
    if command == "Typing" and shown and call.now - shown["at"] < TYPING_WINDOW:
        raise WeChatError(45081)
    if command == "Typing":
        call.state.put("typing", call.me.owner, key, {})
    else:
        call.state.delete("typing", call.me.owner, key)
    return OK


@endpoint("/cgi-bin/customservice/getkflist", "GET", right="custom")
def kf_list(call: Call) -> Doc:
    return {"kf_list": []}


@endpoint("/cgi-bin/customservice/getonlinekflist", "GET", right="custom")
def kf_online(call: Call) -> Doc:
    return {"kf_online_list": []}


@endpoint("/customservice/msgrecord/getmsglist", right="custom")
def msg_list(call: Call) -> Doc:
    start, end = integer(call, "starttime", 0), integer(call, "endtime", 0)
    if end <= start:
        raise WeChatError(65416, "invalid argument")
    if end - start > 86400:
        raise WeChatError(65417, "time range more than 24 hours")
    said = call.state.all("said", call.me.owner, since=start, until=end, oldest_first=True)
    records = [
        {
            "openid": each["citizen"],
            "opercode": 2003 if each["direction"] == "in" else 2002,
            "text": each["text"],
            "time": int(each["at"]),
            "worker": "",
        }
        for each in said
    ]
    return {"recordlist": records, "number": len(records), "msgid": 1}
