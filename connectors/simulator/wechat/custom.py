"""客服消息: answers to people who wrote, within 48 hours and five times; and the typing sign."""

from __future__ import annotations

from typing import Any

from connectors.simulator import citizens
from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat import kf, media
from connectors.simulator.wechat.api import OK, endpoint
from connectors.simulator.wechat.errors import WeChatError

KINDS = ("text", "image", "voice", "video", "music", "news", "mpnews", "mpnewsarticle", "msgmenu", "miniprogrampage")
MEDIA = ("image", "voice", "video")
LONGEST_TEXT = 2048  # bytes; undocumented
TYPING_WINDOW = 30


@endpoint("/cgi-bin/message/custom/send", right="custom")
def send(call: Call) -> Doc:
    asked, kind = call.json, call.json.get("msgtype")
    if kind not in KINDS or not isinstance(asked.get(kind), dict):
        raise WeChatError(40008)
    citizen = _citizen(call)
    text, more = _content(call, kind, asked[kind])
    if isinstance(asked.get("customservice"), dict):
        more["worker"] = kf.find(call, asked["customservice"].get("kf_account"))["key"]
    act = _allowance(call, citizen["key"])
    citizens.spend(call.state, call.me, citizen["key"], act)
    number = citizens.say(call.state, call.me, citizen["key"], "out", text, kind=kind, **more)
    call.state.delete("typing", call.me.owner, citizen["key"])
    shown = {"text": text, "to": citizen["key"]}
    call.state.accept("wechat", call.me.external_id, "custom_message", number, asked, **shown)
    return OK


def _citizen(call: Call) -> Doc:
    citizen = citizens.find(call.state, call.me, str(call.json.get("touser", "")))
    if citizen is None:
        raise WeChatError(40003)
    if not citizen["subscribed"]:
        raise WeChatError(45015)
    if citizen.get("blacklisted"):
        raise WeChatError(43019)
    return citizen


def _content(call: Call, kind: str, branch: Doc) -> tuple[str, Doc]:
    """What the citizen will see, and what is known of it. Raises for empty, too long or unknown content."""
    if kind == "text":
        text = branch.get("content")
        if not isinstance(text, str) or not text:
            raise WeChatError(44004)
        if len(text.encode()) > LONGEST_TEXT:
            raise WeChatError(45002)
        return text, {}
    if kind in MEDIA:
        held = _medium(call, branch.get("media_id"))
        if kind == "video":
            _medium(call, branch.get("thumb_media_id"))
        return f"[{kind}]", {"sha256": held["sha256"]}
    return CHECKS.get(kind, _any)(call, branch), {}


def _medium(call: Call, media_id: Any) -> Doc:
    held = media.temporary(call, str(media_id)) or call.state.get("material", call.me.owner, str(media_id))
    if held is None:
        raise WeChatError(40007)
    return held


def _any(call: Call, branch: Doc) -> str:
    return f"[{call.json['msgtype']}]"


def _music(call: Call, branch: Doc) -> str:
    _medium(call, branch.get("thumb_media_id"))
    return f"[music] {branch.get('title', '')}"


def _news(call: Call, branch: Doc) -> str:
    """One article only."""
    news = branch.get("articles")
    if not isinstance(news, list) or len(news) != 1 or not isinstance(news[0], dict):
        raise WeChatError(45008)
    return f"[news] {news[0].get('title', '')}"


def _article(call: Call, branch: Doc) -> str:
    issue = call.state.get("issue", call.me.owner, str(branch.get("article_id", "")))
    if issue is None:
        raise WeChatError(53600)
    return f"[mpnewsarticle] {issue['items'][0]['title']}"


def _menu(call: Call, branch: Doc) -> str:
    listed = branch.get("list")
    if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
        raise WeChatError(40035)
    lines = [branch.get("head_content"), *(each.get("content") for each in listed), branch.get("tail_content")]
    return "\n".join(str(line) for line in lines if line)


CHECKS = {"music": _music, "news": _news, "mpnewsarticle": _article, "msgmenu": _menu}


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
