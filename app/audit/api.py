"""GET /api/v1/events."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.audit.models import Event
from app.audit.reading import Filter, events
from app.audit.schemas import EventPage, EventQuery
from app.db import Page
from app.units.permissions import in_my_units, requires

blp = Blueprint("audit_api", __name__, url_prefix="/api/v1", description="操作记录")


@blp.get("/events")
@requires("event.read")
@blp.arguments(EventQuery, location="query")
@blp.response(200, EventPage)
def list_events(query: dict[str, Any]) -> Page[Event]:
    """操作记录（您可审计的单位），新的在前"""
    cursor, limit = query.pop("cursor"), query.pop("limit")
    return events(Filter(**query), visible=in_my_units("event.read", Event.unit_id), cursor=cursor, limit=limit)
