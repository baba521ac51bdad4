"""The one table of states: colour, icon and word, for badges, chips, dots and reports alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _


@dataclass(frozen=True, kw_only=True)
class State:
    """How a state looks. `colour` is a token of frontend/src/style.css (.state-amber), `icon` a name in icons.txt."""

    word: Any
    colour: str
    icon: str
    spins: bool = False


def _state(word: Any, colour: str, icon: str, *, spins: bool = False) -> State:
    return State(word=word, colour=colour, icon=icon, spins=spins)


POST_STATES: dict[str, State] = {
    "draft": _state(_("草稿"), "grey", "pencil"),
    "in_review": _state(_("审核中"), "amber", "hourglass"),
    "returned": _state(_("已退回"), "orange", "arrow-back-up"),
    "approved": _state(_("已通过"), "blue", "check"),
    "scheduled": _state(_("已排期"), "indigo", "clock"),
    "publishing": _state(_("发送中"), "cyan", "loader-2", spins=True),
    "published": _state(_("已发布"), "green", "checks"),
    "partly_published": _state(_("部分发布"), "green-amber", "circle-half-2"),
    "failed": _state(_("失败"), "red", "x"),
    "withdrawn": _state(_("已取消"), "grey", "strikethrough"),
    "needs_attention": _state(_("待处置"), "purple", "alert-triangle"),
}

PUBLICATION_STATES: dict[str, State] = {
    "scheduled": POST_STATES["scheduled"],
    "preparing": _state(_("准备中"), "cyan", "loader-2", spins=True),
    "ready": _state(_("已就绪"), "indigo", "check"),
    "committing": POST_STATES["publishing"],
    "processing": _state(_("平台审核中"), "cyan", "dots"),
    "published": POST_STATES["published"],
    "failed": POST_STATES["failed"],
    "unknown": _state(_("待核实"), "purple", "question-mark"),
    "held": _state(_("已暂缓"), "slate", "player-pause"),
    "missed": _state(_("已错过"), "brown", "bell-off"),
    "handed_over": _state(_("待人工发布"), "teal", "hand-stop"),
    "cancelled": POST_STATES["withdrawn"],
    "recalled": _state(_("已撤回"), "grey", "arrow-left"),
    "removed": _state(_("平台已删"), "red", "strikethrough"),
}

# Replies share failed and unknown with publications.
INBOX_STATES: dict[str, State] = {
    "open": _state(_("待答复"), "amber", "message-dots"),
    "answered": _state(_("已答复"), "blue", "message-reply"),
    "pending": _state(_("等待中"), "slate", "hourglass"),
    "snoozed": _state(_("稍后处理"), "grey", "alarm"),
    "resolved": _state(_("已办结"), "green", "check"),
    "awaiting_approval": _state(_("待审核"), "amber", "hourglass"),
    "queued": _state(_("排队中"), "indigo", "clock"),
    "sending": POST_STATES["publishing"],
    "sent": _state(_("已发送"), "green", "checks"),
}

STATES: dict[str, State] = {**INBOX_STATES, **PUBLICATION_STATES, **POST_STATES}

_UNLISTED = "grey"


def state_of(status: str) -> State:
    """The look of a status; one that is not in the table shows as its own name."""
    return STATES.get(status) or State(word=status, colour=_UNLISTED, icon="point")


def word_of(status: str) -> str:
    """Its word alone, in the reader's language."""
    return str(state_of(status).word)


def init(app: Flask) -> None:
    """Bind the template global state_of()."""
    app.jinja_env.globals["state_of"] = state_of
