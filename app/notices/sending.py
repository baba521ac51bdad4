"""Sending one message by e-mail or webhook. Network only, no database."""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from app.config import current
from app.db import utcnow
from connectors.errors import ConnectorError, Refused
from connectors.guard import is_no_trap
from connectors.http import Http, new_session

TIMEOUT = 10


@dataclass(frozen=True, kw_only=True)
class Message:
    """`event_id` is the same on every try; `path` leads into the console. `text`: the whole of a mail, where it is no alarm."""

    event_id: str
    kind: str
    title: str
    body: str
    path: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


def send(kind: str, target: str, message: Message, *, key: str = "") -> str:
    """ "" when it was taken, else in Chinese why not (without secrets). `key` signs what goes to a webhook."""
    return _mail(target, message) if kind == "email" else _post(target, message, key)


def signature(key: str, stamp: int, body: bytes) -> str:
    """HMAC-SHA256 (hex) over "{stamp}.{body}": whoever knows the key sees that it is ours, unchanged and fresh."""
    return hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def _post(url: str, message: Message, key: str) -> str:
    config = current()
    body = {
        "event_id": message.event_id,
        "kind": message.kind,
        "title": message.title,
        "body": message.body,
        "url": f"{config.public_url}{message.path}",
        "at": message.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        **({"facts": dict(message.facts)} if message.facts else {}),
    }
    raw, stamp = json.dumps(body, ensure_ascii=False).encode(), int(utcnow().timestamp())
    headers = {"Content-Type": "application/json", "X-Tandem-Event": message.event_id}
    if key:
        headers["X-Tandem-Signature"] = f"t={stamp},v1={signature(key, stamp, raw)}"
    try:
        http = Http(base_url=None, clock=utcnow, session=new_session(1, allows=is_no_trap))
        answer = http.call("POST", url, write=True, raw_body=raw, headers=headers, timeout=TIMEOUT)
    except Refused:
        return "没有送出。这个地址指向不允许访问的机器（如云主机的元数据服务）。请系统管理员核对该地址。"
    except ConnectorError:
        return "对方没有答复。地址连接不上，或没有及时应答。请系统管理员核对该地址。"
    return "" if 200 <= answer.status < 300 else f"对方答复 HTTP {answer.status}。"


def _mail(to: str, message: Message) -> str:
    config = current()
    if not config.smtp_url:
        return "没有配置发信服务器（TANDEM_SMTP_URL）。请系统管理员设置。"
    parts = urlsplit(config.smtp_url)
    options = parse_qs(parts.query)
    host, user = parts.hostname or "localhost", unquote(parts.username or "")
    mail = EmailMessage()
    mail["Subject"] = f"[Tandem] {message.title}".replace("\n", " ").replace("\r", " ")
    mail["From"] = options.get("from", [user if "@" in user else f"tandem@{host}"])[0]
    mail["To"] = to
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = make_msgid(idstring=message.event_id, domain="tandem")
    mail.set_content(message.text or f"{message.body}\n\n{config.public_url}{message.path}\n")
    try:
        with _server(parts.scheme, host, parts.port) as server:
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if user:
                server.login(user, unquote(parts.password or ""))
            server.send_message(mail)
    except smtplib.SMTPAuthenticationError:
        return "邮件没有送出。发信服务器不认用户名或密码。请系统管理员核对 TANDEM_SMTP_URL。"
    except smtplib.SMTPRecipientsRefused:
        return "邮件没有送出。发信服务器不收这个收件地址。请核对收件地址。"
    except (OSError, smtplib.SMTPException):
        return "邮件没有送出。发信服务器连接不上或没有接受。请系统管理员核对 TANDEM_SMTP_URL。"
    return ""


def _server(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT)
    server.ehlo()
    return server
