"""What a verified push means: a message of a citizen, the end of a publication, or something about the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from connectors.values import AccountEvent, Finding, Found, InboundMedia, InboundMessage, PublishResult, Rejected
from connectors.wechat import payloads
from connectors.wechat.clocks import from_epoch
from connectors.wechat.reprint import reprint_words

# The second is how an older page of the documentation spelled it.
_PUBLISHED = ("publishjobfinish", "freepublishjobfinish")
_MASS_SENT = "masssendjobfinish"
_KEYS = ("EventKey", "ExpiredTime", "FailReason")


def read(message: Mapping[str, object]) -> list[InboundMessage | PublishResult | AccountEvent]:
    """Raises ValueError when a field that every push has is missing."""
    kind = _field(message, "MsgType").lower()
    sender = _field(message, "FromUserName")
    at = from_epoch(_field(message, "CreateTime"))
    if kind != "event":
        return [_message(message, kind, sender, at)]
    # The case of event names varies.
    event = _field(message, "Event").lower()
    if event in _PUBLISHED:
        return [_publication(message, at)]
    if event == _MASS_SENT:
        msg_id = payloads.text_of(message.get("MsgID") or message.get("MsgId"))
        if not msg_id:
            raise ValueError("MASSSENDJOBFINISH without MsgID")
        return [PublishResult(ref_name="msg_id", ref=msg_id, finding=_mass(message, at))]
    return [_account_event(message, event, sender, at)]


def _field(message: Mapping[str, object], name: str) -> str:
    value = payloads.text_of(message.get(name)).strip()
    if not value:
        raise ValueError(f"a push without {name}")
    return value


def _message(message: Mapping[str, object], kind: str, sender: str, at: datetime) -> InboundMessage:
    return InboundMessage(
        external_id=f"msg:{_field(message, 'MsgId')}",
        kind="private",
        thread=sender,
        sender_id=sender,
        text=_text(message, kind),
        sent_at=at,
        # Written from an article's page: MsgDataId names it.
        post_external_id=payloads.text_of(message.get("MsgDataId")),
        media=_media(message, kind),
        target={"kind": "private", "openid": sender},
    )


def _text(message: Mapping[str, object], kind: str) -> str:
    def part(name: str) -> str:
        return payloads.text_of(message.get(name))

    if kind == "text":
        return part("Content")
    if kind == "location":
        return f"[位置] {part('Label')}（{part('Location_X')}，{part('Location_Y')}）"
    if kind == "link":
        return "\n".join(line for line in (f"[链接] {part('Title')}", part("Description"), part("Url")) if line)
    names = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "shortvideo": "[小视频]"}
    return f"{names.get(kind, f'[暂不支持的消息类型：{kind}]')}{part('Recognition')}"


def _media(message: Mapping[str, object], kind: str) -> tuple[InboundMedia, ...]:
    """MediaIds of inbound media die after three days: to be fetched at once."""
    media_id = payloads.text_of(message.get("MediaId"))
    if kind not in ("image", "voice", "video", "shortvideo") or not media_id:
        return ()
    return (InboundMedia(kind=kind, url=payloads.text_of(message.get("PicUrl")), media_id=media_id),)


def _publication(message: Mapping[str, object], at: datetime) -> PublishResult:
    info = message.get("PublishEventInfo")
    if not isinstance(info, Mapping) or not payloads.text_of(info.get("publish_id")):
        raise ValueError("PUBLISHJOBFINISH without publish_id")
    return PublishResult(
        ref_name="publish_id",
        ref=payloads.text_of(info.get("publish_id")),
        finding=payloads.publish_finding(info, published_at=at),
    )


def _mass(message: Mapping[str, object], at: datetime) -> Finding:
    """How the job ended, with what the check for reprints said and how many people WeChat says it reached."""
    finding = payloads.mass_finding(message, at)
    words = reprint_words(message)
    if isinstance(finding, Found):
        told = {"reprint": words, "sent_to": payloads.number_of(message.get("SentCount"))}
        details = {**finding.receipt.details, **{name: value for name, value in told.items() if value}}
        return Found(receipt=replace(finding.receipt, details=details))
    if isinstance(finding, Rejected) and words:
        return replace(finding, cause=f"{finding.cause}{words}")
    return finding


def _account_event(message: Mapping[str, object], event: str, sender: str, at: datetime) -> AccountEvent:
    """Events have no MsgId: sender, time, event and key make one. wechatpy renames scan-subscriptions: undone here."""
    name = "subscribe" if event in ("subscribe_scan", "subscribe_scan_product") else event
    # The events about the account's verification have no EventKey, but say until when or why not.
    key = next((told for name in _KEYS if (told := payloads.text_of(message.get(name)))), "")
    stamp = int(at.timestamp())
    return AccountEvent(external_id=f"ev:{sender}:{stamp}:{name}:{key}", kind=name, sender_id=sender, key=key, at=at)
