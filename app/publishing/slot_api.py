"""/api/v1: what speaks against an hour, the next free slot, an account's timetable. More routes of app.publishing.api.blp."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from app.db import utcnow
from app.publishing import conflicts, slots, timetables
from app.publishing.api import blp as blp
from app.publishing.plan_models import GAP, Timetable
from app.publishing.schemas import ClashList
from app.schemas import AwareTime, BaseSchema
from app.units.permissions import current_actor, requires


class HourQuery(BaseSchema):
    publish_at = AwareTime(required=True)


class NextSlotOut(BaseSchema):
    publish_at = AwareTime()


class SlotField(BaseSchema):
    weekday = fields.Integer(
        required=True, validate=validate.Range(1, 7), metadata={"description": "1 Monday to 7 Sunday"}
    )
    time = fields.String(
        required=True,
        validate=validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$"),
        metadata={"description": "HH:MM of the installation's time zone"},
    )


class TimetableIn(BaseSchema):
    slots = fields.List(fields.Nested(SlotField), required=True)
    gap_minutes = fields.Integer(
        load_default=GAP, metadata={"description": "posts of the account nearer than this are told to be close"}
    )


class TimetableOut(BaseSchema):
    account_id = fields.String()
    slots = fields.List(fields.Nested(SlotField))
    gap_minutes = fields.Integer()


@blp.get("/posts/<post_id>/conflicts")
@requires("post.read")
@blp.arguments(HourQuery, location="query")
@blp.response(200, ClashList)
def list_conflicts(query: dict[str, Any], post_id: str) -> dict[str, Any]:
    """What would speak against publishing the post at this hour. Changes nothing."""
    found = conflicts.at_hour(current_actor(), post_id, query["publish_at"])
    return {"items": [conflicts.json_of(clash) for clash in found]}


@blp.get("/posts/<post_id>/next-slot")
@requires("post.read")
@blp.response(200, NextSlotOut)
def next_slot(post_id: str) -> dict[str, Any]:
    """The next moment that is a slot of, and free for, all accounts of the post. 409 in words when there is none."""
    return {"publish_at": slots.next_free(current_actor(), post_id, utcnow())}


@blp.get("/accounts/<account_id>/slots")
@requires("account.read")
@blp.response(200, TimetableOut)
def show_timetable(account_id: str) -> dict[str, Any]:
    """The hours of the week at which the account publishes."""
    return _json(timetables.get(current_actor(), account_id)[1])


@blp.put("/accounts/<account_id>/slots")
@requires("account.manage")
@blp.arguments(TimetableIn)
@blp.response(200, TimetableOut)
def keep_timetable(fields: dict[str, Any], account_id: str) -> dict[str, Any]:
    """Set them, all at once."""
    found = [(int(slot["weekday"]), str(slot["time"])) for slot in fields["slots"]]
    return _json(timetables.keep(current_actor(), account_id, found, fields["gap_minutes"], now=utcnow()))


def _json(row: Timetable) -> dict[str, Any]:
    return {
        "account_id": row.account_id,
        "slots": [{"weekday": weekday, "time": clock} for weekday, clock in row.slots],
        "gap_minutes": row.gap_minutes,
    }
