"""/api/v1/awaiting-replies: answers that wait for approval."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.db import utcnow
from app.inbox import services
from app.inbox.api import held_json, message_json
from app.inbox.holding import all_held_of
from app.inbox.schemas import ApprovalIn, HeldList, HeldOut, HeldReturnIn, HeldTextIn, MessageOut
from app.units.permissions import current_actor, requires

blp = Blueprint("held_replies_api", __name__, url_prefix="/api/v1", description="收件箱：回复审核")


@blp.get("/awaiting-replies")
@requires("reply.approve")
@blp.response(200, HeldList)
def list_waiting() -> dict[str, Any]:
    """等您审核的回复，等得最久的在前；自己写的不在其中。"""
    return {"items": [held_json(row) for row in services.decidable(current_actor())]}


@blp.get("/conversations/<conversation_id>/awaiting-replies")
@requires("inbox.read")
@blp.response(200, HeldList)
def list_of_conversation(conversation_id: str) -> dict[str, Any]:
    """一个会话里送过审的回复，新的在前；message_id 是通过后的消息。"""
    return {"items": [held_json(row) for row in all_held_of(current_actor(), conversation_id)]}


@blp.put("/awaiting-replies/<held_id>")
@requires("inbox.reply")
@blp.arguments(HeldTextIn)
@blp.response(200, HeldOut)
def change(body: dict[str, Any], held_id: str) -> dict[str, Any]:
    """作者修改，重新等待审核。"""
    return held_json(services.change_reply(current_actor(), held_id, text=body["text"], now=utcnow()))


@blp.delete("/awaiting-replies/<held_id>")
@requires("inbox.reply")
@blp.response(200, HeldOut)
def withdraw(held_id: str) -> dict[str, Any]:
    """作者收回，不再发出。"""
    return held_json(services.withdraw_reply(current_actor(), held_id, now=utcnow()))


@blp.post("/awaiting-replies/<held_id>/approval")
@requires("reply.approve")
@blp.arguments(ApprovalIn)
@blp.response(202, MessageOut)
def approve(body: dict[str, Any], held_id: str) -> dict[str, Any]:
    """通过 sha256 所指的原文，随即排队发出。内容已改为 409。"""
    return message_json(services.approve_reply(current_actor(), held_id, sha256=body["sha256"], now=utcnow()))


@blp.post("/awaiting-replies/<held_id>/return")
@requires("reply.approve")
@blp.arguments(HeldReturnIn)
@blp.response(200, HeldOut)
def send_back(body: dict[str, Any], held_id: str) -> dict[str, Any]:
    """退回给作者，须写理由。"""
    return held_json(services.return_reply(current_actor(), held_id, reason=body["reason"], now=utcnow()))
