"""The first page: what waits for me, what goes out today, how accounts and inbox stand."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template

from app.db import utcnow
from app.inspection.rules import VETO_AT
from app.inspection.services import posts_by_day
from app.inspection.views import DAYS, last_days
from app.units.permissions import SIGNED_IN, current_actor, requires
from app.workbench import gathering_views as gathering
from app.workbench.figures_views import thirty_days

bp = Blueprint("workbench", __name__)


@bp.get("/")
@requires(SIGNED_IN)
def index() -> str:
    return render_template("workbench/index.html", **_gathered())


@bp.get("/workbench/columns")
@requires(SIGNED_IN)
def columns() -> str:
    """The three columns alone, polled."""
    return render_template("workbench/_columns.html", **_gathered())


def _gathered() -> dict[str, object]:
    actor, now = current_actor(), utcnow()
    states = gathering.health(actor, now)
    days = last_days(now)
    return {
        "errands": gathering.errands(actor, now),
        "slots": gathering.today(actor, now),
        "now_place": gathering.day_place(now),
        "sees_posts": actor.holds("post.read"),
        "writes": actor.holds("post.write"),
        "states": states,
        "days": days,
        "veto_day": days[-1] - timedelta(days=VETO_AT - 1),
        "counts": posts_by_day([state.account.id for state in states], days[-1], DAYS),
        "thirty": thirty_days(actor, days),
        "ages": gathering.inbox_ages(actor, now),
        "sees_inbox": actor.holds("inbox.read"),
        "sees_accounts": actor.holds("account.read"),
        "now": now,
    }
