"""GET /api/v1/units and /users."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.db import Page
from app.schemas import PageQuery
from app.units.models import Unit, User
from app.units.people import grants_shown
from app.units.permissions import current_actor, requires
from app.units.schemas import UnitPage, UnitSchema, UserPage, UserSchema
from app.units.services import get_unit, get_user, people_of, units_of

blp = Blueprint("units_api", __name__, url_prefix="/api/v1", description="单位与成员")


@blp.get("/units")
@requires("unit.read")
@blp.arguments(PageQuery, location="query")
@blp.response(200, UnitPage)
def list_units(query: dict[str, str | int | None]) -> Page[Unit]:
    """单位列表（您可见的）"""
    return units_of(current_actor(), cursor=_text(query["cursor"]), limit=int(query["limit"] or 50))


@blp.get("/units/<unit_id>")
@requires("unit.read")
@blp.response(200, UnitSchema)
def one_unit(unit_id: str) -> Unit:
    """一个单位"""
    return get_unit(current_actor(), unit_id)


@blp.get("/users")
@requires("unit.read")
@blp.arguments(PageQuery, location="query")
@blp.response(200, UserPage)
def list_users(query: dict[str, str | int | None]) -> dict[str, Any]:
    """成员列表（您可见的单位）"""
    page = people_of(current_actor(), cursor=_text(query["cursor"]), limit=int(query["limit"] or 50))
    return {"items": [_user_json(user) for user in page.items], "next_cursor": page.next_cursor}


@blp.get("/users/<user_id>")
@requires("unit.read")
@blp.response(200, UserSchema)
def one_user(user_id: str) -> dict[str, Any]:
    """一位成员"""
    return _user_json(get_user(current_actor(), user_id))


def _user_json(user: User) -> dict[str, Any]:
    roles, elsewhere = grants_shown(current_actor(), user)
    told = {name: getattr(user, name) for name in ("id", "email", "name", "unit_id", "active", "created_at")}
    return {**told, "roles": roles, "roles_elsewhere": elsewhere}


def _text(value: str | int | None) -> str | None:
    return str(value) if value else None
