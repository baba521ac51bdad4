"""The API's forms of review."""

from __future__ import annotations

from marshmallow import fields

from app.schemas import BaseSchema


class DecisionIn(BaseSchema):
    decision = fields.String(required=True)
    comment = fields.String(load_default="", allow_none=True)
    sha256s = fields.Dict(keys=fields.String(), values=fields.String(), load_default=None, allow_none=True)


class DecisionOut(BaseSchema):
    user_id = fields.String()
    user_name = fields.String()
    decision = fields.String()
    comment = fields.String()
    sha256s = fields.Dict()
    at = fields.String()


class StageIn(BaseSchema):
    name = fields.String(required=True)
    role = fields.String(load_default="reviewer")
    rule = fields.String(load_default="any")


class StageOut(StageIn):
    decisions = fields.List(fields.Nested(DecisionOut))


class ReviewOut(BaseSchema):
    id = fields.String()
    post_id = fields.String()
    post_status = fields.String()
    revision_id = fields.String()
    status = fields.String()
    stage = fields.Integer()
    stages = fields.List(fields.Nested(StageOut))
    submitted_by = fields.String()
    submitted_at = fields.String()
    sha256s = fields.Dict()


class ChainIn(BaseSchema):
    """No stages: inherit from the unit above."""

    stages = fields.List(fields.Nested(StageIn), required=True)


class ChainOut(BaseSchema):
    """`inherited_from`: the unit whose chain it is, null when it is the unit's own, "" for the default chain."""

    unit_id = fields.String()
    stages = fields.List(fields.Nested(StageIn))
    inherited_from = fields.String(allow_none=True)
