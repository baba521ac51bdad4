"""Connecting by signing in at the platform: out, and back. More routes of app.accounts.views.bp."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import granting, services
from app.accounts.views import tell_tested
from app.accounts.wizard_views import bp as bp
from app.db import utcnow
from app.errors import Conflict
from app.units.permissions import current_actor, proven, requires
from app.web import _


@bp.get("/accounts/<account_id>/authorize")
@requires("account.manage")
@proven
def authorize(account_id: str) -> ResponseReturnValue:
    """Off to the platform; `switch=1` to sign in there with another account."""
    switch = request.args.get("switch") == "1"
    return redirect(granting.begin(current_actor(), account_id, utcnow(), switch=switch))


@bp.get("/accounts/authorization")
@requires("account.manage")
def authorized() -> ResponseReturnValue:
    """Back from the platform with a code, or without one. The code is used up here, before anything is shown."""
    actor, now = current_actor(), utcnow()
    state = request.args.get("state", "")
    account_id = granting.account_of(actor, state, now)
    first = not services.get_account(actor, account_id, key="account.manage").known.get("access_token")
    try:
        granting.finish(actor, state=state, code=request.args.get("code", ""), now=now)
    except Conflict as refusal:
        flash(str(refusal), "error")
        return redirect(url_for("accounts.show", account_id=account_id))
    tested = services.check_now(account_id, utcnow())
    if tested.came != "asked":
        flash(_("授权已保存。"), "ok")
        tell_tested(tested)
    elif tested.account.status == "ok":
        flash(_("授权成功，已逐项测试。"), "ok")
    elif tested.account.status == "limited":
        flash(_("授权成功，但有的权限缺失。原因和办法见下。"), "warn")
    else:
        flash(_("授权已保存，但测试没有全部通过。原因和办法见下。"), "warn")
    return redirect(url_for("accounts.connected" if first else "accounts.show", account_id=account_id))
