"""/api/v1: hand in, take back, decide, and each unit's chain."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.db import utcnow
from app.posts.schemas import PostOut
from app.posts.services import post_json
from app.review import services
from app.review.schemas import ChainIn, ChainOut, DecisionIn, ReviewOut
from app.units.access import unit_for
from app.units.permissions import current_actor, requires

blp = Blueprint("review_api", __name__, url_prefix="/api/v1", description="审核")


@blp.post("/posts/<post_id>/submission")
@requires("post.write")
@blp.response(200, PostOut)
def submit(post_id: str) -> dict[str, Any]:
    """Hand in for review; 422 with `problems` when any blocks."""
    return post_json(services.submit(current_actor(), post_id, utcnow()))


@blp.delete("/posts/<post_id>/submission")
@requires("post.write")
@blp.response(200, PostOut)
def withdraw(post_id: str) -> dict[str, Any]:
    """Take it back: a draft again."""
    return post_json(services.withdraw_submission(current_actor(), post_id, utcnow()))


@blp.post("/revisions/<revision_id>/decisions")
@requires("review.decide")
@blp.arguments(DecisionIn)
@blp.response(200, ReviewOut)
def decide(given: dict[str, Any], revision_id: str) -> dict[str, Any]:
    """Approve or return the stage that is open."""
    review = services.decide(
        current_actor(), revision_id, given["decision"], given["comment"] or "", given["sha256s"], utcnow()
    )
    return services.review_json(review)


@blp.get("/units/<unit_id>/review-chain")
@requires("unit.read")
@blp.response(200, ChainOut)
def show_chain(unit_id: str) -> dict[str, Any]:
    """The chain that holds for posts of this unit."""
    unit_for(current_actor(), "unit.read", unit_id)
    return _chain_json(unit_id, services.chain_of(unit_id))


@blp.put("/units/<unit_id>/review-chain")
@requires("review.configure")
@blp.arguments(ChainIn)
@blp.response(200, ChainOut)
def replace_chain(given: dict[str, Any], unit_id: str) -> dict[str, Any]:
    """Replace the unit's own chain."""
    return _chain_json(unit_id, services.set_chain(current_actor(), unit_id, given["stages"], utcnow()))


def _chain_json(unit_id: str, chain: services.Chain) -> dict[str, Any]:
    inherited = None if chain.unit_id == unit_id else chain.unit_id
    return {"unit_id": unit_id, "stages": chain.stages, "inherited_from": inherited}
