"""Approving answers: the approvers' page, and what authors do with what waits. More routes of the inbox's blueprint."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid
from app.inbox import services
from app.inbox.access import may, now_at
from app.inbox.holding import questions_of
from app.inbox.platform_views import bp as bp
from app.inbox.views import kept_filters, page
from app.units.permissions import current_actor, requires
from app.web import _


@bp.get("/review/replies")
@requires("reply.approve")
def held_replies() -> str:
    """What waits for this person's word, each with what it answers and how long the platform still takes it."""
    actor, now = current_actor(), utcnow()
    rows = services.decidable(actor)
    return render_template(
        "inbox/held.html",
        rows=rows,
        asked=questions_of(rows),
        windows=services.windows_of([row.conversation for row in rows], now),
        readable={row.id for row in rows if may(actor, row.conversation, "inbox.read")},
        now=now,
    )


@bp.post("/review/replies/<held_id>")
@requires("reply.approve")
def decide_held(held_id: str) -> ResponseReturnValue:
    """Approve or return one."""
    actor, now, form = current_actor(), utcnow(), request.form
    try:
        if form.get("decision") == "approve":
            services.approve_reply(actor, held_id, sha256=form.get("sha256", ""), now=now)
            words = _("已通过，回复已排队发送。")
        else:
            services.return_reply(actor, held_id, reason=form.get("reason", ""), now=now)
            words = _("已退回给作者。")
    except (Conflict, Invalid, Forbidden) as error:
        flash(error.message, "error")
    else:
        flash(words, "ok")
    return redirect(url_for("inbox.held_replies"), 303)


@bp.post("/inbox/<conversation_id>/held/<held_id>")
@requires("inbox.reply")
def change_held(conversation_id: str, held_id: str) -> ResponseReturnValue:
    """The author's new words; refused, the page comes back with them and the reason."""
    text = request.form.get("text", "")
    try:
        services.change_reply(current_actor(), held_id, text=text, within=now_at(conversation_id), now=utcnow())
    except (Conflict, Invalid, ContentBlocked) as error:
        return make_response(page(now_at(conversation_id), text=text, refusal=error), error.status)
    flash(_("已保存，重新等待审核。"), "ok")
    return redirect(url_for("inbox.conversation", conversation_id=now_at(conversation_id), **kept_filters()), 303)


@bp.post("/inbox/<conversation_id>/held/<held_id>/withdrawal")
@requires("inbox.reply")
def withdraw_held(conversation_id: str, held_id: str) -> ResponseReturnValue:
    try:
        services.withdraw_reply(current_actor(), held_id, within=now_at(conversation_id), now=utcnow())
    except Conflict as error:
        flash(error.message, "error")
    else:
        flash(_("已收回，不会发出。"), "ok")
    return redirect(url_for("inbox.conversation", conversation_id=now_at(conversation_id), **kept_filters()), 303)
