"""What the API says of units and people."""

from __future__ import annotations

from marshmallow import fields

from app.schemas import AwareTime, BaseSchema


class UnitSchema(BaseSchema):
    id = fields.String()
    name = fields.String()
    level = fields.String(metadata={"enum": ["province", "city", "county", "township", "village"]})
    parent_id = fields.String(allow_none=True)
    path = fields.String(metadata={"description": "/根单位/…/本单位/：下级单位以它开头"})
    created_at = AwareTime()


class UnitPage(BaseSchema):
    items = fields.List(fields.Nested(UnitSchema))
    next_cursor = fields.String(allow_none=True)


class GrantSchema(BaseSchema):
    role = fields.String()
    unit_id = fields.String()


class UserSchema(BaseSchema):
    id = fields.String()
    email = fields.String()
    name = fields.String()
    unit_id = fields.String()
    active = fields.Boolean()
    roles = fields.List(fields.Nested(GrantSchema), metadata={"description": "在您可见的单位中担任的角色"})
    roles_elsewhere = fields.Boolean(metadata={"description": "在您看不到的单位中另有角色"})
    created_at = AwareTime()


class UserPage(BaseSchema):
    items = fields.List(fields.Nested(UserSchema))
    next_cursor = fields.String(allow_none=True)
