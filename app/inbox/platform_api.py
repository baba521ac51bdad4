"""/api/v1/conversations: what may be done at the platform beside answering."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from app.db import utcnow
from app.inbox import media, services
from app.inbox.acting import WORDS
from app.inbox.api import message_json
from app.inbox.models import Contact
from app.inbox.schemas import MessageOut
from app.schemas import AwareTime, BaseSchema
from app.units.permissions import current_actor, requires

blp = Blueprint("platform_acts_api", __name__, url_prefix="/api/v1", description="收件箱：在平台上处置留言和联系人")


class ActIn(BaseSchema):
    act = fields.String(required=True, validate=validate.OneOf(list(WORDS)))


class SwitchIn(BaseSchema):
    open = fields.Boolean(required=True)


class ContactIn(BaseSchema):
    """Only what is named changes."""

    remark = fields.String(validate=validate.Length(max=40))
    tags = fields.List(fields.String())
    blocked = fields.Boolean()


class PersonOut(BaseSchema):
    id = fields.String()
    name = fields.String()
    remark = fields.String()
    tags = fields.List(fields.String())
    following = fields.Boolean()
    blocked = fields.Boolean()
    told_at = AwareTime(allow_none=True)


@blp.post("/conversations/<conversation_id>/messages/<message_id>/acts")
@requires("inbox.reply")
@blp.arguments(ActIn)
@blp.response(200, MessageOut)
def act(body: dict[str, Any], conversation_id: str, message_id: str) -> dict[str, Any]:
    """精选、取消精选、删除一条留言，或删除我方回复。平台不同意为 409。"""
    # A message of another conversation is not found under this one.
    message = services.moderate(current_actor(), message_id, body["act"], conversation_id=conversation_id, now=utcnow())
    return message_json(message, media.media_of([message.id]).get(message.id, ()))


@blp.put("/conversations/<conversation_id>/article-comments")
@requires("inbox.reply")
@blp.arguments(SwitchIn)
@blp.response(204)
def switch_comments(body: dict[str, Any], conversation_id: str) -> None:
    """打开或关闭会话所评文章的留言。"""
    services.switch_comments(current_actor(), conversation_id, open_=body["open"], now=utcnow())


@blp.get("/conversations/<conversation_id>/contact")
@requires("inbox.read")
@blp.response(200, PersonOut)
def get_contact(conversation_id: str) -> dict[str, Any]:
    """联系人的备注名和标签，以最近一次从平台读到的为准。"""
    return _person(services.get_conversation(current_actor(), conversation_id).contact)


@blp.patch("/conversations/<conversation_id>/contact")
@requires("inbox.reply")
@blp.arguments(ContactIn)
@blp.response(200, PersonOut)
def change_contact(body: dict[str, Any], conversation_id: str) -> dict[str, Any]:
    """修改备注名、标签或黑名单，写到平台并读回。"""
    actor, now = current_actor(), utcnow()
    if "remark" in body:
        services.rename(actor, conversation_id, body["remark"], now=now)
    if "tags" in body:
        services.set_tags(actor, conversation_id, body["tags"], now=now)
    if "blocked" in body:
        services.set_blocked(actor, conversation_id, blocked=body["blocked"], now=now)
    return _person(services.get_conversation(actor, conversation_id).contact)


def _person(contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "name": services.display_name(contact),
        "remark": contact.remark,
        "tags": [tag["name"] for tag in contact.tags],
        "following": contact.left_at is None,
        "blocked": contact.blocked_at is not None,
        "told_at": contact.told_at,
    }
