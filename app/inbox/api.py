"""/api/v1/conversations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from app.db import utcnow
from app.errors import Invalid
from app.inbox import media, services
from app.inbox.filekinds import extension_of
from app.inbox.models import Conversation, HeldReply, Message, MessageMedia
from app.inbox.schemas import (
    AssignmentIn,
    ConversationOut,
    ConversationPage,
    ConversationQuery,
    HeldOut,
    MessagePage,
    ReplyIn,
    StatusIn,
)
from app.inbox.windows import Window
from app.schemas import PageQuery
from app.units.permissions import current_actor, requires

blp = Blueprint("conversations_api", __name__, url_prefix="/api/v1", description="收件箱：会话、消息、回复")


@blp.get("/conversations")
@requires("inbox.read")
@blp.arguments(ConversationQuery, location="query")
@blp.response(200, ConversationPage)
def list_conversations(query: dict[str, Any]) -> dict[str, Any]:
    """会话列表，最近有消息的在前。"""
    now = utcnow()
    wanted = services.Filter(
        status=query["status"], account_id=query["account_id"], assignee=query["assignee"], q=query["q"]
    )
    page = services.conversations_of(current_actor(), wanted, cursor=query["cursor"], limit=query["limit"])
    windows = services.windows_of(page.items, now)
    return {
        "items": [conversation_json(item, windows[item.id]) for item in page.items],
        "next_cursor": page.next_cursor,
    }


@blp.get("/conversations/<conversation_id>")
@requires("inbox.read")
@blp.response(200, ConversationOut)
def get_conversation(conversation_id: str) -> dict[str, Any]:
    """一个会话。"""
    return _json(services.get_conversation(current_actor(), conversation_id))


@blp.get("/conversations/<conversation_id>/messages")
@requires("inbox.read")
@blp.arguments(PageQuery, location="query")
@blp.response(200, MessagePage)
def list_messages(query: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """一个会话的来往消息，先后为序。"""
    page = services.messages_of(current_actor(), conversation_id, cursor=query["cursor"], limit=query["limit"])
    files = media.media_of([item.id for item in page.items])
    return {
        "items": [message_json(item, files.get(item.id, ())) for item in page.items],
        "next_cursor": page.next_cursor,
    }


@blp.get("/message-media/<media_id>")
@requires("inbox.read")
@blp.response(200, content_type="application/octet-stream")
def get_media(media_id: str) -> Response:
    """对方发来的图片、语音或文件的内容。"""
    found = media.open_media(current_actor(), media_id)
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f"attachment; filename={found.id}.{extension_of(found.content_type)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found.content or b"", mimetype=found.content_type, headers=headers)


@blp.post("/conversations/<conversation_id>/replies")
@requires("inbox.reply")
@blp.arguments(ReplyIn)
@blp.response(202, HeldOut)
def create_reply(body: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """回复。存下后由调度进程发出；默认回复最近一条来信。时限已过或次数用完为 409。账号要求审核时状态为
    awaiting_approval，通过后才发出。"""
    message = services.reply(
        current_actor(), conversation_id, text=body["text"], in_reply_to=body["in_reply_to"], now=utcnow()
    )
    return held_json(message) if isinstance(message, HeldReply) else message_json(message)


@blp.put("/conversations/<conversation_id>/assignment")
@requires("inbox.read")
@blp.arguments(AssignmentIn)
@blp.response(200, ConversationOut)
def set_assignment(body: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """分派给成员（user_id），或转办给单位（unit_id）；user_id 为 null 表示取消分派。"""
    if "user_id" not in body and "unit_id" not in body:
        raise Invalid(
            "没有分派。缺少 user_id 或 unit_id。请填写其中一个。", errors={"user_id": ["与 unit_id 须填一个。"]}
        )
    conversation = services.assign(
        current_actor(),
        conversation_id,
        user_id=body.get("user_id"),
        unit_id=body.get("unit_id"),
        due_at=body["due_at"],
        note=body["note"],
        now=utcnow(),
    )
    return _json(conversation)


@blp.put("/conversations/<conversation_id>/status")
@requires("inbox.reply")
@blp.arguments(StatusIn)
@blp.response(200, ConversationOut)
def set_status(body: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """改变状态：open、pending、snoozed（须有 until）、resolved。"""
    conversation = services.set_status(
        current_actor(), conversation_id, body["status"], until=body["until"], now=utcnow()
    )
    return _json(conversation)


def _json(conversation: Conversation) -> dict[str, Any]:
    return conversation_json(conversation, services.window_of(conversation, utcnow()))


def conversation_json(conversation: Conversation, window: Window) -> dict[str, Any]:
    """A conversation as CONTRACT has it."""
    return {
        "id": conversation.id,
        "account_id": conversation.account_id,
        "platform": conversation.account.platform,
        "kind": conversation.kind,
        "contact": {"id": conversation.contact_id, "name": services.display_name(conversation.contact)},
        "post_id": conversation.post_id,
        "status": conversation.status,
        "assignee_id": conversation.assignee_id,
        "labels": conversation.labels,
        "due_at": conversation.due_at,
        "last_message_at": conversation.last_message_at,
        "window": {"closes_at": window.closes_at, "remaining": window.remaining},
    }


def _media_json(file: MessageMedia) -> dict[str, Any]:
    """`url` only once it is kept; `why` when it was lost, or is being waited for."""
    return {
        "id": file.id,
        "kind": file.kind,
        "status": file.status,
        "content_type": file.content_type,
        "size": file.size,
        "url": f"/api/v1/message-media/{file.id}" if file.status == "kept" else None,
        "why": file.why,
    }


def message_json(message: Message, files: Sequence[MessageMedia] = ()) -> dict[str, Any]:
    """A message with its `files`; `status` for outbound ones, `error` when there is one."""
    found: dict[str, Any] = {
        "id": message.id,
        "direction": message.direction,
        "external_id": message.external_id,
        "text": message.text,
        "media": [_media_json(file) for file in files],
        "sent_at": message.sent_at,
        "in_reply_to": message.in_reply_to,
    }
    if message.status is not None:
        found["status"] = message.status
    if message.error_cause:
        found["error"] = {
            "code": message.error_code,
            "cause": message.error_cause,
            "remedy": message.error_remedy,
            "who": message.error_who,
        }
    return found


def held_json(held: HeldReply) -> dict[str, Any]:
    """An answer that waits for approval, as the message that it may become; `message_id`: that message."""
    return {
        "id": held.id,
        "direction": "out",
        "external_id": None,
        "text": held.text,
        "media": [],
        "sent_at": held.submitted_at,
        "in_reply_to": held.in_reply_to,
        "status": held.status,
        "conversation_id": held.conversation_id,
        "author_id": held.author_id,
        "sha256": held.sha256,
        "submitted_at": held.submitted_at,
        "decided_at": held.decided_at,
        "reason": held.reason,
        "message_id": held.message_id,
    }
