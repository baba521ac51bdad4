"""A spreadsheet into a pack: read it, look at what it would do row by row, take it over or not. More routes of the bp."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.checks import importing, keeping
from app.checks.pack_views import bp as bp
from app.db import db, utcnow
from app.errors import Invalid, TandemError
from app.units.permissions import current_actor, requires
from app.web import _

_ROWS = 200
OUTCOMES = ("error", "twice", "change", "add", "same")


@bp.post("/settings/packs/<pack_id>/imports")
@requires("pack.manage")
def read_import(pack_id: str) -> ResponseReturnValue:
    """Nothing changes yet."""
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Invalid(_("没有导入。没有选择文件。请选择一个 .xlsx 表格。"))
        waiting = importing.read_file(current_actor(), pack_id, file.filename, file.stream.read(), utcnow())
    except TandemError as refusal:
        if refusal.status in (403, 404):
            raise
        db.session.rollback()
        flash(refusal.message, "error")
        return redirect(url_for("checks.show", pack_id=pack_id), 303)
    return redirect(url_for("checks.show_import", pack_id=pack_id, import_id=waiting.id), 303)


@bp.get("/settings/packs/<pack_id>/imports/<import_id>")
@requires("pack.manage")
def show_import(pack_id: str, import_id: str) -> ResponseReturnValue:
    """Every row with what would become of it; errors first, by pages."""
    pack, waiting = importing.waiting_import(current_actor(), pack_id, import_id)
    if waiting.state != "ready":
        return render_template("checks/reading.html", pack=pack, waiting=waiting)
    counts = {key: sum(row["outcome"] == key for row in waiting.rows) for key in OUTCOMES}
    shown = request.args.get("outcome", "")
    if shown not in OUTCOMES:
        shown = next((key for key in OUTCOMES if counts[key]), "add")
    rows = [row for row in waiting.rows if row["outcome"] == shown]
    raw = request.args.get("page", "1")
    pages = max(1, -(-len(rows) // _ROWS))
    page = min(max(1, int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 6 else 1), pages)
    return render_template(
        "checks/import.html",
        pack=pack,
        waiting=waiting,
        counts=counts,
        shown=shown,
        rows=rows[(page - 1) * _ROWS : page * _ROWS],
        page=page,
        pages=pages,
        missing=importing.missing_from(pack, waiting),
        stale=pack.version != waiting.version,
    )


@bp.get("/settings/packs/<pack_id>/imports/<import_id>/progress")
@requires("pack.manage")
def import_progress(pack_id: str, import_id: str) -> ResponseReturnValue:
    """A fragment that asks again every second; once the file is read, the page is loaded anew."""
    pack, waiting = importing.waiting_import(current_actor(), pack_id, import_id)
    if waiting.state == "ready":
        return "", 200, {"HX-Refresh": "true"}
    return render_template("checks/_reading.html", pack=pack, waiting=waiting)


@bp.post("/settings/packs/<pack_id>/imports/<import_id>/confirmation")
@requires("pack.manage")
def confirm_import(pack_id: str, import_id: str) -> ResponseReturnValue:
    replace = request.form.get("replace") == "1"
    try:
        pack = importing.take_over(current_actor(), pack_id, import_id, replace=replace, now=utcnow())
    except TandemError as refusal:
        if refusal.status in (403, 404):
            raise
        db.session.rollback()
        flash(refusal.message, "error")
        return redirect(url_for("checks.show_import", pack_id=pack_id, import_id=import_id), 303)
    count = keeping.count_terms([pack.id]).get(pack.id, 0)
    flash(_("已导入，成为第 %(n)d 版，现有 %(count)s 条，立即生效。", n=pack.version, count=f"{count:,}"), "ok")
    return redirect(url_for("checks.show", pack_id=pack_id), 303)


@bp.post("/settings/packs/<pack_id>/imports/<import_id>/removal")
@requires("pack.manage")
def drop_import(pack_id: str, import_id: str) -> ResponseReturnValue:
    importing.drop_import(current_actor(), pack_id, import_id, utcnow())
    flash(_("没有导入，词库没有变化。"), "ok")
    return redirect(url_for("checks.show", pack_id=pack_id), 303)
