"""Publications of one state, with why each has not gone yet. One more route of app.publishing.views.bp."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.accounts.connections import home_url
from app.db import utcnow
from app.publishing import outlook, services
from app.publishing.models import STATUSES
from app.publishing.situation import Situation
from app.publishing.views import bp as bp
from app.units.permissions import current_actor, requires


@bp.get("/publications", endpoint="index")
@requires("post.read")
def index() -> ResponseReturnValue:
    """?status=: one status, or several with commas; others are left out. Newest first."""
    status = ",".join(key for key in request.args.get("status", "").split(",") if key in STATUSES)
    page = services.publications_of(current_actor(), status=status or None, cursor=request.args.get("cursor"), limit=50)
    situation = Situation(utcnow())
    return render_template(
        "publishing/list.html",
        rows=[(row, outlook.outlook(row, situation.now, situation)) for row in page.items],
        next_cursor=page.next_cursor,
        status=status,
        statuses=STATUSES,
        home_url=home_url,
        now=situation.now,
    )
