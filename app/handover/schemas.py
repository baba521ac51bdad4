"""What the API says of what hangs on a person."""

from __future__ import annotations

from marshmallow import fields

from app.schemas import BaseSchema


class HeldItemSchema(BaseSchema):
    id = fields.String()
    words = fields.String(metadata={"description": "是什么；您无权查看的只说种类"})
    detail = fields.String()
    path = fields.String(allow_none=True, metadata={"description": "页面地址；没有或您无权查看时为空"})


class HeldGroupSchema(BaseSchema):
    kind = fields.String()
    title = fields.String()
    act = fields.String(
        metadata={
            "enum": ["give", "release", "end", "stay", "block"],
            "description": "give：须有人接收；release：可移交，否则放回；end：随人结束；stay：不变；block：办妥前不能停用",
        }
    )
    items = fields.List(fields.Nested(HeldItemSchema))


class HoldingsSchema(BaseSchema):
    user_id = fields.String()
    must_hand_over = fields.Integer(metadata={"description": "停用之前须移交的项数；0 时可直接停用"})
    groups = fields.List(fields.Nested(HeldGroupSchema))
