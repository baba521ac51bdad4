"""Connecting an account, step by step: platform, credentials, callback, test. More routes of app.accounts.views.bp."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.accounts import advice, connections, granting, services
from app.accounts.forms import ENVIRONMENTS, PLATFORMS, Platform
from app.accounts.reading import credentials_of
from app.accounts.views import bp as bp
from app.accounts.views import keep_showing, once
from app.db import utcnow
from app.errors import Conflict, Invalid, NotFound
from app.units.permissions import current_actor, proven, requires
from app.web import _, settings


@bp.get("/accounts/new")
@requires("account.manage")
def new() -> ResponseReturnValue:
    chosen = request.args.get("platform", "")
    if not chosen:
        return render_template("accounts/choose.html", platforms=PLATFORMS)
    platform = PLATFORMS.get(chosen)
    if platform is None:
        raise NotFound
    proposed = {f"credentials.{field.name}": field.propose() for field in platform.fields if field.propose}
    if services.only_drills():
        proposed["environment"] = "simulator"
    return _form(platform, proposed)


def _form(platform: Platform, values: Any, refusal: Invalid | Conflict | None = None) -> ResponseReturnValue:
    page = render_template(
        "accounts/new.html",
        platform=platform,
        environments=ENVIRONMENTS,
        warning=connections.callback_warning(platform.key),
        units=services.manageable_units(current_actor()),
        values=values,
        refusal=refusal,
    )
    return page, (refusal.status if refusal else 200)


@bp.post("/accounts/new")
@requires("account.manage")
@proven
def create() -> ResponseReturnValue:
    form, actor = request.form, current_actor()
    platform = PLATFORMS.get(form.get("platform", ""))
    if platform is None:
        raise NotFound
    given = credentials_of(platform, form, settings().timezone)
    try:
        if connections.callback_warning(platform.key) and not form.get("understood"):
            raise Invalid(
                _("账号没有保存。接入消息推送会影响账号在平台上的现有功能。请先阅读并勾选确认。"),
                errors={"understood": [_("请阅读后勾选。")]},
            )
        account = services.create_account(
            actor,
            platform=platform.key,
            unit_id=form.get("unit_id", ""),
            name=form.get("name", ""),
            external_id=form.get("external_id", "").strip(),
            environment=form.get("environment", ""),
            mode=form.get("mode", ""),
            credentials={key: value for key, value in given.items() if value is not None},
            waiting=True,
            now=utcnow(),
        )
    except (Invalid, Conflict) as refusal:
        return _form(platform, form, refusal)
    keep_showing(account)
    flash(_("账号已保存。"), "ok")
    return redirect(url_for("accounts.connected", account_id=account.id))


@bp.get("/accounts/<account_id>/connected")
@requires("account.manage")
def connected(account_id: str) -> ResponseReturnValue:
    """The last step: callback, test, what to do next."""
    account = services.get_account(current_actor(), account_id, key="account.manage")
    platform = PLATFORMS[account.platform]
    return render_template(
        "accounts/connected.html",
        account=account,
        platform=platform,
        callback_url=services.callback_url(account),
        once=once(account),
        twins=services.twins(current_actor(), account),
        advice=advice,
        step=advice.next_step(account, utcnow()),
        own_ip=settings().egress_ip,
        grants=granting if granting.can_authorize(account) else None,
        now=utcnow(),
    )


@bp.get("/accounts/<account_id>/connect")
@requires("account.manage")
def reconnect(account_id: str) -> ResponseReturnValue:
    """The short address that alerts about an expired token give: straight to the platform where one signs in there."""
    account = services.get_account(current_actor(), account_id, key="account.manage")
    if granting.can_authorize(account):
        return redirect(url_for("accounts.authorize", account_id=account_id))
    return redirect(url_for("accounts.show", account_id=account_id, _anchor="credentials"))
