"""An account goes to another unit: one more route of the blueprint of app.accounts.platform_views."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.moving import move
from app.accounts.platform_views import bp as bp
from app.accounts.services import get_account
from app.accounts.views import render_account
from app.db import utcnow
from app.errors import Conflict, Invalid
from app.units.permissions import current_actor, proven, requires
from app.web import _


@bp.post("/accounts/<account_id>/unit")
@requires("account.manage")
@proven
def change_unit(account_id: str) -> ResponseReturnValue:
    actor, form = current_actor(), request.form
    try:
        account = move(actor, account_id, form.get("unit_id", ""), form.get("reason", ""), now=utcnow())
    except (Conflict, Invalid) as refusal:
        page, _status = render_account(get_account(actor, account_id), unmoved=refusal)
        return page, refusal.status
    flash(_("账号已变更到“%(name)s”，会话一并转去。请核对责任人。", name=account.unit.name), "ok")
    return redirect(url_for("accounts.show", account_id=account_id))
