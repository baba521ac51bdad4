"""The API's shape of findings."""

from __future__ import annotations

from marshmallow import fields

from app.schemas import AwareTime, BaseSchema, PageQuery


class FindingQuery(PageQuery):
    rule = fields.String(load_default="")
    unit_id = fields.String(load_default="")


class FindingOut(BaseSchema):
    id = fields.String()
    rule = fields.String()
    severity = fields.String(metadata={"description": "veto（否决）、process（须办理）、warn（预警）"})
    unit_id = fields.String()
    account_id = fields.String()
    summary = fields.String()
    evidence = fields.Dict()
    found_at = AwareTime()
    closed_at = AwareTime(allow_none=True)


class FindingPage(BaseSchema):
    items = fields.List(fields.Nested(FindingOut))
    next_cursor = fields.String(allow_none=True)
