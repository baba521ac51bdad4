"""What the API says of the audit log."""

from __future__ import annotations

from marshmallow import fields

from app.schemas import AwareTime, BaseSchema, PageQuery


class EventQuery(PageQuery):
    action = fields.String(load_default="", metadata={"description": "如 post.submit；写 post 则取 post 的全部"})
    actor = fields.String(load_default="", metadata={"description": "操作人的编号，或姓名的一部分"})
    unit_id = fields.String(load_default="")
    object_type = fields.String(load_default="")
    object_id = fields.String(load_default="")
    since = AwareTime(load_default=None)
    until = AwareTime(load_default=None)


class EventSchema(BaseSchema):
    id = fields.String()
    seq = fields.Integer()
    at = AwareTime()
    actor_id = fields.String()
    actor_name = fields.String()
    unit_id = fields.String()
    action = fields.String()
    object_type = fields.String()
    object_id = fields.String()
    summary = fields.String()
    before = fields.Dict()
    after = fields.Dict()
    origin = fields.String()
    prev_hash = fields.String()
    hash = fields.String()


class EventPage(BaseSchema):
    items = fields.List(fields.Nested(EventSchema))
    next_cursor = fields.String(allow_none=True)
