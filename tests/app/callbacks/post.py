"""Callbacks signed as the platforms sign them."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from wechatpy.crypto import WeChatCrypto

from tests.app.accounts.kit import GH, UID, WECHAT, WEIBO


@dataclass(frozen=True, kw_only=True)
class Letter:
    """The query and body of one push."""

    query: dict[str, str]
    body: bytes

    @property
    def tail(self) -> str:
        return "?" + urlencode(self.query)


def signed(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def wechat_xml(text: str = "请问几点开门", msg_id: str = "23452384575345", openid: str = "oCitizen1") -> str:
    return (
        f"<xml><ToUserName>{GH}</ToUserName><FromUserName>{openid}</FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType>text</MsgType>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>{msg_id}</MsgId></xml>"
    )


def wechat(xml: str = "", **query: str) -> Letter:
    """In safe mode: encrypted, signed over the ciphertext."""
    stamp, nonce = str(int(time.time())), secrets.token_hex(5)
    crypto = WeChatCrypto(WECHAT["token"], WECHAT["encoding_aes_key"], WECHAT["app_id"])
    sealed = crypto.encrypt_message(xml or wechat_xml(), nonce, stamp)
    cipher = sealed.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    given = {
        "signature": signed(WECHAT["token"], stamp, nonce),
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": signed(WECHAT["token"], stamp, nonce, cipher),
    }
    body = f"<xml><ToUserName>{GH}</ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode()
    return Letter(query={**given, **query}, body=body)


def weibo_body(text: str = "请问几点开门", **more: Any) -> bytes:
    push = {
        "type": "text",
        "receiver_id": int(UID),
        "sender_id": 2488518855,
        "created_at": datetime.now(UTC).strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "text": text,
        "data": {},
    }
    return json.dumps({**push, **more}, ensure_ascii=False).encode()


def weibo(body: bytes | None = None, **query: str) -> Letter:
    stamp, nonce = str(int(time.time() * 1000)), str(secrets.randbelow(10**8))
    given = {"signature": signed(WEIBO["app_secret"], stamp, nonce), "timestamp": stamp, "nonce": nonce}
    return Letter(query={**given, **query}, body=weibo_body() if body is None else body)
