"""Pages of the word packs: the list, those that come with the product, the bench. One pack's pages are in pack_views."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.checks import bench, keeping, packs
from app.checks.builtin import builtin_pack
from app.db import db, utcnow
from app.errors import NotFound, TandemError
from app.units.access import Actor, visible
from app.units.models import Unit
from app.units.permissions import current_actor, requires
from app.web import _

bp = Blueprint("checks", __name__)


@bp.get("/settings/packs")
@requires("post.read")
def index() -> ResponseReturnValue:
    return _index_page()


@bp.post("/settings/packs")
@requires("pack.manage")
def create() -> ResponseReturnValue:
    form = request.form
    try:
        pack = keeping.create_pack(
            current_actor(),
            unit_id=form.get("unit_id", ""),
            name=form.get("name", ""),
            source=form.get("source", ""),
            now=utcnow(),
        )
    except TandemError as refusal:
        db.session.rollback()
        return _index_page(refusal), refusal.status
    flash(_("已新建词库“%(name)s”。请添加词条，或从表格导入。", name=pack.name), "ok")
    return redirect(url_for("checks.show", pack_id=pack.id), 303)


@bp.get("/settings/packs/builtin/<key>")
@requires("post.read")
def builtin(key: str) -> ResponseReturnValue:
    """What a pack of the product says."""
    pack = builtin_pack(key)
    if pack is None:
        raise NotFound
    return render_template("checks/builtin.html", pack=pack)


@bp.post("/settings/packs/builtin/<key>/switch")
@requires("pack.manage")
def switch_builtin(key: str) -> ResponseReturnValue:
    unit_id, active = request.form.get("unit_id", ""), request.form.get("active") == "1"
    keeping.switch_builtin(current_actor(), unit_id, key, active, utcnow())
    flash(_("已启用，立即生效。") if active else _("已停用，立即生效。"), "ok")
    return redirect(url_for("checks.index", unit_id=unit_id), 303)


@bp.post("/settings/packs/builtin/<key>/copy")
@requires("pack.manage")
def copy_builtin(key: str) -> ResponseReturnValue:
    try:
        pack = keeping.copy_builtin(current_actor(), request.form.get("unit_id", ""), key, utcnow())
    except TandemError as refusal:
        db.session.rollback()
        return _index_page(refusal), refusal.status
    flash(_("已复制为本单位的词库，可以修改；随产品提供的那一份在本单位已停用。"), "ok")
    return redirect(url_for("checks.show", pack_id=pack.id), 303)


@bp.get("/settings/packs/bench")
@requires("post.read")
def try_page() -> ResponseReturnValue:
    return _bench_page()


@bp.post("/settings/packs/bench")
@requires("post.read")
def try_out() -> ResponseReturnValue:
    """Nothing of what is pasted is kept."""
    form = request.form
    try:
        tried = bench.try_out(current_actor(), form.get("unit_id", ""), form.get("text", ""))
    except TandemError as refusal:
        return _bench_page(refusal=refusal), refusal.status
    return _bench_page(tried)


def _bench_page(tried: bench.Tried | None = None, refusal: TandemError | None = None) -> str:
    actor = current_actor()
    return render_template(
        "checks/bench.html",
        units=_units(actor, "post.read"),
        unit_id=request.form.get("unit_id") or actor.unit_id,
        text=request.form.get("text", ""),
        most=bench.MOST,
        tried=tried,
        refusal=refusal,
    )


def _index_page(refusal: TandemError | None = None) -> str:
    actor = current_actor()
    found = packs.packs_seen_by(actor)
    readable, managed = _units(actor, "post.read"), _units(actor, keeping.MANAGE)
    wanted = request.values.get("unit_id") or actor.unit_id
    unit = next((unit for unit in readable if unit.id == wanted), readable[0] if readable else None)
    return render_template(
        "checks/index.html",
        packs=found,
        counts=keeping.count_terms([pack.id for pack in found]),
        units=readable,
        unit=unit,
        states=packs.builtin_states(unit) if unit else [],
        managed=managed,
        may_switch=unit is not None and actor.may(keeping.MANAGE, unit),
        refusal=refusal,
        form=request.form,
    )


def _units(actor: Actor, key: str) -> list[Any]:
    return list(db.session.scalars(select(Unit).where(visible(actor, key, Unit.id)).order_by(Unit.path)))
