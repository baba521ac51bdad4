"""Handing over when somebody leaves: one page with all of it, its preview, and the record for printing."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Conflict, Invalid, TandemError
from app.handover import services
from app.handover.kinds import Kind
from app.units.permissions import current_actor, proven, requires
from app.web import _

bp = Blueprint("handover", __name__)


@bp.get("/settings/people/<user_id>/handover")
@requires("user.manage")
def show(user_id: str) -> ResponseReturnValue:
    """The choice of receivers stands in the address: for a kind ("drafts"), or for all ("everyone")."""
    return _page(user_id)


@bp.post("/settings/people/<user_id>/handover")
@requires("user.manage")
@proven
def submit(user_id: str) -> ResponseReturnValue:
    form = request.form
    try:
        row = services.hand_over(
            current_actor(),
            user_id,
            _chosen(),
            digest=form.get("digest", ""),
            reason=form.get("reason", ""),
            now=utcnow(),
        )
    except (Conflict, Invalid) as refusal:
        return _page(user_id, refusal)
    flash(_("交接已办结，此人已停用，登录和令牌全部失效。"), "ok")
    return redirect(url_for("handover.record", user_id=user_id, handover_id=row.id))


@bp.get("/settings/people/<user_id>/handovers/<handover_id>")
@requires("user.manage")
def record(user_id: str, handover_id: str) -> str:
    """交接清单, as it was agreed; for printing and signing."""
    row = services.get_handover(current_actor(), user_id, handover_id)
    return render_template("handover/record.html", row=row)


def _chosen() -> dict[str, str]:
    """{key of a kind: id of who receives}: what was chosen for it, else for all; "-" is nobody."""
    given = request.values
    everyone = given.get("everyone", "")
    found = {kind.key: given.get(kind.key, "") or everyone for kind in services.KINDS if kind.asks}
    return {key: value for key, value in found.items() if value and value != "-"}


def _page(user_id: str, refusal: TandemError | None = None) -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    user = services.leaver(actor, user_id)
    chosen = _chosen()
    try:
        plan = services.plan(actor, user, chosen, now)
    except Invalid as wrong:
        refusal, chosen = wrong, {}
        plan = services.plan(actor, user, chosen, now)
    page = render_template(
        "handover/show.html",
        person=user,
        plan=plan,
        chosen={kind.key: _shown(kind) for kind in services.KINDS if kind.asks},
        sent=chosen,
        everyone=request.values.get("everyone", ""),
        receivers=services.receivers_for(actor, user),
        former=services.handovers_of(user),
        reason=request.values.get("reason", ""),
        refusal=refusal,
    )
    return page, refusal.status if refusal else 200


def _shown(kind: Kind) -> str:
    return request.values.get(kind.key, "")
