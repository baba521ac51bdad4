"""Wished hours on the calendar, and importing a plan: upload, report, drafts. More routes of app.publishing.views.bp."""

from __future__ import annotations

from flask import jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from app.db import db, utcnow
from app.errors import Invalid, TandemError
from app.publishing import plan_import, plan_template, plans
from app.publishing.calendar_views import instant, wall
from app.publishing.plan_models import PlanImport
from app.publishing.views import bp as bp
from app.publishing.views import do_and_say, local_time
from app.units.permissions import current_actor, requires
from app.web import _, people_time

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PER_PAGE = 200
SHOWN = ("all", "good", "heed", "known", "bad")


@bp.put("/calendar/posts/<post_id>/wish", endpoint="calendar_wish")
@requires("post.read")
def wish(post_id: str) -> ResponseReturnValue:
    """{at: local wall-clock, seen: the hour shown (ISO 8601) or ""} -> what to say, and how to undo it, as for a move."""
    fields = _body()
    now, at = utcnow(), local_time(str(fields.get("at", "")))
    before = plans.wish(current_actor(), post_id, at, seen=instant(str(fields.get("seen") or "")), now=now)
    back = None if before is not None and before <= now else wall(before) if before else ""
    said = _("已拟排到 %(when)s。到点不会发出，通过审核并排期后才发。", when=people_time(at, now))
    return jsonify({"said": said, "undo": back, "seen": at.isoformat()})


@bp.delete("/calendar/posts/<post_id>/wish", endpoint="calendar_drop_wish")
@requires("post.read")
def drop_wish(post_id: str) -> ResponseReturnValue:
    plans.drop(current_actor(), post_id, seen=instant(str(_body().get("seen") or "")), now=utcnow())
    return jsonify({"said": _("已取消拟排。"), "undo": None})


def _body() -> dict[str, object]:
    fields = request.get_json(silent=True)
    if not isinstance(fields, dict):
        raise Invalid(_("没有改动。请求里没有时间。请刷新页面后重试。"))
    return fields


@bp.get("/calendar/import", endpoint="plan_import")
@requires("post.write")
def show_upload(refusal: TandemError | None = None) -> ResponseReturnValue:
    """The form, the template, and one's own earlier imports."""
    page = render_template(
        "publishing/plan_upload.html", imports=plan_import.mine(current_actor()), refusal=refusal, now=utcnow()
    )
    return page, (refusal.status if refusal else 200)


@bp.get("/calendar/import/template.xlsx", endpoint="plan_template")
@requires("post.write")
def download_template() -> ResponseReturnValue:
    content = plan_template.template(current_actor(), utcnow())
    return send_file(content, mimetype=_XLSX, as_attachment=True, download_name=_("排期表模板.xlsx"))


@bp.post("/calendar/import", endpoint="plan_upload")
@requires("post.write")
def upload() -> ResponseReturnValue:
    """Reads the file; nothing is made of it yet."""
    sent = request.files.get("file")
    try:
        if sent is None or not sent.filename:
            raise Invalid(_("没有读入。没有选择文件。请选择填好的排期表（.xlsx）。"))
        found = plan_import.upload(current_actor(), sent.filename, sent.read(), now=utcnow())
    except TandemError as refusal:
        db.session.rollback()
        return show_upload(refusal)
    return redirect(url_for("publishing.plan_report", import_id=found.id), 303)


@bp.get("/calendar/imports/<import_id>", endpoint="plan_report")
@requires("post.write")
def show_report(import_id: str) -> ResponseReturnValue:
    """What would be made and what is wrong, row by row (?shown=all|good|heed|known|bad&page=); after confirming, how it goes."""
    actor, now = current_actor(), utcnow()
    found = plan_import.get(actor, import_id)
    if found.confirmed_at is not None:
        return render_template("publishing/plan_made.html", **_made(found))
    judged = plan_import.report(actor, found, now)
    groups = {
        "all": judged,
        "good": [one for one in judged if one.good],
        "heed": [one for one in judged if one.good and one.clashes],
        "known": [one for one in judged if one.twin_id],
        "bad": [one for one in judged if one.wrong],
    }
    shown = request.args.get("shown", "")
    shown = shown if shown in SHOWN else "bad" if groups["bad"] else "all"
    pages = max(1, -(-len(groups[shown]) // PER_PAGE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return render_template(
        "publishing/plan_report.html",
        found=found,
        rows=groups[shown][(page - 1) * PER_PAGE : page * PER_PAGE],
        counts={key: len(group) for key, group in groups.items()},
        shown=shown,
        page=page,
        pages=pages,
        now=now,
    )


@bp.post("/calendar/imports/<import_id>/confirmation", endpoint="plan_confirm")
@requires("post.write")
def confirm(import_id: str) -> ResponseReturnValue:
    """Once. The page that follows makes the drafts."""

    def act() -> str:
        plan_import.confirm(current_actor(), import_id, now=utcnow())
        return _("已确认，正在建草稿。")

    return do_and_say(act, url_for("publishing.plan_report", import_id=import_id))


@bp.post("/calendar/imports/<import_id>/drafts", endpoint="plan_drafts")
@requires("post.write")
def make_drafts(import_id: str) -> ResponseReturnValue:
    """The next drafts of a confirmed plan are made. The page's fragment asks again until all are."""
    actor = current_actor()
    if request.headers.get("HX-Request"):
        plan_import.make_drafts(actor, import_id, now=utcnow())
        return render_template("publishing/_plan_progress.html", **_made(plan_import.get(actor, import_id)))

    def act() -> str:
        done = plan_import.make_drafts(actor, import_id, now=utcnow())
        return _("已建 %(made)d 篇草稿。", made=done.made) if not done.left else _("正在建草稿。")

    return do_and_say(act, url_for("publishing.plan_report", import_id=import_id))


@bp.post("/calendar/imports/<import_id>/discard", endpoint="plan_discard")
@requires("post.write")
def discard(import_id: str) -> ResponseReturnValue:
    def act() -> str:
        plan_import.discard(current_actor(), import_id, now=utcnow())
        return _("已放弃这次导入，没有建任何草稿。")

    return do_and_say(act, url_for("publishing.plan_import"))


def _made(found: PlanImport) -> dict[str, object]:
    return {
        "found": found,
        "progress": plan_import.progress(found),
        "left_out": plan_import.left_out(found),
        "first": plan_import.first_hour(found),
        "wall": wall,
    }
