"""Changing what is said of a person, and renaming and closing a unit: more routes of the blueprint of app.units.views."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Conflict, Invalid, TandemError
from app.units.closing import close_unit, rename_unit, reopen_unit
from app.units.editing import edit_user
from app.units.managing import get_user
from app.units.people_views import person_page
from app.units.permissions import current_actor, proven, requires
from app.units.services import LEVEL_WORDS, get_unit
from app.units.sites_views import bp as bp
from app.web import _


@bp.post("/settings/people/<user_id>/details")
@requires("user.manage")
@proven
def submit_details(user_id: str) -> ResponseReturnValue:
    actor, form = current_actor(), request.form
    before = get_user(actor, user_id).unit_id
    try:
        user = edit_user(
            actor,
            user_id,
            name=form.get("name", ""),
            email=form.get("email", ""),
            unit_id=form.get("unit_id", ""),
            now=utcnow(),
        )
    except (Conflict, Invalid) as refusal:
        return person_page(user_id, refusal), refusal.status
    moved = user.unit_id != before and user.grants
    flash(_("已保存。单位变了，原有角色没有变，请逐一核对。") if moved else _("已保存。"), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.get("/settings/units/<unit_id>")
@requires("unit.manage")
def unit(unit_id: str) -> str:
    return _unit_page(unit_id)


@bp.post("/settings/units/<unit_id>")
@requires("unit.manage")
def submit_unit_name(unit_id: str) -> ResponseReturnValue:
    try:
        rename_unit(current_actor(), unit_id, request.form.get("name", ""), now=utcnow())
    except (Conflict, Invalid) as refusal:
        return _unit_page(unit_id, refusal), refusal.status
    flash(_("单位名称已保存。"), "ok")
    return redirect(url_for("units.unit", unit_id=unit_id))


@bp.post("/settings/units/<unit_id>/closing")
@requires("unit.manage")
@proven
def submit_unit_closing(unit_id: str) -> ResponseReturnValue:
    try:
        closed = close_unit(current_actor(), unit_id, now=utcnow())
    except Conflict as refusal:
        return _unit_page(unit_id, refusal), refusal.status
    flash(_("已关闭“%(name)s”。记录保留，需要时可以重新启用。", name=closed.name), "ok")
    return redirect(url_for("units.units"))


@bp.post("/settings/units/<unit_id>/reopening")
@requires("unit.manage")
@proven
def submit_unit_reopening(unit_id: str) -> ResponseReturnValue:
    try:
        opened = reopen_unit(current_actor(), unit_id, now=utcnow())
    except Conflict as refusal:
        return _unit_page(unit_id, refusal), refusal.status
    flash(_("已重新启用“%(name)s”。", name=opened.name), "ok")
    return redirect(url_for("units.unit", unit_id=unit_id))


def _unit_page(unit_id: str, refusal: TandemError | None = None) -> str:
    actor = current_actor()
    found = get_unit(actor, unit_id)
    actor.require("unit.manage", found, see="unit.read")
    return render_template(
        "units/unit.html",
        unit=found,
        level=_(LEVEL_WORDS[found.level]),
        name=request.form.get("name", found.name),
        refusal=refusal,
    )
