"""What people do in the inbox: answer, note, hand over, settle. More routes of the blueprint of app.inbox.views."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Conflict, ContentBlocked, Invalid
from app.inbox import services
from app.inbox.access import Moved, now_at
from app.inbox.views import bp as bp
from app.inbox.views import kept_filters, page
from app.storable import moment
from app.units.permissions import current_actor, requires
from app.web import _, settings


@bp.post("/inbox/<conversation_id>/replies")
@requires("inbox.reply")
def submit_reply(conversation_id: str) -> ResponseReturnValue:
    """Queue an answer; when it is refused the page comes back with the words kept and the reason beside them."""
    text = request.form.get("text", "")
    try:
        services.reply(
            current_actor(),
            conversation_id,
            text=text,
            in_reply_to=request.form.get("in_reply_to") or None,
            key=request.form.get("key") or None,
            seen_message_id=request.form.get("seen_message_id") or None,
            now=utcnow(),
        )
    except (Conflict, Invalid, ContentBlocked) as error:
        return make_response(page(now_at(conversation_id), text=text, refusal=error), error.status)
    return _back(conversation_id)


@bp.post("/inbox/<conversation_id>/notes")
@requires("inbox.reply")
def submit_note(conversation_id: str) -> ResponseReturnValue:
    text = request.form.get("text", "")
    _wherever(conversation_id, lambda found: services.add_note(current_actor(), found, text=text, now=utcnow()))
    flash(_("备注已保存，只有同事能看到。"), "ok")
    return _back(conversation_id)


@bp.post("/inbox/<conversation_id>/assignment")
@requires("inbox.read")
def submit_assignment(conversation_id: str) -> ResponseReturnValue:
    """Give to a person, or hand over to another desk."""
    unit_id = request.form.get("unit_id") or None
    values: dict[str, Any] = {
        "user_id": None if unit_id else request.form.get("user_id") or None,
        "unit_id": unit_id,
        "due_at": _moment(request.form.get("due_at", ""), "due_at"),
        "note": request.form.get("note", ""),
    }
    return _do(
        conversation_id,
        lambda: _wherever(
            conversation_id, lambda found: services.assign(current_actor(), found, now=utcnow(), **values)
        ),
        _("已转办。") if unit_id else _("已分派。") if values["user_id"] else _("已取消分派。"),
    )


@bp.post("/inbox/<conversation_id>/status")
@requires("inbox.reply")
def submit_status(conversation_id: str) -> ResponseReturnValue:
    status, now = request.form.get("status", ""), utcnow()
    until = _snooze(request.form.get("until", ""), now) if status == "snoozed" else None
    return _do(
        conversation_id,
        lambda: services.set_status(current_actor(), conversation_id, status, until=until, now=now),
        _("已办结。") if status == "resolved" else _("状态已更新。"),
    )


@bp.post("/inbox/<conversation_id>/labels")
@requires("inbox.reply")
def submit_labels(conversation_id: str) -> ResponseReturnValue:
    labels = request.form.get("labels", "").replace("，", ",").replace("、", ",").split(",")
    return _do(
        conversation_id,
        lambda: services.set_labels(current_actor(), conversation_id, labels, utcnow()),
        _("标签已保存。"),
    )


@bp.post("/inbox/<conversation_id>/remark")
@requires("inbox.reply")
def submit_remark(conversation_id: str) -> ResponseReturnValue:
    remark = request.form.get("remark", "")
    return _do(
        conversation_id,
        lambda: _wherever(conversation_id, lambda found: services.rename(current_actor(), found, remark, now=utcnow())),
        _("备注名已保存。"),
    )


@bp.post("/inbox/<conversation_id>/messages/<message_id>/retry")
@requires("inbox.reply")
def retry(conversation_id: str, message_id: str) -> ResponseReturnValue:
    """Send again; the button of an answer of unknown outcome asks first and says `confirmed`."""
    confirmed = request.form.get("confirmed") == "1"
    return _do(
        conversation_id,
        lambda: services.retry_reply(
            current_actor(), message_id, conversation_id=conversation_id, confirmed=confirmed, now=utcnow()
        ),
        _("已重新排队发送。"),
    )


@bp.post("/inbox/<conversation_id>/messages/<message_id>/settlement")
@requires("inbox.reply")
def settle(conversation_id: str, message_id: str) -> ResponseReturnValue:
    sent = request.form.get("outcome") == "sent"
    return _do(
        conversation_id,
        lambda: services.settle_reply(
            current_actor(), message_id, conversation_id=conversation_id, sent=sent, now=utcnow()
        ),
        _("已记为发出。") if sent else _("已记为没有发出，可以重发。"),
    )


def _wherever(conversation_id: str, act: Callable[[str], object]) -> None:
    """What only colleagues read, and was typed with care, follows the conversation into the one it went into."""
    try:
        act(conversation_id)
    except Moved as moved:
        act(moved.to)


def _do(conversation_id: str, act: Any, words: str) -> ResponseReturnValue:
    """One act and its word; a refusal is a message on the same page."""
    try:
        act()
    except (Conflict, Invalid) as error:
        flash(error.message, "error")
    else:
        flash(words, "ok")
    return _back(conversation_id)


def _back(conversation_id: str) -> ResponseReturnValue:
    return redirect(url_for("inbox.conversation", conversation_id=conversation_id, **kept_filters()), 303)


def _moment(raw: str, field: str) -> datetime | None:
    """A datetime-local value in the installation's time zone, as aware UTC; None for an empty one."""
    if not raw:
        return None
    try:
        return moment(raw, ZoneInfo(settings().timezone))
    except ValueError:
        raise Invalid(
            _("没有保存。时间格式不对。请用日期框重新选择。"), errors={field: [_("时间格式不对。")]}
        ) from None


def _snooze(choice: str, now: datetime) -> datetime | None:
    """1h, tomorrow or monday (at nine), or a datetime-local value."""
    local = now.astimezone(ZoneInfo(settings().timezone))
    nine = local.replace(hour=9, minute=0, second=0, microsecond=0)
    if choice == "1h":
        return now + timedelta(hours=1)
    if choice == "tomorrow":
        return (nine + timedelta(days=1)).astimezone(UTC)
    if choice == "monday":
        return (nine + timedelta(days=7 - local.weekday())).astimezone(UTC)
    return _moment(choice, "until")
