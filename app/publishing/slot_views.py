"""Timetables, the next free slot, and the question what speaks against an hour. More routes of app.publishing.views.bp."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import atomic, db, utcnow
from app.errors import Invalid
from app.posts import services as posts
from app.publishing import conflicts, openings, slots, timetables
from app.publishing.calendar_views import instant, moved_json, wall
from app.publishing.conflicts import Clash
from app.publishing.plan_models import GAP
from app.publishing.views import bp as bp
from app.publishing.views import local_time
from app.units.permissions import current_actor, proven, requires
from app.web import _, in_words


@bp.get("/calendar/slots", endpoint="slots")
@requires("account.read")
def timetable_page(refusal: Invalid | None = None) -> ResponseReturnValue:
    """Every account's hours; a form sets those of one or several at once (?account= ticks one beforehand)."""
    actor = current_actor()
    rows = timetables.visible_to(actor)
    chosen = request.args.get("account", "")
    kept = next((row for account, row in rows if account.id == chosen), None)
    page = render_template(
        "publishing/slots.html",
        rows=[(account, row, _lines(row)) for account, row in rows],
        manageable=[account for account, _row in rows if actor.may(timetables.MANAGE, account.unit)],
        chosen=request.form.getlist("account_ids") if refusal else [chosen],
        values={
            "slots": request.form.get("slots", "") if refusal else timetables.written(kept.slots) if kept else "",
            "gap_minutes": request.form.get("gap_minutes", "") if refusal else kept.gap_minutes if kept else GAP,
        },
        gap=GAP,
        refusal=refusal,
    )
    return page, (422 if refusal else 200)


@bp.post("/calendar/slots", endpoint="keep_slots")
@requires("account.manage")
def keep_timetables() -> ResponseReturnValue:
    """The same hours for all ticked accounts: all or none."""
    form, actor, now = request.form, current_actor(), utcnow()
    ids = form.getlist("account_ids")
    try:
        if not ids:
            raise Invalid(
                _("发布时段没有保存。没有选择账号。请勾选至少一个账号。"), errors={"account_ids": [_("请勾选账号。")]}
            )
        found = timetables.read_slots(form.get("slots", ""))
        gap = _minutes(form.get("gap_minutes", ""))
        with atomic():
            for account_id in ids:
                timetables.keep(actor, account_id, found, gap, now=now)
    except Invalid as refusal:
        db.session.rollback()
        return timetable_page(refusal)
    flash(_("已保存 %(n)d 个账号的发布时段。", n=len(ids)), "ok")
    return redirect(url_for("publishing.slots"), 303)


@bp.get("/accounts/<account_id>/slots", endpoint="account_slots")
@requires("account.read")
def account_slots(account_id: str) -> ResponseReturnValue:
    """A fragment of the account's page: its hours, and the way to change them."""
    actor = current_actor()
    account, row = timetables.get(actor, account_id)
    return render_template(
        "publishing/_account_slots.html",
        account=account,
        row=row,
        lines=_lines(row),
        manages=actor.may(timetables.MANAGE, account.unit),
    )


@bp.post("/calendar/posts/<post_id>/conflicts", endpoint="calendar_conflicts")
@requires("post.read")
def ask_conflicts(post_id: str) -> ResponseReturnValue:
    """{at: local wall-clock} -> {conflicts: [{kind, severity, message, …}]}, before anything is changed."""
    at = local_time(str(_body().get("at", "")))
    found = conflicts.at_hour(current_actor(), post_id, at)
    return jsonify({"conflicts": [_json(clash) for clash in found]})


@bp.get("/calendar/posts/<post_id>/slot", endpoint="calendar_next")
@requires("post.read")
def ask_next(post_id: str) -> ResponseReturnValue:
    """{at: the next free slot as local wall-clock}; 409 in words when there is none."""
    at = slots.next_free(current_actor(), post_id, utcnow())
    return jsonify({"at": wall(at)[:16], "said": openings.moment_words(at)})


@bp.post("/calendar/posts/<post_id>/slot", endpoint="calendar_to_next")
@requires("post.read")
@proven
def to_next(post_id: str) -> ResponseReturnValue:
    """{seen}: into the next free slot of all its accounts -> what to say, and how to undo it, as for a move."""
    now = utcnow()
    moved = slots.to_next(current_actor(), post_id, seen=instant(str(_body().get("seen") or "")), now=now)
    return moved_json(moved, now)


@bp.get("/posts/<post_id>/schedule-conflicts", endpoint="schedule_conflicts")
@requires("post.read")
def panel_conflicts(post_id: str) -> ResponseReturnValue:
    """A fragment of the post's panel: what speaks against ?publish_at=, and when the next free slot is."""
    actor = current_actor()
    post = posts.get_post(actor, post_id)
    try:
        at = local_time(request.args.get("publish_at", ""))
    except Invalid:
        return ""
    return render_template("publishing/_conflicts.html", clashes=conflicts.of_post(actor, post, at))


def _json(clash: Clash) -> dict[str, Any]:
    said = clash.said(in_words) + conflicts.free_words(clash, in_words)
    return {**conflicts.json_of(clash), "message": said}


def _lines(row: Any) -> list[str]:
    return timetables.written(row.slots).splitlines() if row is not None else []


def _body() -> dict[str, Any]:
    fields = request.get_json(silent=True)
    if not isinstance(fields, dict):
        raise Invalid(_("没有执行。请求里没有内容。请刷新页面后重试。"))
    return fields


def _minutes(text: str) -> int:
    try:
        return int(text.strip() or GAP)
    except ValueError:
        raise Invalid(
            _("发布时段没有保存。最小间隔应为整数分钟。请改正后重试。"), errors={"gap_minutes": [_("请填整数。")]}
        ) from None
