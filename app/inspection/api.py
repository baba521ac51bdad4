"""/api/v1/findings."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.inspection import services
from app.inspection.schemas import FindingPage, FindingQuery
from app.units.permissions import current_actor, requires

blp = Blueprint("findings_api", __name__, url_prefix="/api/v1", description="检查：问题线索")


@blp.get("/findings")
@requires("finding.read")
@blp.arguments(FindingQuery, location="query")
@blp.response(200, FindingPage)
def list_findings(query: dict[str, Any]) -> Any:
    """问题线索，新的在前；每条带证据、规则原文和来源等级。"""
    return services.findings_of(current_actor(), **query)
