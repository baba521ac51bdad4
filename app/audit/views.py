"""The audit log on screen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request

from app.audit.models import Event
from app.audit.reading import Filter, events, kinds
from app.audit.words import action_word
from app.errors import Invalid
from app.storable import moment
from app.units.permissions import in_my_units, requires
from app.web import _, settings

bp = Blueprint("audit", __name__)


@bp.get("/settings/events")
@requires("event.read")
def index() -> str:
    args = request.args
    wanted = Filter(
        action=args.get("action", "").strip(),
        actor=args.get("actor", "").strip(),
        object_type=args.get("object_type", "").strip(),
        object_id=args.get("object_id", "").strip(),
        since=_midnight(args.get("since", "")),
        until=_midnight(args.get("until", ""), days=1),
    )
    page = events(wanted, visible=in_my_units("event.read", Event.unit_id), cursor=args.get("cursor"))
    choices = [("", _("全部")), *((kind, action_word(kind, _)) for kind in kinds())]
    return render_template("audit/events.html", page=page, wanted=wanted, choices=choices, action_word=_action_word)


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
