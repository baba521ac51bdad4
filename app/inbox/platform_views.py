"""Acts at the platform from the inbox: comments, remark and tags, blacklist, 正在输入. More routes of the inbox's blueprint.

The platform is asked while the person waits: one or a few calls, each with its own time limit.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Conflict, Invalid
from app.inbox import services
from app.inbox.acting import WORDS
from app.inbox.desk_views import bp as bp
from app.inbox.views import kept_filters
from app.units.permissions import current_actor, requires
from app.web import _


@bp.post("/inbox/<conversation_id>/messages/<message_id>/act")
@requires("inbox.reply")
def act(conversation_id: str, message_id: str) -> ResponseReturnValue:
    """精选, 取消精选, 删除留言 or 删除我方回复."""
    wanted = request.form.get("act", "")
    if wanted not in WORDS:
        raise Invalid(_("没有这项操作。页面可能已过时。请刷新后重试。"))
    done = {
        "elect": _("已精选，所有读者都能看到。"),
        "unelect": _("已取消精选。"),
        "delete": _("留言已在平台删除。"),
        "delete_reply": _("回复已在平台删除，可以重新回复。"),
    }
    return _do(
        conversation_id,
        lambda: services.moderate(current_actor(), message_id, wanted, conversation_id=conversation_id, now=utcnow()),
        done[wanted],
    )


@bp.post("/inbox/<conversation_id>/article-comments")
@requires("inbox.reply")
def switch_comments(conversation_id: str) -> ResponseReturnValue:
    open_ = request.form.get("open") == "1"
    return _do(
        conversation_id,
        lambda: services.switch_comments(current_actor(), conversation_id, open_=open_, now=utcnow()),
        _("这篇文章的留言已打开。") if open_ else _("这篇文章的留言已关闭，读者不能再写。"),
    )


@bp.post("/inbox/<conversation_id>/typing")
@requires("inbox.reply")
def typing(conversation_id: str) -> ResponseReturnValue:
    """The reply box was opened; whatever the platform says to it, nobody needs to know."""
    services.typing(current_actor(), conversation_id, now=utcnow())
    return "", 204


@bp.post("/inbox/<conversation_id>/contact/refresh")
@requires("inbox.reply")
def refresh_contact(conversation_id: str) -> ResponseReturnValue:
    return _do(
        conversation_id,
        lambda: services.look_up(current_actor(), conversation_id, now=utcnow()),
        _("已从平台读取。"),
    )


@bp.post("/inbox/<conversation_id>/contact/tags")
@requires("inbox.reply")
def submit_tags(conversation_id: str) -> ResponseReturnValue:
    names = request.form.get("tags", "").replace("，", ",").replace("、", ",").split(",")
    return _do(
        conversation_id,
        lambda: services.set_tags(current_actor(), conversation_id, names, now=utcnow()),
        _("标签已写到平台，并已读回核对。"),
    )


@bp.post("/inbox/<conversation_id>/contact/block")
@requires("inbox.reply")
def block(conversation_id: str) -> ResponseReturnValue:
    blocked = request.form.get("blocked") == "1"
    return _do(
        conversation_id,
        lambda: services.set_blocked(current_actor(), conversation_id, blocked=blocked, now=utcnow()),
        _("已拉黑，不再收到此人的消息。") if blocked else _("已移出黑名单。"),
    )


def _do(conversation_id: str, do: Callable[[], object], words: str) -> ResponseReturnValue:
    """One act and its word; a refusal is a message on the same page."""
    try:
        do()
    except (Conflict, Invalid) as error:
        flash(error.message, "error")
    else:
        flash(words, "ok")
    return redirect(url_for("inbox.conversation", conversation_id=conversation_id, **kept_filters()), 303)
