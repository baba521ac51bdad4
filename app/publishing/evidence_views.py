"""What the platform itself says of a failed call of a publication. One more route of app.publishing.views.bp."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Conflict
from app.publishing import services
from app.publishing.evidence import explain
from app.publishing.views import bp as bp
from app.units.permissions import current_actor, requires


@bp.post("/publications/<publication_id>/explanation")
@requires("post.read")
def explanation(publication_id: str) -> ResponseReturnValue:
    """What the platform's own log says of one failed call."""
    actor, rid = current_actor(), request.form.get("rid", "").strip()
    row = services.get_publication(actor, publication_id)
    try:
        told = explain(actor, publication_id, rid, now=utcnow())
    except Conflict as error:
        flash(error.message, "error")
        return redirect(url_for("publishing.show", publication_id=publication_id), 303)
    at = datetime.fromisoformat(told["asked_at"]) if told["asked_at"] else None
    return render_template("publishing/explanation.html", row=row, rid=rid, told=told, at=at)
