"""粉丝服务平台: private messages to people who wrote within 48 hours, mass messages, and media they sent."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Response

from connectors.simulator import citizens
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.weibo.api import endpoint, required
from connectors.simulator.weibo.errors import MassMessageError, WeiboError
from connectors.simulator.weibo.text import half_units

LONGEST = 600  # half units, 300 汉字
WINDOW = 48 * 3600
MOST_ARTICLES = 8


@endpoint("/2/messages/reply.json", "POST", counted=False)
@endpoint("/2/messages/reply/biz.json", "POST", level="business", counted=False)
def reply(call: Call) -> Doc:
    """``data`` is JSON, form-encoded once; the receiver must have acted within 48 hours."""
    kind, receiver = required(call, "type"), required(call, "receiver_id")
    words = _words(kind, required(call, "data"))
    said = citizens.talk(call.state, call.me, receiver)
    _window(call, receiver, said)
    if said and said[-1]["direction"] == "out" and said[-1]["text"] == words:
        raise WeiboError(20306)
    key = citizens.say(call.state, call.me, receiver, "out", words)
    sent = {name: value for name, value in call.params.items() if name != "access_token"}
    call.state.accept("weibo", call.me.external_id, "custom_message", key, sent, text=words, to=receiver)
    return {"result": True, "sender_id": call.me.external_id, "receiver_id": receiver, "type": kind}


def _words(kind: str, data: str) -> str:
    try:
        read: Any = json.loads(data)
    except ValueError as error:
        raise WeiboError(10008) from error
    if not isinstance(read, dict) or kind not in ("text", "articles", "position"):
        raise WeiboError(10008)
    if kind == "text":
        words = read.get("text")
        if not isinstance(words, str) or not words:
            raise WeiboError(20008)
        if half_units(words) > LONGEST:
            raise WeiboError(20013)
        return words
    articles = read.get("articles")
    if kind == "articles" and not (isinstance(articles, list) and 1 <= len(articles) <= MOST_ARTICLES):
        raise WeiboError(10008)
    return f"[{kind}]"


def _window(call: Call, receiver: str, said: list[Doc]) -> None:
    """48 hours after the last act, without a count; one answer only to a mention; none after unfollowing."""
    citizen = citizens.find(call.state, call.me, receiver)
    acts = [each for each in said if each["direction"] == "in" and call.now - each["at"] < WINDOW]
    if citizen is None or not citizen["subscribed"] or not acts:
        raise WeiboError(20301)
    answered = any(each["direction"] == "out" and each["seq"] > acts[-1]["seq"] for each in said)
    if acts[-1].get("mention") and answered:
        raise WeiboError(20301)


@endpoint("/2/messages/sendall.json", "POST", counted=False)
def sendall(call: Call) -> Doc:
    """JSON body, token in the query; answered at once and done later."""
    asked = call.json
    kind = asked.get("msgtype")
    known = kind in ("text", "articles") and isinstance(asked.get(str(kind)), dict if kind == "text" else list)
    if not (asked.get("touser") or asked.get("filter")) or not known:
        raise MassMessageError(10008, "param error")
    msg_id = call.state.add(call.me.owner, "sendall", "ever") + 12_344
    text = asked["text"].get("content", "") if kind == "text" else "[articles]"
    call.state.accept("weibo", call.me.external_id, "mass", str(msg_id), asked, text=text)
    return {"result": True, "msg_id": msg_id}


@endpoint("/2/mss/msget", "GET", counted=False)
@endpoint("/2/mss/msget.json", "GET", counted=False)
def msget(call: Call) -> Response:
    """The bytes of a picture that a citizen sent, by its tovfid."""
    held = call.state.get("inbound_media", call.me.owner, required(call, "fid"))
    blob = call.state.blob(held["sha256"]) if held else None
    if blob is None:
        raise WeiboError(20101)
    return Response(blob[1], content_type=blob[0])
