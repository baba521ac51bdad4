"""The API's forms of previews on phones."""

from __future__ import annotations

from marshmallow import fields

from app.schemas import AwareTime, BaseSchema


class PreviewSendIn(BaseSchema):
    account_id = fields.String(required=True, metadata={"description": "稿件渠道中的一个账号，须能发手机预览"})
    recipient = fields.String(
        load_default=None, allow_none=True, metadata={"description": "微信号；不填则用上次发过的，或个人设置里的"}
    )
    key = fields.String(
        load_default=None, allow_none=True, metadata={"description": "调用方自定的操作编号；同一编号只发一次"}
    )


class PreviewError(BaseSchema):
    code = fields.String()
    cause = fields.String()
    remedy = fields.String()
    who = fields.String()


class PreviewSendOut(BaseSchema):
    id = fields.String()
    post_id = fields.String()
    account_id = fields.String()
    revision_number = fields.Integer()
    recipient = fields.String(metadata={"description": "他人发的只显示首尾"})
    status = fields.String(metadata={"enum": ["queued", "preparing", "sending", "sent", "failed", "unknown"]})
    losses = fields.List(fields.String(), metadata={"description": "平台没有原样保存的部分"})
    error = fields.Nested(PreviewError, allow_none=True)
    left_behind = fields.String(allow_none=True)
    discard_at = AwareTime(allow_none=True, metadata={"description": "预览用的草稿何时删除；空：已删除或没有"})
    created_at = AwareTime()
    finished_at = AwareTime(allow_none=True)


class PreviewSendList(BaseSchema):
    items = fields.List(fields.Nested(PreviewSendOut))
    next_cursor = fields.String(allow_none=True)
