"""The chain of a unit, set on screen: more routes of the blueprint of app.review.views."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.db import db, utcnow
from app.errors import TandemError
from app.paging import is_number
from app.review import services
from app.review.views import bp as bp
from app.units.access import Actor, visible
from app.units.models import Unit
from app.units.permissions import current_actor, proven, requires
from app.units.roles import known_roles
from app.web import _

Rows = list[dict[str, Any]]

_EMPTY = {"name": "", "role": "reviewer", "rule": "any", "hours": None, "working": True, "secrecy": False}


@bp.get("/settings/review-chain")
@requires("unit.read")
def chain() -> ResponseReturnValue:
    return _chain_page(current_actor(), request.args.get("unit_id", ""))


@bp.post("/settings/review-chain")
@requires("review.configure")
@proven
def set_chain() -> ResponseReturnValue:
    """The rows as the form shows them. `edit` adds, moves or removes one and saves nothing; `inherit`: none at all."""
    actor, form = current_actor(), request.form
    unit_id, rows = form.get("unit_id", ""), _rows()
    if edit := form.get("edit"):
        return _chain_page(actor, unit_id, rows=_edited(rows, edit))
    try:
        wanted = [] if form.get("inherit") else rows
        if wanted:
            # Its box cannot be unticked: by saving this page the unit asks for it.
            wanted[-1]["secrecy"] = True
        services.set_chain(actor, unit_id, wanted, utcnow(), after_hours=form.get("after_hours"))
    except TandemError as refusal:
        return _chain_page(actor, unit_id, refusal, rows)
    flash(_("审核流程已保存。正在进行的审核仍按原流程走完。"), "ok")
    return redirect(url_for("review.chain", unit_id=unit_id))


def _rows() -> Rows:
    """One for each name in the form; the tick boxes are named by the row's number."""
    form = request.form
    columns = zip(form.getlist("name"), form.getlist("role"), form.getlist("rule"), strict=False)
    hours, kinds = form.getlist("hours"), form.getlist("kind")
    return [
        {
            "name": name,
            "role": role,
            "rule": rule,
            "hours": hours[number] if number < len(hours) else None,
            "working": number >= len(kinds) or kinds[number] == "working",
            "secrecy": str(number) in form.getlist("secrecy"),
        }
        for number, (name, role, rule) in enumerate(columns)
    ]


def _edited(rows: Rows, edit: str) -> Rows:
    """`edit` is add, up:1, down:1 or remove:1; one that cannot be changes nothing."""
    what, _colon, place = edit.partition(":")
    at = int(place) if is_number(place) and int(place) < len(rows) else -1
    if what == "add" and len(rows) < services.MOST_STAGES:
        return [*rows, dict(_EMPTY)]
    if what == "remove" and at >= 0 and len(rows) > 1:
        return rows[:at] + rows[at + 1 :]
    to = at + {"up": -1, "down": 1}.get(what, 0)
    if at >= 0 and 0 <= to < len(rows):
        rows[at], rows[to] = rows[to], rows[at]
    return rows


def _chain_page(
    actor: Actor, unit_id: str, refusal: TandemError | None = None, rows: Rows | None = None
) -> ResponseReturnValue:
    units = list(db.session.scalars(select(Unit).where(visible(actor, "unit.read", Unit.id)).order_by(Unit.path)))
    wanted = unit_id or actor.unit_id
    unit = next((item for item in units if item.id == wanted), units[0] if units else None)
    found = (
        services.chain_of(unit.id) if unit else services.Chain(unit_id="", stages=[], after_hours=services.AFTER_HOURS)
    )
    origin = db.session.get(Unit, found.unit_id) if found.unit_id else None
    page = render_template(
        "review/chain.html",
        units=units,
        unit=unit,
        chain=found,
        origin=origin,
        reach=services.reach_of(unit) if unit else None,
        rows=rows if rows is not None else found.stages,
        after_hours=request.form.get("after_hours", found.after_hours),
        unsaved=rows is not None and refusal is None,
        most=services.MOST_STAGES,
        deciding=services.deciding_in(unit) if unit else {},
        roles=known_roles(),
        may_configure=unit is not None and actor.may("review.configure", unit),
        refusal=refusal,
    )
    return page, refusal.status if refusal else 200
