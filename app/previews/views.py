"""The dialog that sends a preview to a phone, its result, and the person's own ids in the settings: all fragments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import db, new_id, utcnow
from app.errors import TandemError
from app.posts.models import Post
from app.previews import services
from app.publishing.heartbeats import heartbeat_state
from app.units.access import Actor
from app.units.permissions import SIGNED_IN, current_actor, requires
from app.web import _

bp = Blueprint("previews", __name__)

SHOWN = 3


@bp.get("/posts/<post_id>/phone-preview")
@requires("post.read")
def dialog(post_id: str) -> str:
    """What the dialog holds: account, recipient, what will happen, and the last previews."""
    actor, now = current_actor(), utcnow()
    return render_template("previews/_dialog.html", **_dialog(actor, services.previewable(actor, post_id), now))


@bp.post("/posts/<post_id>/phone-preview")
@requires("post.read")
def send(post_id: str) -> str:
    """Queues it; a refusal is shown in the same place, hence no error status: the dialog stays as it is."""
    actor, now, form = current_actor(), utcnow(), request.form
    try:
        row = services.send_preview(
            actor,
            post_id,
            account_id=form.get("account_id", ""),
            recipient=form.get("recipient", ""),
            key=form.get("key", ""),
            now=now,
        )
    except TandemError as refusal:
        db.session.rollback()
        return render_template("previews/_refusal.html", refusal=refusal, key=new_id())
    return render_template("previews/_result.html", key=new_id(), **_result(actor, row, now))


@bp.get("/posts/<post_id>/phone-preview/<preview_id>")
@requires("post.read")
def result(post_id: str, preview_id: str) -> str:
    """How it goes; asks again by itself until there is an end."""
    actor, now = current_actor(), utcnow()
    row = services.get_send(actor, post_id, preview_id)
    return render_template("previews/_result.html", key="", **_result(actor, row, now))


@bp.get("/settings/preview-recipients")
@requires(SIGNED_IN)
def recipients() -> ResponseReturnValue:
    """The part of the personal settings: nothing for who can send no previews."""
    actor = current_actor()
    if not (actor.holds("post.write") or actor.holds("review.decide")):
        return "", 200
    return render_template("previews/_recipients.html", kinds=services.kinds(actor))


@bp.post("/settings/preview-recipients")
@requires(SIGNED_IN)
def save_recipients() -> ResponseReturnValue:
    actor = current_actor()
    try:
        for kind in services.kinds(actor):
            services.remember(actor, kind.platform, request.form.get(kind.platform, ""), utcnow())
        flash(_("已保存。发手机预览时会自动填上。"), "ok")
    except TandemError as refusal:
        db.session.rollback()
        flash(" ".join(refusal.errors.get("recipient", [])) or refusal.message, "error")
    return redirect(url_for("units.profile"))


def _dialog(actor: Actor, post: Post, now: datetime) -> dict[str, Any]:
    offered = services.channels(actor, post, now)
    last = services.sends_of(actor, post.id, limit=SHOWN).items
    return {
        "post": post,
        "offered": [channel for channel in offered if not channel.why_not],
        "barred": [channel for channel in offered if channel.why_not],
        "key": new_id(),
        "alive": heartbeat_state(now).alive,
        "last": [_result(actor, row, now) for row in last],
    }


def _result(actor: Actor, row: Any, now: datetime) -> dict[str, Any]:
    return {
        "row": row,
        "to": services.recipient_for(actor, row),
        "going": row.status in services.UNFINISHED,
        "alive": heartbeat_state(now).alive,
        "minutes": row.lives_seconds // 60,
    }
