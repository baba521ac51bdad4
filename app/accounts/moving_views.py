"""An account goes to another unit: one more route of the blueprint of app.accounts.platform_views."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts.moving import move
from app.accounts.platform_views import bp as bp
from app.db import utcnow
from app.units.permissions import current_actor, proven, requires
from app.web import _


@bp.post("/accounts/<account_id>/unit")
@requires("account.manage")
@proven
def change_unit(account_id: str) -> ResponseReturnValue:
    form = request.form
    account = move(current_actor(), account_id, form.get("unit_id", ""), form.get("reason", ""), now=utcnow())
    flash(_("账号已变更到“%(name)s”，会话一并转去。请核对责任人。", name=account.unit.name), "ok")
    return redirect(url_for("accounts.show", account_id=account_id))
