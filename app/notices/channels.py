"""A unit's alert channels: where its alarms go, e-mail or webhook."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select

from app.audit import services as audit
from app.db import atomic, db, release
from app.errors import Conflict, Invalid, NotFound
from app.notices import sending
from app.notices.models import AlertChannel
from app.sealing import closed
from app.units.access import Actor, unit_for, visible
from app.words import N_
from connectors.guard import is_no_trap

KINDS = {"email": "电子邮件", "webhook": "网络回调"}
TOPICS = {"alarm": N_("告警"), "publication": N_("发布状态变化")}
_EMAIL = re.compile(r"^[^@\s,;]+@[^@\s,;]+$")


def channels_of(actor: Actor) -> list[AlertChannel]:
    """Those of the units whose settings this actor manages."""
    query = select(AlertChannel).where(visible(actor, "unit.manage", AlertChannel.unit_id)).order_by(AlertChannel.id)
    return list(db.session.scalars(query))


def add_channel(
    actor: Actor, *, unit_id: str, kind: str, target: str, topics: Sequence[str] = ("alarm",), now: datetime
) -> AlertChannel:
    """Raises Invalid naming the field. A webhook gets a key that signs what is sent to it: key_of(), shown once."""
    target = target.strip()
    check_target(kind, target)
    chosen = [topic for topic in TOPICS if topic in topics and (kind == "webhook" or topic == "alarm")]
    if not chosen:
        raise Invalid(
            "没有添加。没有选择要通知的内容，或电子邮件不支持所选内容。请至少选择一项。",
            errors={"topics": ["请至少选择一项；电子邮件只支持告警。"]},
        )
    with atomic():
        unit = unit_for(actor, "unit.manage", unit_id)
        channel = AlertChannel(
            unit_id=unit.id,
            kind=kind,
            target={"to": target},
            secret={"key": secrets.token_urlsafe(32)} if kind == "webhook" else None,
            topics=chosen,
            active=True,
            created_at=now,
        )
        db.session.add(channel)
        db.session.flush()
        _audit(actor, channel, "alerts.add", f"添加告警渠道：{KINDS[kind]}", now)
    return channel


def remove_channel(actor: Actor, channel_id: str, *, now: datetime) -> None:
    with atomic():
        channel = _own(actor, channel_id)
        _audit(actor, channel, "alerts.remove", f"删除告警渠道：{KINDS[channel.kind]}", now)
        db.session.delete(channel)


def test_channel(actor: Actor, channel_id: str, *, now: datetime) -> str:
    """Send a test alert at once; "" when it arrived, else in Chinese why not."""
    channel = _own(actor, channel_id)
    kind, target, key = channel.kind, channel.target["to"], key_of(channel)
    message = sending.Message(
        event_id=f"test-{channel.id}-{int(now.timestamp())}",
        kind="test",
        title="测试告警",
        body="这是一条测试告警。收到它说明该渠道可用，无须处理。",
        path="/settings/alerts",
        at=now,
    )
    release()
    fault = sending.send(kind, target, message, key=key)
    with atomic():
        channel = _own(actor, channel_id)
        _audit(actor, channel, "alerts.test", f"发送测试告警：{fault or '成功'}", now)
    return fault


def renew_key(actor: Actor, channel_id: str, *, now: datetime) -> AlertChannel:
    """Another key from now on; the old one signs nothing any more. Raises NotFound, Conflict for e-mail."""
    with atomic():
        channel = _own(actor, channel_id)
        if channel.kind != "webhook":
            raise Conflict("没有更换。电子邮件没有签名密钥。请选择一个网络回调。")
        channel.secret = {"key": secrets.token_urlsafe(32)}
        _audit(actor, channel, "alerts.renew_key", "更换网络回调的签名密钥", now)
    return channel


def key_of(channel: AlertChannel) -> str:
    """What signs the messages to a webhook; "" for e-mail and for webhooks older than signatures."""
    return (channel.secret or {}).get("key", "")


# pytest must not take this order for a test.
test_channel.__test__ = False  # type: ignore[attr-defined]


def shown(channel: AlertChannel) -> str:
    """The target as it may be shown: a webhook's address is a secret, only its host is."""
    if closed(channel.target):
        return N_("地址打不开")
    target = channel.target["to"]
    return (
        target if channel.kind == "email" else f"{urlsplit(target).scheme}://{urlsplit(target).netloc.split('@')[-1]}/…"
    )


def check_target(kind: str, target: str) -> None:
    if kind not in KINDS:
        raise Invalid("告警方式不对。只能是电子邮件或网络回调。请重新选择。", errors={"kind": ["请重新选择。"]})
    if kind == "email" and not _EMAIL.match(target):
        raise Invalid(
            "邮箱格式不对。告警会送不到。请填写完整的邮箱地址。", errors={"target": ["请填写完整的邮箱地址。"]}
        )
    if kind == "webhook" and not _is_safe_url(target):
        words = "应是 http:// 或 https:// 开头、本系统可以访问的网址。"
        raise Invalid(f"回调地址不对。{words}请核对后重新填写。", errors={"target": [words]})


def _is_safe_url(target: str) -> bool:
    """http(s) with a host, and not the machine's metadata services. Intranet gateways are allowed on purpose."""
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return True
    return is_no_trap(address)


def _own(actor: Actor, channel_id: str) -> AlertChannel:
    channel = db.session.get(AlertChannel, channel_id)
    if channel is None:
        raise NotFound
    unit_for(actor, "unit.manage", channel.unit_id)
    return channel


def _audit(actor: Actor, channel: AlertChannel, action: str, summary: str, now: datetime) -> None:
    audit.record(
        actor,
        action,
        now=now,
        object_type="alert_channel",
        object_id=channel.id,
        unit_id=channel.unit_id,
        summary=summary,
    )
