"""GET /api/v1/users/{id}/holdings."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.db import utcnow
from app.handover import services
from app.handover.schemas import HoldingsSchema
from app.units.permissions import current_actor, requires

blp = Blueprint("handover_api", __name__, url_prefix="/api/v1", description="离任交接")


@blp.get("/users/<user_id>/holdings")
@requires("user.manage")
@blp.response(200, HoldingsSchema)
def holdings(user_id: str) -> dict[str, Any]:
    """一位成员名下的全部事项：停用之前须移交的，和随之结束或不变的"""
    actor = current_actor()
    plan = services.plan(actor, services.leaver(actor, user_id), {}, utcnow())
    return {
        "user_id": user_id,
        "must_hand_over": plan.hangs,
        "groups": [
            {
                "kind": group.kind.key,
                "title": group.kind.title,
                "act": group.kind.act,
                "items": [
                    {"id": line.item.id, "words": line.words, "detail": line.item.detail, "path": line.path or None}
                    for line in group.lines
                ],
            }
            for group in plan.groups
        ],
    }
