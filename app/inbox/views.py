"""The inbox's pages: list, thread and context in three panes, one at a time on a phone."""

from __future__ import annotations

import hashlib
import io
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from app.db import new_id, utcnow
from app.inbox import media as message_media
from app.inbox import services
from app.inbox.access import Moved, may, now_at, owns
from app.inbox.answering import author_name
from app.inbox.approvers import approvers_of
from app.inbox.filekinds import extension_of, shown_as
from app.inbox.models import Conversation
from app.inbox.reading import ME, NOBODY
from app.inbox.silences import inbox_accounts, silences
from app.units.access import Actor
from app.units.permissions import current_actor, requires

bp = Blueprint("inbox", __name__)

TABS = {"mine": ME, "unassigned": NOBODY, "all": "", "approval": ""}


def init(app: Flask) -> None:
    """Template helpers."""
    app.jinja_env.globals.update(contact_name=services.display_name, message_author=author_name)
    app.jinja_env.globals.update(held_count=lambda: len(services.decidable(current_actor())))


@bp.get("/inbox")
@requires("inbox.read")
def index() -> str:
    return page(None)


@bp.get("/inbox/list")
@requires("inbox.read")
def list_fragment() -> ResponseReturnValue:
    """The list alone, polled; 204 while nothing changed."""
    return _answer(_list_html(current_actor(), request.args.get("c", ""), utcnow()))


@bp.get("/inbox/<conversation_id>")
@requires("inbox.read")
def conversation(conversation_id: str) -> ResponseReturnValue:
    try:
        return page(conversation_id)
    except Moved as moved:
        return redirect(url_for("inbox.conversation", conversation_id=moved.to, **kept_filters()))


@bp.get("/inbox/<conversation_id>/thread")
@requires("inbox.read")
def thread_fragment(conversation_id: str) -> ResponseReturnValue:
    """The thread alone, polled; 204 while nothing changed. That of the conversation which this one went into: the page
    around it stays, with whatever is being written there."""
    return _answer(_thread_html(current_actor(), now_at(conversation_id), utcnow()))


@bp.get("/inbox/media/<media_id>")
@requires("inbox.read")
def media(media_id: str) -> ResponseReturnValue:
    """A file that somebody sent, for those who may read its conversation; it can do nothing in our pages."""
    found = message_media.open_media(current_actor(), media_id)
    response: Response = send_file(
        io.BytesIO(found.content or b""),
        mimetype=found.content_type,
        as_attachment=shown_as(found.content_type) == "file",
        download_name=f"{found.id}.{extension_of(found.content_type)}",
        etag=found.id,
        conditional=True,
    )
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def page(conversation_id: str | None, *, text: str = "", refusal: Any = None) -> str:
    """The whole page; `refusal` is shown at the composer, whose `text` is kept."""
    actor, now = current_actor(), utcnow()
    accounts = inbox_accounts(actor)
    chosen = services.get_conversation(actor, conversation_id) if conversation_id else None
    wanted = request.args.get("account_id") or (chosen.account_id if chosen else "")
    concerned = [account for account in accounts if not wanted or account.id == wanted]
    return render_template(
        "inbox/index.html",
        accounts=accounts,
        filters=filters(),
        held_count=services.count(actor, services.Filter(held=True)),
        silences=silences(concerned),
        list_html=_list_html(actor, conversation_id or "", now),
        chosen=chosen,
        thread_html=_thread_html(actor, chosen.id, now) if chosen else "",
        text=text,
        refusal=refusal,
        **(_working(actor, chosen, now) if chosen else {}),
    )


def filters() -> dict[str, str]:
    """The list's filters as the address has them; the tab falls back to 全部, the status to what is not resolved."""
    tab = request.args.get("tab", "all")
    return {
        "tab": tab if tab in TABS else "all",
        "account_id": request.args.get("account_id", ""),
        "status": request.args.get("status", "unresolved"),
        "q": request.args.get("q", "").strip()[:100],
    }


def kept_filters() -> dict[str, Any]:
    """The filters that differ from the defaults, for addresses."""
    return {key: value for key, value in filters().items() if value and (key, value) not in _DEFAULTS}


# What the page's filters mean: put off until later, a conversation is on no list but its own until its hour.
_LISTS = {"all": "", "unresolved": "current", "open": "waiting"}
_DEFAULTS = {("tab", "all"), ("status", "unresolved")}


def _working(actor: Actor, chosen: Conversation, now: datetime) -> dict[str, Any]:
    """What the composer and the context pane need."""
    messages, held = services.thread_of(actor, chosen.id), services.held_of(actor, chosen.id)
    changing = request.args.get("change", "")
    commented = services.commented(chosen)
    return {
        "window": services.window_of(chosen, now),
        "may_reply": may(actor, chosen, "inbox.reply"),
        "may_moderate": owns(actor, chosen),
        "may_assign": may(actor, chosen, "inbox.assign"),
        "me": actor.user_id,
        "key": new_id(),
        "seen": max([message.id for message in messages] + [one.id for one in held], default=""),
        "approval": services.needs_approval(chosen.account),
        "changing": next((one for one in held if one.id == changing and one.author_id == actor.user_id), None),
        "people": services.answerers(chosen),
        "units": services.desks(chosen),
        "earlier": services.earlier_threads(actor, chosen),
        "offers": services.offers,
        "types": bool(chosen.account.settings.get("typing")) and chosen.kind == "private",
        "commented": commented,
        "comments_closed": services.comments_closed(commented),
        "now": now,
    }


def _list_html(actor: Actor, chosen_id: str, now: datetime) -> str:
    shown = filters()
    wanted = services.Filter(
        status=_LISTS.get(shown["status"], shown["status"]),
        account_id=shown["account_id"],
        assignee=TABS[shown["tab"]],
        q=shown["q"],
        held=shown["tab"] == "approval",
    )
    found = services.conversations_of(
        actor,
        wanted,
        cursor=request.args.get("cursor"),
        limit=50,
        waiting_first=shown["status"] in ("unresolved", "open"),
    )
    html = render_template(
        "inbox/_list.html",
        rows=services.rows_of(found.items, now),
        next_cursor=found.next_cursor,
        kept=kept_filters(),
        chosen_id=chosen_id,
        now=now,
        filters=shown,
    )
    address = url_for("inbox.list_fragment", v=_digest(html), **kept_filters(), c=chosen_id)
    return render_template("inbox/_polled.html", id="inbox-list", address=address, seconds=8, html=html)


def _thread_html(actor: Actor, conversation_id: str, now: datetime) -> str:
    chosen = services.get_conversation(actor, conversation_id)
    messages = services.thread_of(actor, conversation_id)
    html = render_template(
        "inbox/_thread.html",
        chosen=chosen,
        messages=messages,
        media=message_media.media_of([message.id for message in messages]),
        shown_as=shown_as,
        acts=services.acts_of(chosen, messages, actor),
        elsewhere=services.acts_elsewhere(chosen),
        window=services.window_of(chosen, now),
        may_reply=may(actor, chosen, "inbox.reply"),
        held=services.held_of(actor, chosen.id),
        approvers=approvers_of(chosen),
        may_approve=may(actor, chosen, "reply.approve"),
        me=actor.user_id,
        now=now,
        kept=kept_filters(),
    )
    address = url_for("inbox.thread_fragment", conversation_id=conversation_id, v=_digest(html), **kept_filters())
    # Whoever just answered watches it go.
    seconds = 1 if any(message.status in ("queued", "sending") for message in messages) else 4
    return render_template("inbox/_polled.html", id="inbox-thread", address=address, seconds=seconds, html=html)


_DIGITS = 16


def _digest(html: str) -> str:
    # The CSRF token in its forms differs at each rendering: it says nothing about the content.
    lines = (line for line in html.splitlines() if "csrf_token" not in line)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:_DIGITS]


def _answer(html: str) -> ResponseReturnValue:
    known = request.args.get("v", "")
    # Whole: a beginning of it would be found as well.
    return ("", 204) if len(known) == _DIGITS and f"v={known}" in html[:600] else html
