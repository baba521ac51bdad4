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
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from connectors.simulator import citizens, envelope, faults, marks, passive
from connectors.simulator.accounts import Account
from connectors.simulator.state import Doc, State

TIMEOUT = 5.0
TRIES = 3
UNREACHABLE = "该公众号暂时无法提供服务，请稍后再试"


@dataclass
class Delivery:
    delivered: bool = False
    attempts: int = 0
    status: int = 0
    answer: str = ""
    error: str = ""
    reply: str = ""  # what the citizen got to read at once
    reply_problem: str = ""  # why an answer was none

    def public(self) -> Doc:
        return asdict(self)


def deliver(state: State, account: Account, fields: Mapping[str, Any], citizen: str = "") -> Delivery:
    """Push one message or event. What the callback answers to a citizen is kept as what the citizen reads."""
    url = account.get("callback_url", "")
    if not url:
        return Delivery(error="no callback_url")
    if marks.drops(state, account):
        return _noted(state, account, fields, Delivery(error="dropped: MarkFail, too many failures before"))
    if faults.take(state, ("callback_lost",), account.platform, account.external_id, url):
        return _noted(state, account, fields, Delivery(error="lost by a fault"))
    thrice = faults.take(state, ("callback_thrice",), account.platform, account.external_id, url) is not None
    began, delivery = time.monotonic(), Delivery()
    while delivery.attempts < TRIES and (thrice or not delivery.delivered):
        _try(delivery, account, url, fields, citizen)
    marks.count(state, account, delivery.delivered, round((time.monotonic() - began) * 1000))
    if citizen:
        _heard(state, account, citizen, delivery)
    return _noted(state, account, fields, delivery)


def _heard(state: State, account: Account, citizen: str, delivery: Delivery) -> None:
    """What the citizen reads at once: the passive reply, or that nobody is there."""
    if delivery.delivered:
        delivery.reply, delivery.reply_problem = passive.read(account, citizen, delivery.answer)
    elif account.platform == "wechat":
        delivery.reply = UNREACHABLE
    if delivery.reply:
        by_platform = not delivery.delivered or bool(delivery.reply_problem)
        citizens.say(state, account, citizen, "out", delivery.reply, passive=True, by_platform=by_platform)


def _noted(state: State, account: Account, fields: Mapping[str, Any], delivery: Delivery) -> Delivery:
    """Write the push down for the page of drills and for ``GET /_sim/pushes``."""
    kind = str(fields.get("Event") or fields.get("MsgType") or fields.get("type", ""))
    told = {name: value for name, value in delivery.public().items() if name != "answer"}
    number = str(state.add("", "push", "ever"))
    shown = {"platform": account.platform, "external_id": account.external_id, "kind": kind}
    state.put("push", account.owner, number, told | shown)
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
