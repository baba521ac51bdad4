"""Passive replies: what a callback answered within the five seconds, read as strictly as the platform reads it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from connectors.simulator import envelope
from connectors.simulator.accounts import Account
from connectors.simulator.weibo.text import half_units

BROKEN = "该公众号提供的服务出现故障，请稍后再试"
WECHAT_KINDS = ("text", "image", "voice", "video", "music", "news", "transfer_customer_service")
WEIBO_KINDS = ("text", "articles", "position")
LONGEST, MOST_ARTICLES = 600, 8  # half-width units: 300 汉字
LONGEST_WECHAT = 2048  # bytes; undocumented, as for customer-service messages


class Unreadable(ValueError):
    """Not an answer; the message says why."""


def read(account: Account, citizen: str, answer: str) -> tuple[str, str]:
    """What the citizen reads, and why nothing or a fault's text is shown; both empty for an acknowledgement."""
    if answer.strip() in ("", "success"):
        return "", ""
    try:
        return (_wechat if account.platform == "wechat" else _weibo)(account, citizen, answer), ""
    except (ValueError, KeyError, TypeError) as error:
        return BROKEN if account.platform == "wechat" else "", f"{type(error).__name__}: {error}"


def _wechat(account: Account, citizen: str, answer: str) -> str:
    """In safe mode sealed and signed; in every mode from this account to this person."""
    fields = envelope.read_fields(answer)
    if "Encrypt" in fields:
        parts = (account.settings["token"], fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
        if envelope.signature(*parts) != fields["MsgSignature"]:
            raise Unreadable("MsgSignature does not match")
        opened = envelope.decrypt(fields["Encrypt"], account.settings["encoding_aes_key"], account.settings["app_id"])
        fields = envelope.read_fields(opened)
    elif account.get("callback_mode", "safe") == "safe":
        raise Unreadable("a plain answer in safe mode")
    _between(account, citizen, fields["FromUserName"], fields["ToUserName"])
    if not fields["CreateTime"].isdigit() or fields["MsgType"] not in WECHAT_KINDS:
        raise Unreadable("CreateTime or MsgType is wrong")
    if fields["MsgType"] != "text":
        return f"[{fields['MsgType']}]"
    if not 0 < len(fields["Content"].encode()) <= LONGEST_WECHAT:
        raise Unreadable("Content is empty or too long")
    return fields["Content"]


def _weibo(account: Account, citizen: str, answer: str) -> str:
    """JSON whose data is URL-encoded JSON; an account in XML mode may answer in the same form."""
    if account.get("push_format") == "xml" and answer.lstrip().startswith("<"):
        fields = envelope.read_fields(answer)
        _between(account, citizen, fields["FromUserName"], fields["ToUserName"])
        return _words(fields["MsgType"], {"text": fields.get("Content", "")})
    read_as = json.loads(answer)
    if not isinstance(read_as, dict) or read_as.get("result") is not True:
        raise Unreadable("result is not true")
    _between(account, citizen, str(read_as["sender_id"]), str(read_as["receiver_id"]))
    return _words(read_as["type"], json.loads(unquote(read_as["data"])))


def _between(account: Account, citizen: str, sender: str, receiver: str) -> None:
    if (sender, receiver) != (account.external_id, citizen):
        raise Unreadable("sender and receiver are not swapped against the push")


def _words(kind: str, data: Any) -> str:
    if kind not in WEIBO_KINDS:
        raise Unreadable(f"unknown type {kind}")
    if kind == "text":
        if not data["text"] or half_units(data["text"]) > LONGEST:
            raise Unreadable("text is empty or longer than 300 characters")
        return str(data["text"])
    if kind == "articles" and not 1 <= len(data["articles"]) <= MOST_ARTICLES:
        raise Unreadable("one to eight articles")
    return f"[{kind}]"
