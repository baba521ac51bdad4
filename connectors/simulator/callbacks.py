"""Pushing to an account's callback URL: five seconds a try, three tries in all, and what the answer says.

A platform's server follows no redirects and trusts no proxy settings of this machine.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from connectors.simulator import citizens, envelope, faults
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State

TIMEOUT = 5.0
TRIES = 3


@dataclass
class Delivery:
    delivered: bool = False
    attempts: int = 0
    status: int = 0
    answer: str = ""
    error: str = ""
    problems: list[str] = field(default_factory=list)

    def public(self) -> Doc:
        shown = {"delivered": self.delivered, "attempts": self.attempts, "answer": self.answer, "status": self.status}
        return shown | {"error": self.error}


def deliver(state: State, account: Account, fields: Mapping[str, Any], citizen: str = "") -> Delivery:
    """Push one message or event. What the callback answers to a citizen is kept as what the citizen reads."""
    url = account.get("callback_url", "")
    if not url:
        return Delivery(error="no callback_url")
    if faults.take(state, ("callback_lost",), account.platform, account.external_id, url):
        return Delivery(error="lost by a fault")
    tries = TRIES
    thrice = faults.take(state, ("callback_thrice",), account.platform, account.external_id, url) is not None
    delivery = Delivery()
    while delivery.attempts < tries and (thrice or not delivery.delivered):
        _try(delivery, account, url, fields, citizen)
    if delivery.delivered and citizen:
        text = read_answer(account, delivery.answer)
        if text:
            citizens.say(state, account, citizen, "out", text, passive=True)
    return delivery


def deliver_later(state: State, account: Account, fields: Mapping[str, Any]) -> None:
    """An event nobody waits for: pushed from a thread of its own."""
    threading.Thread(target=deliver, args=(state, account, dict(fields)), daemon=True).start()


def _try(delivery: Delivery, account: Account, url: str, fields: Mapping[str, Any], citizen: str) -> None:
    delivery.attempts += 1
    seal = _wechat if account.platform == "wechat" else _weibo
    query, content_type, body = seal(account, fields, citizen)
    try:
        delivery.status, answer = post(url, query, body, content_type)
    except (OSError, http.client.HTTPException) as error:
        delivery.error = f"{type(error).__name__}: {error}"
        return
    delivery.answer = answer.decode("utf-8", "replace")
    delivery.delivered = delivery.status == 200
    delivery.error = "" if delivery.delivered else f"HTTP {delivery.status}"


def _wechat(account: Account, fields: Mapping[str, Any], citizen: str) -> tuple[dict[str, str], str, bytes]:
    mode = account.get("callback_mode", "safe")
    token, app_id = account.settings["token"], account.settings["app_id"]
    stamp, nonce = str(int(time.time())), str(random.randrange(10**8, 10**10))
    query = {"signature": envelope.signature(token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
    if citizen:
        query["openid"] = citizen
    sent = dict(fields)
    if mode != "plain":
        sealed = envelope.encrypt(envelope.xml(fields), account.settings["encoding_aes_key"], app_id)
        query |= {"encrypt_type": "aes", "msg_signature": envelope.signature(token, stamp, nonce, sealed)}
        kept = fields if mode == "compatible" else {"ToUserName": fields["ToUserName"]}
        sent = {**kept, "Encrypt": sealed}
    return query, "text/xml", envelope.xml(sent).encode()


def _weibo(account: Account, fields: Mapping[str, Any], citizen: str) -> tuple[dict[str, str], str, bytes]:
    stamp, nonce = str(int(time.time() * 1000)), str(random.randrange(10**7, 10**9))
    signed = envelope.signature(account.settings["app_secret"], stamp, nonce)
    query = {"signature": signed, "timestamp": stamp, "nonce": nonce}
    if account.get("push_format") == "xml":
        return query, "text/xml", envelope.xml(fields).encode()
    return query, "application/json", json.dumps(fields, ensure_ascii=False).encode()


def verify(state: State, account: Account) -> Doc:
    """The platforms' own check of a callback URL: GET with an echostr that must come back as it is."""
    url, echo = account.get("callback_url", ""), str(random.randrange(10**18))
    if not url:
        return {"ok": False, "error": "no callback_url"}
    secret = account.settings["token" if account.platform == "wechat" else "app_secret"]
    # WeChat counts seconds here, Weibo milliseconds.
    seconds, nonce = time.time(), str(random.randrange(10**8, 10**10))
    stamp = str(int(seconds if account.platform == "wechat" else seconds * 1000))
    signed = envelope.signature(secret, stamp, nonce)
    query = {"signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": echo}
    try:
        status, answer = post(url, query, None, "")
    except (OSError, http.client.HTTPException) as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}
    return {"ok": status == 200 and answer.decode("utf-8", "replace") == echo, "status": status}


def tell_revoked(state: State, account: Account) -> Doc:
    """The account's owner takes the authorisation back: every token dies, and 取消授权回调页 is called as a hint.

    How ``verification`` is computed is not documented, so it is noise here.
    """
    with state.transaction():
        for token in state.all("token", "weibo"):
            if token["external_id"] == account.external_id:
                state.change("token", "weibo", token["key"], revoked=True)
    url = account.get("revoke_url", "")
    if not url:
        return {"told": False}
    noise = f"{random.getrandbits(128):032x}"
    query = {"source": account.settings["app_key"], "uid": account.external_id, "auth_end": str(int(state.now()))}
    try:
        status, _ = post(url, {**query, "verification": noise}, None, "")
    except (OSError, http.client.HTTPException) as error:
        return {"told": False, "error": f"{type(error).__name__}: {error}"}
    return {"told": status == 200, "status": status}


def post(url: str, query: Mapping[str, str], body: bytes | None, content_type: str) -> tuple[int, bytes]:
    """One request over a fresh connection; GET when there is no body. Raises OSError or HTTPException."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    maker = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = maker(parts.hostname or "", parts.port, timeout=TIMEOUT)
    target = f"{parts.path or '/'}?{'&'.join(filter(None, (parts.query, urlencode(query))))}"
    headers = {"Content-Type": content_type, "User-Agent": "Mozilla/4.0"} if body is not None else {}
    try:
        connection.request("GET" if body is None else "POST", target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def read_answer(account: Account, answer: str) -> str:
    """The text that the citizen gets to read from a passive reply; empty for an acknowledgement."""
    if answer.strip() in ("", "success"):
        return ""
    try:
        return _read_wechat(account, answer) if account.platform == "wechat" else _read_weibo(answer)
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        return "该公众号提供的服务出现故障，请稍后再试" if account.platform == "wechat" else ""


def _read_wechat(account: Account, answer: str) -> str:
    fields = envelope.read_fields(answer)
    if "Encrypt" in fields:
        expected = envelope.signature(
            account.settings["token"], fields["TimeStamp"], fields["Nonce"], fields["Encrypt"]
        )
        if expected != fields["MsgSignature"]:
            raise ValueError("bad MsgSignature")
        opened = envelope.decrypt(fields["Encrypt"], account.settings["encoding_aes_key"], account.settings["app_id"])
        fields = envelope.read_fields(opened)
    elif account.get("callback_mode", "safe") == "safe":
        raise ValueError("a plain answer in safe mode")
    return fields["Content"] if fields["MsgType"] == "text" else f"[{fields['MsgType']}]"


def _read_weibo(answer: str) -> str:
    read = json.loads(answer)
    if read.get("result") is not True:
        return ""
    data = json.loads(unquote(read["data"]))
    return str(data["text"]) if read["type"] == "text" else f"[{read['type']}]"
