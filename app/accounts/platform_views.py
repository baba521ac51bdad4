"""What is asked of the platform from one account's page. More routes of app.accounts.views.bp."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import allowances
from app.accounts.grant_views import bp as bp
from app.db import utcnow
from app.errors import Conflict, Invalid
from app.units.permissions import current_actor, requires
from app.web import _


@bp.post("/accounts/<account_id>/readings")
@requires("account.manage")
def read(account_id: str) -> ResponseReturnValue:
    """Allowances and figures anew, by the scheduler."""
    return _do(
        account_id,
        lambda: allowances.request_reading(current_actor(), account_id, utcnow()),
        _("已安排读取平台的额度和数据，稍后刷新查看。"),
    )


@bp.post("/accounts/<account_id>/quota-clearing")
@requires("account.manage")
def clear_quota(account_id: str) -> ResponseReturnValue:
    return _do(
        account_id,
        lambda: allowances.clear_quota(current_actor(), account_id, utcnow()),
        _("今天的接口额度已清零重计。"),
    )


@bp.post("/accounts/<account_id>/speed")
@requires("account.manage")
def speed(account_id: str) -> ResponseReturnValue:
    """Set the speed of mass sending, or only read it."""
    raw = request.form.get("level", "")
    # No such level: refused with words.
    chosen = int(raw) if raw.isdecimal() and raw.isascii() and len(raw) == 1 else -1
    level = None if request.form.get("only") == "read" else chosen
    words = _("群发速度已设置，并已读回核对。") if level is not None else _("已读取群发速度。")
    return _do(
        account_id,
        lambda: allowances.set_speed(current_actor(), account_id, level, utcnow()),
        words,
    )


def _do(account_id: str, do: Callable[[], object], words: str) -> ResponseReturnValue:
    """One act and its word; a refusal is a message on the same page."""
    try:
        do()
    except (Conflict, Invalid) as error:
        flash(error.message, "error")
    else:
        flash(words, "ok")
    return redirect(url_for("accounts.show", account_id=account_id), 303)
