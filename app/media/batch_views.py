"""Acts on many items at once, and taking them back. More routes of app.media.views.bp."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.db import db, utcnow
from app.errors import TandemError
from app.media.batches import act_on, take_back
from app.media.views import FILTERS, bp
from app.units.permissions import current_actor, requires

__all__ = ["bp"]


@bp.post("/library/batches")
@requires("media.write")
def act_on_many() -> ResponseReturnValue:
    """The chosen `ids`, `act` and its `folder` or `tags`; back to the list as it was narrowed (the filters of the address),
    which tells what came of it."""
    form = request.form
    act = form.get("act", "")
    try:
        batch = act_on(
            current_actor(),
            form.getlist("ids"),
            act,
            folder=form.get("folder", ""),
            tags=form.get("tags", ""),
            now=utcnow(),
        )
    except TandemError as refusal:
        db.session.rollback()
        told = [word for words in refusal.errors.values() for word in words] if "ids" not in refusal.errors else []
        flash(" ".join([refusal.message, *told]), "error")
        return redirect(_back(), 303)
    return redirect(_back(batch.id), 303)


@bp.post("/library/batches/<batch_id>/undo")
@requires("media.write")
def take_back_many(batch_id: str) -> ResponseReturnValue:
    try:
        take_back(current_actor(), batch_id, utcnow())
    except TandemError as refusal:
        if refusal.status != 409:
            raise
        db.session.rollback()
        flash(refusal.message, "error")
    return redirect(_back(batch_id), 303)


def _back(batch_id: str = "") -> str:
    kept = {name: request.args.get(name, "") for name in (*FILTERS, "cursor")}
    wanted: dict[str, Any] = {name: value for name, value in {**kept, "batch": batch_id}.items() if value}
    return url_for("media.index", **wanted)
