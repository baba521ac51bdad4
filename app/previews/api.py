"""/api/v1/posts/{id}/preview-sends: show a post on one phone before anything is public."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.db import new_id, utcnow
from app.previews import services
from app.previews.models import PreviewSend
from app.previews.schemas import PreviewSendIn, PreviewSendList, PreviewSendOut
from app.schemas import PageQuery
from app.units.access import Actor
from app.units.permissions import current_actor, requires

blp = Blueprint("previews_api", __name__, url_prefix="/api/v1", description="手机预览")


def send_json(actor: Actor, row: PreviewSend) -> dict[str, Any]:
    error = None
    if row.error_cause:
        error = {"code": row.error_code, "cause": row.error_cause, "remedy": row.error_remedy, "who": row.error_who}
    return {
        "id": row.id,
        "post_id": row.post_id,
        "account_id": row.account_id,
        "revision_number": row.revision_number,
        "recipient": services.recipient_for(actor, row),
        "status": row.status,
        "losses": row.losses,
        "error": error,
        "left_behind": row.left_behind or None,
        "discard_at": row.discard_at,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    }


@blp.post("/posts/<post_id>/preview-sends")
@requires("post.read")
@blp.arguments(PreviewSendIn)
@blp.response(202, PreviewSendOut)
def send(fields: dict[str, Any], post_id: str) -> dict[str, Any]:
    """Send the post as it stands to one phone; ask the state by GET. Only who may edit or review it.

    409: the account cannot, or one is on its way; 422: wrong recipient, or nothing to build; 429: just sent.
    """
    actor = current_actor()
    row = services.send_preview(
        actor,
        post_id,
        account_id=fields["account_id"],
        recipient=fields["recipient"],
        key=fields["key"] or new_id(),
        now=utcnow(),
    )
    return send_json(actor, row)


@blp.get("/posts/<post_id>/preview-sends")
@requires("post.read")
@blp.arguments(PageQuery, location="query")
@blp.response(200, PreviewSendList)
def list_sends(query: dict[str, Any], post_id: str) -> dict[str, Any]:
    """The post's previews of the last thirty days, newest first."""
    actor = current_actor()
    page = services.sends_of(actor, post_id, **query)
    return {"items": [send_json(actor, row) for row in page.items], "next_cursor": page.next_cursor}


@blp.get("/posts/<post_id>/preview-sends/<preview_id>")
@requires("post.read")
@blp.response(200, PreviewSendOut)
def show(post_id: str, preview_id: str) -> dict[str, Any]:
    """What became of one preview; `unknown`: it may have arrived, look at the phone."""
    actor = current_actor()
    return send_json(actor, services.get_send(actor, post_id, preview_id))
