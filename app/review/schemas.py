"""The API's forms of review."""

from __future__ import annotations

from marshmallow import fields, validate

from app.posts.schemas import VariantOut
from app.schemas import AwareTime, BaseSchema


class DecisionIn(BaseSchema):
    """`secrecy` true: the secrecy check was done; false is refused where the stage asks for it. `for_user_id`: whose
    deputy decides."""

    decision = fields.String(required=True)
    comment = fields.String(load_default="", allow_none=True)
    sha256s = fields.Dict(keys=fields.String(), values=fields.String(), load_default=None, allow_none=True)
    secrecy = fields.Boolean(load_default=None, allow_none=True)
    for_user_id = fields.String(load_default=None, allow_none=True)


class DecisionOut(BaseSchema):
    user_id = fields.String()
    user_name = fields.String()
    for_user_id = fields.String(allow_none=True)
    for_user_name = fields.String(allow_none=True)
    decision = fields.String()
    comment = fields.String()
    secrecy = fields.Boolean(allow_none=True)
    sha256s = fields.Dict()
    at = fields.String()


class EscalationIn(BaseSchema):
    user_id = fields.String(required=True)
    question = fields.String(required=True)


class EscalationOut(BaseSchema):
    """`outcome`: approved, returned, withdrawn, void; null while it waits for its answer."""

    id = fields.String()
    stage = fields.Integer()
    asked_by = fields.String()
    asked_by_name = fields.String()
    asked_to = fields.String()
    asked_to_name = fields.String()
    question = fields.String()
    asked_at = fields.String()
    outcome = fields.String(allow_none=True)
    answer = fields.String()
    closed_at = fields.String(allow_none=True)


class StageIn(BaseSchema):
    """`hours`: how long it may take, null for no limit; in `working` hours or by the clock. `secrecy`: whether the secrecy
    check belongs to it (to the last stage in any case). A stage that says so is not approved without `secrecy` true."""

    name = fields.String(required=True)
    role = fields.String(load_default="reviewer")
    rule = fields.String(load_default="any")
    hours = fields.Integer(load_default=None, allow_none=True)
    working = fields.Boolean(load_default=True)
    secrecy = fields.Boolean(load_default=False)


class StageOut(StageIn):
    decisions = fields.List(fields.Nested(DecisionOut))
    escalations = fields.List(fields.Nested(EscalationOut))


class ReviewOut(BaseSchema):
    """`expired_at`: it was returned because nobody decided in time."""

    id = fields.String()
    post_id = fields.String()
    post_status = fields.String()
    title = fields.String()
    revision_id = fields.String()
    status = fields.String()
    stage = fields.Integer()
    stages = fields.List(fields.Nested(StageOut))
    submitted_by = fields.String()
    submitted_at = fields.String()
    due_at = fields.String(allow_none=True)
    closed_at = fields.String(allow_none=True)
    expired_at = fields.String(allow_none=True)
    emergency = fields.String(allow_none=True)
    after_due_at = fields.String(allow_none=True)
    sha256s = fields.Dict()


class ReviewItem(ReviewOut):
    """With what each account would get, and every problem of it."""

    variants = fields.List(fields.Nested(VariantOut))
    problems = fields.List(fields.Dict())


class ReviewQuery(BaseSchema):
    list = fields.String(load_default="waiting", validate=validate.OneOf(["waiting", "mine", "returned", "expired"]))


class ReviewList(BaseSchema):
    items = fields.List(fields.Nested(ReviewOut))


class ApprovalsIn(BaseSchema):
    review_ids = fields.List(fields.String(), required=True)
    comment = fields.String(load_default="", allow_none=True)
    secrecy = fields.Boolean(load_default=None, allow_none=True)


class ApprovalOut(BaseSchema):
    review_id = fields.String()
    title = fields.String()
    done = fields.Boolean()
    words = fields.String()


class Approvals(BaseSchema):
    items = fields.List(fields.Nested(ApprovalOut))


class SubmissionIn(BaseSchema):
    """`emergency`: why it cannot wait for all stages; the last comes first, the others follow."""

    emergency = fields.String(load_default=None, allow_none=True)


class ChainIn(BaseSchema):
    """No stages: inherit from the unit above. `after_hours`: for the other stages after an emergency, null for 24."""

    stages = fields.List(fields.Nested(StageIn), required=True)
    after_hours = fields.Integer(load_default=None, allow_none=True)


class ChainOut(BaseSchema):
    """`inherited_from`: the unit whose chain it is, null when it is the unit's own, "" for the default chain."""

    unit_id = fields.String()
    stages = fields.List(fields.Nested(StageIn))
    inherited_from = fields.String(allow_none=True)
    after_hours = fields.Integer()


class RemarkIn(BaseSchema):
    """`quote`: the passage, as it stands once in the title, the summary or the text. "@name" in `text` tells a person."""

    quote = fields.String(required=True)
    text = fields.String(required=True)


class RemarkOut(BaseSchema):
    """`start`/`end`: offsets in the plain text of `field` (title, summary, body)."""

    id = fields.String()
    user_id = fields.String()
    user_name = fields.String()
    field = fields.String()
    start = fields.Integer()
    end = fields.Integer()
    quote = fields.String()
    text = fields.String()
    mentions = fields.List(fields.String())
    unknown_mentions = fields.List(fields.String())
    at = AwareTime()
    resolved_by = fields.String(allow_none=True)
    resolved_at = AwareTime(allow_none=True)


class RemarkList(BaseSchema):
    items = fields.List(fields.Nested(RemarkOut))


class DeputyIn(BaseSchema):
    user_id = fields.String(required=True)
    deputy_id = fields.String(required=True)
    starts_at = AwareTime(required=True)
    ends_at = AwareTime(required=True)
    reason = fields.String(load_default="")


class DeputyOut(BaseSchema):
    id = fields.String()
    user_id = fields.String()
    user_name = fields.String()
    deputy_id = fields.String()
    deputy_name = fields.String()
    starts_at = AwareTime()
    ends_at = AwareTime()
    reason = fields.String()
    created_by = fields.String()
    created_at = AwareTime()


class DeputyList(BaseSchema):
    items = fields.List(fields.Nested(DeputyOut))


class FormQuery(BaseSchema):
    """`revision`: its number; by default the public one, else the one that was handed in last."""

    revision = fields.Integer(load_default=None, validate=validate.Range(min=1, max=999_999))


class FormOut(BaseSchema):
    """The approval form: `stages` as of a review, `problems` with what became of each, `goals` where it goes or went."""

    post_id = fields.String()
    title = fields.String()
    unit = fields.String()
    revision = fields.Integer()
    writers = fields.List(fields.String())
    submitter = fields.String()
    review = fields.Nested(ReviewOut, allow_none=True)
    problems = fields.List(fields.Dict())
    goals = fields.List(fields.Dict())
    earlier = fields.List(fields.Dict())
