"""The API's shapes of conversations and messages."""

from __future__ import annotations

from marshmallow import fields, validate

from app.schemas import AwareTime, BaseSchema, PageQuery


class ConversationQuery(PageQuery):
    status = fields.String(
        load_default="", validate=validate.OneOf(["", "open", "pending", "snoozed", "resolved", "unresolved"])
    )
    account_id = fields.String(load_default="")
    assignee = fields.String(load_default="", metadata={"description": "成员编号，me（我）或 none（未分派）"})
    q = fields.String(load_default="", validate=validate.Length(max=100))


class ContactOut(BaseSchema):
    id = fields.String()
    name = fields.String()


class WindowOut(BaseSchema):
    closes_at = AwareTime(allow_none=True)
    remaining = fields.Integer(allow_none=True)


class ConversationOut(BaseSchema):
    id = fields.String()
    account_id = fields.String()
    platform = fields.String()
    kind = fields.String()
    contact = fields.Nested(ContactOut)
    post_id = fields.String(allow_none=True)
    status = fields.String()
    assignee_id = fields.String(allow_none=True)
    labels = fields.List(fields.String())
    due_at = AwareTime(allow_none=True)
    last_message_at = AwareTime()
    window = fields.Nested(WindowOut)


class ConversationPage(BaseSchema):
    items = fields.List(fields.Nested(ConversationOut))
    next_cursor = fields.String(allow_none=True)


class ReplyErrorOut(BaseSchema):
    code = fields.String()
    cause = fields.String()
    remedy = fields.String()
    who = fields.String()


class MessageOut(BaseSchema):
    id = fields.String()
    direction = fields.String()
    external_id = fields.String(allow_none=True)
    text = fields.String()
    media = fields.List(fields.Dict())
    sent_at = AwareTime()
    in_reply_to = fields.String(allow_none=True)
    status = fields.String()
    error = fields.Nested(ReplyErrorOut)


class MessagePage(BaseSchema):
    items = fields.List(fields.Nested(MessageOut))
    next_cursor = fields.String(allow_none=True)


class ReplyIn(BaseSchema):
    text = fields.String(required=True)
    in_reply_to = fields.String(load_default=None, allow_none=True)


class AssignmentIn(BaseSchema):
    user_id = fields.String(allow_none=True)
    unit_id = fields.String(allow_none=True)
    due_at = AwareTime(load_default=None, allow_none=True)
    note = fields.String(load_default="", validate=validate.Length(max=2000))


class StatusIn(BaseSchema):
    status = fields.String(required=True)
    until = AwareTime(load_default=None, allow_none=True)


class HeldOut(MessageOut):
    conversation_id = fields.String()
    author_id = fields.String(allow_none=True)
    sha256 = fields.String(metadata={"description": "of the text; an approval names it"})
    submitted_at = AwareTime()
    decided_at = AwareTime(allow_none=True)
    reason = fields.String()
    message_id = fields.String(allow_none=True)


class HeldList(BaseSchema):
    items = fields.List(fields.Nested(HeldOut))


class HeldTextIn(BaseSchema):
    text = fields.String(required=True)


class ApprovalIn(BaseSchema):
    sha256 = fields.String(required=True)


class HeldReturnIn(BaseSchema):
    reason = fields.String(required=True)
