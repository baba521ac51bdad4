"""The audit log on screen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, and_, func, or_, select

from app.audit.exporting import MOST_VERIFIED, export, look_over
from app.audit.models import Event
from app.audit.reading import Filter, events, kinds
from app.audit.words import action_word
from app.db import db, utcnow
from app.errors import Invalid
from app.storable import moment
from app.units.offices import auditors
from app.units.permissions import current_actor, in_my_units, requires
from app.web import _, local, settings

bp = Blueprint("audit", __name__)


@bp.get("/settings/events")
@requires("event.read", "security.manage")
def index() -> str:
    """Who reads the log sees all of their units; the security administrator what the auditors did there."""
    wanted = _wanted()
    if wanted.since and wanted.until and wanted.until <= wanted.since:
        flash(_("“到”的日期早于“从”，查不到任何记录。请把两个日期对调，或改其中一个。"), "warn")
    page = events(wanted, visible=_seen(), cursor=request.args.get("cursor"))
    choices = [("", _("全部")), *((kind, action_word(kind, _)) for kind in kinds())]
    return render_template(
        "audit/events.html",
        page=page,
        wanted=wanted,
        choices=choices,
        action_word=_action_word,
        reads=current_actor().holds("event.read"),
    )


@bp.post("/settings/events/export")
@requires("event.read")
def export_events() -> ResponseReturnValue:
    """What the filter finds, as a table; the export is an entry itself."""
    actor, now = current_actor(), utcnow()
    table = export(actor, _wanted(), visible=_seen(), unit_id=actor.unit_id, now=now)
    name = f"events-{local(now):%Y%m%d-%H%M}.csv"
    return Response(table, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@bp.post("/settings/events/verification")
@requires("event.read")
def verify_events() -> ResponseReturnValue:
    actor = current_actor()
    faults = look_over(actor, unit_id=actor.unit_id, now=utcnow())
    if faults:
        flash(
            _("记录不完整，可能被改动过：%(faults)s请保留现场，报告系统管理员。", faults="".join(faults[:5])), "error"
        )
    else:
        flash(
            _verified_words(),
            "ok",
        )
    return redirect(url_for("audit.index"))


def _wanted() -> Filter:
    args = request.values
    return Filter(
        action=args.get("action", "").strip(),
        actor=args.get("actor", "").strip(),
        object_type=args.get("object_type", "").strip(),
        object_id=args.get("object_id", "").strip(),
        since=_midnight(args.get("since", "")),
        until=_midnight(args.get("until", ""), days=1),
    )


def _verified_words() -> str:
    number = db.session.scalar(select(func.count(Event.seq))) or 0
    if number <= MOST_VERIFIED:
        return _("核验完毕，全部记录完整，没有被改动。")
    return _("核验完毕，最近 %(n)d 条记录完整，没有被改动。更早的请在服务器上用命令核验。", n=MOST_VERIFIED)


def _seen() -> ColumnElement[bool]:
    if current_actor().holds("event.read"):
        return in_my_units("event.read", Event.unit_id)
    acts = or_(Event.actor_id.in_(auditors()), Event.action.startswith("audit."))
    return and_(in_my_units("security.manage", Event.unit_id), acts)


def _action_word(action: str) -> str:
    return action_word(action, _)


def _midnight(text: str, *, days: int = 0) -> datetime | None:
    """The start of a day in the time zone for people, `days` later."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return moment(day.isoformat(), ZoneInfo(settings().timezone))
    except (ValueError, OverflowError):
        raise Invalid(_("没有查询。日期“%(day)s”格式不对。请写成 2026-07-12 的样子。", day=text)) from None
