"""/api/v1/blackouts. More operations of app.publishing.api.blp."""

from __future__ import annotations

from typing import Any

from app.db import utcnow
from app.publishing import blackouts, scopes
from app.publishing.api import blp
from app.publishing.models import Blackout
from app.publishing.schemas import BlackoutIn, BlackoutList, BlackoutOut
from app.schemas import PageQuery
from app.units.permissions import SIGNED_IN, current_actor, requires


def blackout_json(row: Blackout) -> dict[str, Any]:
    return {
        "id": row.id,
        "scope": row.scope,
        "scope_id": row.scope_id,
        "name": scopes.name_of(row),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "reason": row.reason,
        "urgent_too": row.urgent_too,
        "created_by": row.created_by,
        "created_at": row.created_at,
    }


@blp.get("/blackouts")
@requires(SIGNED_IN)
@blp.arguments(PageQuery, location="query")
@blp.response(200, BlackoutList)
def list_blackouts(query: dict[str, Any]) -> dict[str, Any]:
    """Black-outs that stand or are to come and concern the caller, newest first."""
    page = blackouts.page_of_coming(current_actor(), utcnow(), **query)
    return {"items": [blackout_json(row) for row in page.items], "next_cursor": page.next_cursor}


@blp.post("/blackouts")
@requires("stop.manage")
@blp.arguments(BlackoutIn)
@blp.response(201, BlackoutOut)
def announce_blackout(fields: dict[str, Any]) -> dict[str, Any]:
    """Nothing of the scope goes out in these hours; `falling`: publications planned inside, held at their hour."""
    scope_id = fields.pop("id")
    made = blackouts.announce(current_actor(), scope_id=scope_id, now=utcnow(), **fields)
    return {**blackout_json(made.blackout), "falling": [row.id for row in made.falling]}


@blp.delete("/blackouts/<blackout_id>")
@requires("stop.manage")
@blp.response(204)
def end_blackout(blackout_id: str) -> None:
    """End it now or call it off. What was held meanwhile waits for a person."""
    blackouts.end(current_actor(), blackout_id, now=utcnow())
