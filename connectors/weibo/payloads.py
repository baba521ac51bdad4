"""What Weibo's objects mean: statuses, comments, users. Unknown keys are ignored, missing ones accepted."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors import text as words
from connectors.values import InboundMessage, Receipt
from connectors.weibo.ids import created_second, id_of, mid_of, status_url
from connectors.weibo.times import created_at

_HIDDEN = {1: "仅自己可见", 3: "仅部分人可见", 4: "仅密友可见"}
_STUBS = ("抱歉，此微博已被", "抱歉，由于", "根据博主设置", "抱歉，作者已设置", "作者已设置", "该账号因")
_BLANKS = re.compile(r"\s+")
# How much of a long status a list shows for certain.
_SHOWN = 100


def receipt_of(status: Mapping[str, Any], uid: str) -> Receipt:
    """The receipt of a status object; external_id "" when it has no id, and so is no status."""
    status_id, mid = id_of(status), mid_of(status)
    return Receipt(
        external_id=status_id,
        # The official sample rounds `id` beside a right `mid`: addresses are made of the mid.
        url=status_url(uid or author_of(status)[0], mid),
        live=bool(status_id) and not why_hidden(status),
        published_at=created_at(status) or created_second(status_id),
        details={"mid": mid} if mid else {},
    )


def author_of(item: Mapping[str, Any]) -> tuple[str, str]:
    """(uid, screen name) of the author; ("", "") for deleted and hidden ones, which come without a user."""
    user = item.get("user")
    if not isinstance(user, dict):
        return "", ""
    return id_of(user), str(user.get("screen_name") or user.get("name") or "")


def plain_text(item: Mapping[str, Any]) -> str:
    """The text, its entities undone once; long statuses have their whole text elsewhere."""
    long_text = item.get("longText")
    text = long_text.get("longTextContent") if isinstance(long_text, dict) else None
    return html.unescape(str(text or item.get("text") or ""))


def is_deleted(item: Mapping[str, Any]) -> bool:
    """A deleted status is a stub without a user whose `deleted` is the text "1"."""
    return str(item.get("deleted") or "0").lower() not in ("0", "false")


def why_hidden(status: Mapping[str, Any]) -> str:
    """Why the public does not see this status (Chinese), "" when it does."""
    text = str(status.get("text") or "")
    if is_deleted(status) or ("user" not in status and text.startswith(_STUBS)):
        return f"微博已不可见：{text or '已被删除'}"
    visible = status.get("visible")
    try:
        kind = int(visible.get("type") or 0) if isinstance(visible, dict) else 0
    except (TypeError, ValueError):
        kind = 0
    return f"微博当前{_HIDDEN.get(kind, '不公开')}（可能被平台审核后隐藏）。" if kind else ""


def same_text(status: Mapping[str, Any], ours: str) -> bool:
    """Whether a status says what we sent, links and blanks aside (Weibo shortens links to t.cn)."""
    theirs, ours = _bare(plain_text(status)), _bare(ours)
    if status.get("isLongText") and len(ours) > _SHOWN:
        return theirs[:_SHOWN] == ours[:_SHOWN]
    return ours != "" and theirs == ours


def _bare(text: str) -> str:
    return _BLANKS.sub("", words.URL.sub("", text))


def comment_message(comment: Mapping[str, Any], own_uid: str) -> InboundMessage | None:
    """A comment as a message; None for our own and for those of nobody or without time."""
    comment_id, sent_at = id_of(comment), created_at(comment)
    sender_id, sender_name = author_of(comment)
    status = comment.get("status")
    status = status if isinstance(status, dict) else {}
    status_id = id_of(status)
    if not comment_id or sent_at is None or not sender_id or sender_id == own_uid:
        return None
    parent = comment.get("reply_comment")
    parent_id = id_of(parent) if isinstance(parent, dict) else ""
    return InboundMessage(
        external_id=f"comment:{comment_id}",
        kind="comment",
        thread=f"{sender_id}:{status_id}",
        sender_id=sender_id,
        sender_name=sender_name,
        text=plain_text(comment),
        sent_at=sent_at,
        post_external_id=status_id,
        post_text=plain_text(status),
        in_reply_to=f"comment:{parent_id}" if parent_id else "",
        target={"kind": "comment", "cid": comment_id, "id": status_id},
    )


def mention_message(status: Mapping[str, Any], own_uid: str) -> InboundMessage | None:
    """A status that mentions the account; answered by a comment on it."""
    status_id, sent_at = id_of(status), created_at(status)
    sender_id, sender_name = author_of(status)
    if not status_id or sent_at is None or not sender_id or sender_id == own_uid or why_hidden(status):
        return None
    return InboundMessage(
        external_id=f"mention:{status_id}",
        kind="mention",
        thread=f"{sender_id}:{status_id}",
        sender_id=sender_id,
        sender_name=sender_name,
        text=plain_text(status),
        sent_at=sent_at,
        post_external_id=status_id,
        target={"kind": "mention", "id": status_id},
    )


def naming_message(comment: Mapping[str, Any], own_uid: str) -> InboundMessage | None:
    """A comment under somebody else's status that names the account; those under our own come as comments anyway."""
    message = comment_message(comment, own_uid)
    status = comment.get("status")
    if message is None or (isinstance(status, dict) and author_of(status)[0] == own_uid):
        return None
    return replace(message, kind="mention")
