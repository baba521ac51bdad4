"""The calendar's page, its feed, its tray, and moving a post on it. More routes of app.publishing.views.bp."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import get_template_attribute, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Invalid
from app.publishing import blackouts, calendar, plans, scopes, slots
from app.publishing.calendar import Chip, Moved
from app.publishing.views import bp as bp
from app.publishing.views import local_time
from app.states import state_of
from app.storable import moment
from app.units.permissions import current_actor, proven, requires
from app.web import _, local, people_time, settings

_HOUR = timedelta(hours=1)
_SLOT = timedelta(minutes=30)
_WEEK = 7


@bp.get("/calendar", endpoint="calendar")
@requires("post.read")
def show() -> ResponseReturnValue:
    """The frame and the tray; the browser draws the weeks from the feed (address: ?view=week|month|list&date=)."""
    now = utcnow()
    return render_template(
        "publishing/calendar.html",
        **_tray(),
        may_schedule=current_actor().holds("post.schedule"),
        may_write=current_actor().holds("post.write"),
        today=local(now).date().isoformat(),
        offset=_offset(now),
    )


@bp.get("/calendar/tray", endpoint="calendar_tray")
@requires("post.read")
def tray() -> ResponseReturnValue:
    """The tray's fragment."""
    return render_template("publishing/_tray.html", **_tray())


def _tray() -> dict[str, Any]:
    groups = calendar.tray(current_actor())
    shown = [post for group in groups for post, _able in group.posts]
    return {
        "groups": groups,
        "wished": plans.of_posts(post.id for post in shown),
        "wishable": {post.id for post in shown if current_actor().may(plans.KEY, post.unit)},
        "wall": wall,
    }


@bp.get("/calendar/feed", endpoint="calendar_feed")
@requires("post.read")
def feed() -> ResponseReturnValue:
    """JSON for ?start=&end= (days, end excluded): events and the day heads' quotas, times as local wall-clock."""
    actor, now = current_actor(), utcnow()
    first, end = _day("start"), _day("end")
    days = (end - first).days
    scheduled, total = calendar.chips(actor, first, days, now)
    chips = [*scheduled, *calendar.planned(actor, first, days, now)]
    draw = get_template_attribute("publishing/_chip.html", "chip")
    cut = ""
    if total > len(scheduled):
        cut = _(
            "这段时间共有 %(total)d 篇，只列出最早的 %(shown)d 篇。一次显示不下。请换到周视图，或缩短日期范围分段查看。",
            total=total,
            shown=len(scheduled),
        )
    return jsonify(
        {
            "events": [_event(chip, str(draw(chip, now))) for chip in chips],
            "heads": _heads(first, days, now),
            "silences": _silences(first, days),
            "slots": _slots(first, days, now),
            "cut": cut,
            "offset": _offset(now),
        }
    )


def _heads(first: date, days: int, now: datetime) -> dict[str, str]:
    """For a week's days: the black-outs and what the accounts may still be given. A month's have no room for them."""
    if days > _WEEK:
        return {}
    silence = get_template_attribute("publishing/_chip.html", "silence")
    places = get_template_attribute("publishing/_chip.html", "places")
    actor = current_actor()
    silent, left = blackouts.by_day(actor, first, days), calendar.places(actor, first, days, now)
    heads = {}
    for day in {*silent, *left}:
        named = "".join(str(silence(row, scopes.name_of(row))) for row in silent.get(day, []))
        heads[day.isoformat()] = named + (str(places(left[day])) if left.get(day) else "")
    return {day: html for day, html in heads.items() if html}


def _silences(first: date, days: int) -> list[dict[str, str]]:
    """The black-outs that touch these days, each once, in wall-clock hours."""
    silence = get_template_attribute("publishing/_chip.html", "silence")
    found = {row.id: row for rows in blackouts.by_day(current_actor(), first, days).values() for row in rows}
    return [
        {"start": wall(row.starts_at), "end": wall(row.ends_at), "html": str(silence(row, scopes.name_of(row)))}
        for row in found.values()
    ]


def _slots(first: date, days: int, now: datetime) -> list[dict[str, str]]:
    """The free slots of a week, those of one moment together; a month has no room for them."""
    if days > _WEEK:
        return []
    draw = get_template_attribute("publishing/_chip.html", "slot")
    return [
        {
            "start": wall(slot.at),
            "end": _end(_wall_time(slot.at), _SLOT).isoformat(),
            "html": str(draw(slot)),
        }
        for slot in slots.free_between(current_actor(), first, days, now)
    ]


def _wall_time(at: datetime) -> datetime:
    return local(at).replace(tzinfo=None, microsecond=0)


def _end(start: datetime, length: timedelta) -> datetime:
    """Never into the next day."""
    return min(start + length, datetime.combine(start.date(), time(23, 59, 59)))


def wall(at: datetime) -> str:
    return _wall_time(at).isoformat()


def _event(chip: Chip, html: str) -> dict[str, Any]:
    """As event-calendar takes it: an hour long, but never into the next day."""
    start = _wall_time(chip.at)
    end = _end(start, _HOUR)
    looks = [f"state-{state_of(chip.state).colour}"]
    looks += ["stopped"] if chip.stopped else []
    looks += [] if chip.movable else ["fixed"]
    looks += ["planned"] if chip.plan else []
    looks += ["clashing"] if chip.clashes else []
    return {
        "id": chip.post.id,
        "title": chip.post.title or _("未命名稿件"),
        "start": start.isoformat(),
        "end": end.isoformat(),
        "startEditable": chip.movable,
        "classNames": looks,
        "extendedProps": {
            "at": start.isoformat(timespec="minutes"),
            "html": html,
            "seen": chip.at.isoformat(),
            "planned": chip.plan is not None,
        },
    }


@bp.put("/calendar/posts/<post_id>/time", endpoint="calendar_move")
@requires("post.read")
@proven
def move(post_id: str) -> ResponseReturnValue:
    """{at: local wall-clock, seen: the hour shown (ISO 8601) or ""} -> what to say, and how to undo it."""
    fields = request.get_json(silent=True)
    if not isinstance(fields, dict):
        raise Invalid(_("没有改期。请求里没有发布时间。请刷新页面后重试。"))
    now = utcnow()
    moved = calendar.move(
        current_actor(),
        post_id,
        at=local_time(str(fields.get("at", ""))),
        seen=instant(str(fields.get("seen") or "")),
        now=now,
    )
    return moved_json(moved, now)


@bp.delete("/calendar/posts/<post_id>/time", endpoint="calendar_take_off")
@requires("post.read")
def take_off(post_id: str) -> ResponseReturnValue:
    """{seen: the hour it was given (ISO 8601)}: off the schedule again, the way back for a post from the tray."""
    fields = request.get_json(silent=True)
    seen = instant(str(fields.get("seen") or "")) if isinstance(fields, dict) else None
    calendar.take_off(current_actor(), post_id, seen=seen, now=utcnow())
    return jsonify({"said": _("已取消排期。"), "undo": None})


def moved_json(moved: Moved, now: datetime) -> ResponseReturnValue:
    """What to say, and how the page's script undoes it."""
    return jsonify({"said": _said(moved, now), "undo": _undo(moved), "seen": moved.at.isoformat()})


def _said(moved: Moved, now: datetime) -> str:
    when = people_time(moved.at, now)
    return _("已排到 %(when)s", when=when) if moved.undo == "" else _("已改到 %(when)s", when=when)


def _undo(moved: Moved) -> str | None:
    """The local wall-clock to go back to, "" for off the schedule, None for no way back."""
    if not isinstance(moved.undo, datetime):
        return moved.undo
    return local(moved.undo).replace(tzinfo=None, microsecond=0).isoformat()


def instant(text: str) -> datetime | None:
    try:
        found = moment(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _day(name: str) -> date:
    try:
        found = date.fromisoformat(request.args.get(name, "")[:10])
    except ValueError:
        found = date.min
    if not 2000 <= found.year < 2200:
        raise Invalid(
            _("没有取到日历内容。日期不对，应写成 2026-07-12 这样。请从日历页面重新进入。"),
            errors={name: [_("日期不对。")]},
        )
    return found


def _offset(now: datetime) -> str:
    """The installation's distance from UTC, "+08:00"."""
    return now.astimezone(ZoneInfo(settings().timezone)).isoformat()[-6:]
