"""The API's forms of schedules, publications, stops and black-outs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from marshmallow import ValidationError, fields, validate

from app.schemas import AwareTime, BaseSchema, PageQuery

WithoutClock = Literal["now", "next_slot"]


class TimeOrNow(AwareTime):
    """A time with offset, "now", or "next_slot": the next free slot of all accounts."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime | WithoutClock:  # type: ignore[override]
        if value == "now":
            return "now"
        return "next_slot" if value == "next_slot" else super()._deserialize(value, attr, data, **kwargs)


def _filled(value: str) -> None:
    if not value.strip():
        raise ValidationError("不能为空，请写明原因。")


class ScheduleIn(BaseSchema):
    publish_at = TimeOrNow(
        required=True,
        metadata={"description": 'ISO 8601 with offset, "now" or "next_slot"', "type": "string", "example": "now"},
    )
    order = fields.String(
        load_default="together",
        validate=validate.OneOf(("together", "wechat_first", "weibo_first"), error="只能是 {choices}。"),
    )
    on_partner_failure = fields.String(
        load_default="hold", validate=validate.OneOf(("hold", "proceed"), error="只能是 {choices}。")
    )


class ErrorOut(BaseSchema):
    code = fields.String()
    cause = fields.String()
    remedy = fields.String()
    who = fields.String()


class FiguresOut(BaseSchema):
    reads = fields.Integer(allow_none=True)
    likes = fields.Integer(allow_none=True)
    comments = fields.Integer(allow_none=True)
    reposts = fields.Integer(allow_none=True)
    read_at = AwareTime(allow_none=True)


class PublicationOut(BaseSchema):
    id = fields.String()
    post_id = fields.String()
    account_id = fields.String()
    status = fields.String()
    due_at = AwareTime()
    committed_at = AwareTime(allow_none=True)
    published_at = AwareTime(allow_none=True)
    live_at = AwareTime(allow_none=True)
    external_id = fields.String(allow_none=True)
    url = fields.String(allow_none=True)
    error = fields.Nested(ErrorOut, allow_none=True)
    why = fields.String()
    next_attempt_at = AwareTime(allow_none=True)
    figures = fields.Nested(FiguresOut, allow_none=True)


class ClashOut(BaseSchema):
    kind = fields.String(metadata={"description": "quota, blackout, inactive, close, twin, unconnected, expiring"})
    severity = fields.String(metadata={"description": "refuse: it cannot be scheduled so; warn"})
    account_id = fields.String()
    post_id = fields.String(allow_none=True, metadata={"description": "the other post"})
    message = fields.String()
    free_days = fields.List(fields.String(), metadata={"description": "the next days with a place left"})


class ClashList(BaseSchema):
    items = fields.List(fields.Nested(ClashOut))


class ScheduleOut(BaseSchema):
    id = fields.String()
    post_id = fields.String()
    revision_id = fields.String()
    publish_at = AwareTime()
    order = fields.String()
    on_partner_failure = fields.String()
    publications = fields.List(fields.Nested(PublicationOut))
    conflicts = fields.List(
        fields.Nested(ClashOut), metadata={"description": "what speaks against this hour and did not forbid it"}
    )


class PublicationList(BaseSchema):
    items = fields.List(fields.Nested(PublicationOut))
    next_cursor = fields.String(allow_none=True)


class Publications(BaseSchema):
    items = fields.List(fields.Nested(PublicationOut))


class PublicationQuery(PageQuery):
    post_id = fields.String(load_default=None)
    status = fields.String(load_default=None, metadata={"description": "one status, or several with commas"})


class Reason(BaseSchema):
    reason = fields.String(required=True, validate=_filled)


class Resolution(Reason):
    outcome = fields.String(
        required=True, validate=validate.OneOf(("published", "not_published"), error="只能是 {choices}。")
    )
    url = fields.String(load_default="", allow_none=True)


class Evidence(BaseSchema):
    publication_id = fields.String()
    approved = fields.Dict()
    prepared = fields.Dict()
    media_map = fields.Dict(metadata={"description": "sha256 of our media -> the platform's id or URL"})
    preparing = fields.List(fields.Dict(), metadata={"description": "calls made while preparing, secrets masked"})
    attempts = fields.List(fields.Dict(), metadata={"description": "each irreversible call with request and answer"})
    readbacks = fields.List(
        fields.Dict(), metadata={"description": "what was found at the platform, and who said what"}
    )
    changes = fields.List(fields.Dict())


class BlackoutIn(Reason):
    scope = fields.String(
        required=True, validate=validate.OneOf(("site", "unit", "account"), error="只能是 {choices}。")
    )
    id = fields.String(load_default=None, allow_none=True)
    starts_at = AwareTime(required=True)
    ends_at = AwareTime(required=True)
    urgent_too = fields.Boolean(load_default=False, metadata={"description": "urgent posts are kept back, too"})


class StopIn(Reason):
    scope = fields.String(
        required=True, validate=validate.OneOf(("site", "unit", "account"), error="只能是 {choices}。")
    )
    id = fields.String(load_default=None, allow_none=True)


class StopOut(BaseSchema):
    id = fields.String()
    scope = fields.String()
    scope_id = fields.String()
    name = fields.String()
    reason = fields.String()
    created_by = fields.String()
    created_at = AwareTime()


class StopList(BaseSchema):
    items = fields.List(fields.Nested(StopOut))
    next_cursor = fields.String(allow_none=True)


class BlackoutOut(BaseSchema):
    id = fields.String()
    scope = fields.String()
    scope_id = fields.String()
    name = fields.String()
    starts_at = AwareTime()
    ends_at = AwareTime()
    reason = fields.String()
    urgent_too = fields.Boolean()
    created_by = fields.String()
    created_at = AwareTime()
    falling = fields.List(
        fields.String(), metadata={"description": "only when just made: publications planned inside it"}
    )


class BlackoutList(BaseSchema):
    items = fields.List(fields.Nested(BlackoutOut))
    next_cursor = fields.String(allow_none=True)
