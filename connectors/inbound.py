"""Values about what comes in: messages of the public with their files, what callbacks tell.

Import them from connectors.values, where they stand beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

MessageKind = Literal["comment", "mention", "private", "article_comment"]


@dataclass(frozen=True, kw_only=True)
class InboundMedia:
    """A picture, voice, video … of a message: what the platform gave to fetch it by."""

    kind: str
    url: str = ""
    media_id: str = ""


@dataclass(frozen=True, kw_only=True)
class MediaFile:
    """The bytes of a picture, voice or video that a member of the public sent, as the platform gave them.

    `content_type` is the platform's word, which nobody may rely on; `name` the file's name where it is told.
    """

    content: bytes = field(repr=False)
    content_type: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class InboundMessage:
    """One message of a member of the public.

    `external_id` is unique within the account (DESIGN §7). `thread` is the key of the conversation it belongs to:
    the person for private messages, person and post for comments. `target` is what reply() needs.
    `post_external_id` is the receipt's external_id (or msg_data_id) of the post commented on.
    """

    external_id: str
    kind: MessageKind
    thread: str
    sender_id: str
    sender_name: str = ""
    text: str = ""
    sent_at: datetime
    post_external_id: str = ""
    post_text: str = ""
    in_reply_to: str = ""
    media: tuple[InboundMedia, ...] = ()
    target: Mapping[str, str] = field(default_factory=dict)
    # True when the platform shows an answer of ours already (WeChat: one reply per comment).
    answered: bool = False
    # True for a comment that the account picked out (WeChat: 精选); None where the platform has no such thing.
    elected: bool | None = None


@dataclass(frozen=True, kw_only=True)
class AccountEvent:
    """Anything else a callback tells: subscribe, unsubscribe, menu click, revocation, expired verification."""

    external_id: str
    kind: str
    sender_id: str = ""
    key: str = ""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One HTTP request of a platform to us: method, query parameters, raw body."""

    method: str
    query: Mapping[str, str]
    body: bytes = b""
