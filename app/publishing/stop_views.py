"""The stop switch and the black-outs, on one page. More routes of app.publishing.views.bp."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app import typed
from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.db import db, utcnow
from app.publishing import blackouts, scopes, services
from app.publishing.views import bp as bp
from app.publishing.views import do_and_say, local_time
from app.units.access import Actor, visible
from app.units.models import Unit
from app.units.permissions import SIGNED_IN, current_actor, proven, requires
from app.web import _


@bp.get("/stops", endpoint="stops")
@requires(SIGNED_IN)
def stop_page() -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    silent = blackouts.coming(actor, now)
    return render_template(
        "publishing/stops.html",
        stops=[(stop, scopes.name_of(stop), scopes.may(actor, stop)) for stop in services.stops_of(actor)],
        blackouts=[(row, scopes.name_of(row), scopes.may(actor, row)) for row in silent],
        scopes=_scopes(actor),
        may_stop=actor.holds("stop.manage"),
        typed=typed.again(),
        now=now,
    )


def _scopes(actor: Actor) -> list[tuple[str, str]]:
    """What this person may stop: ("site:", 全站), ("unit:…", name), ("account:…", name)."""
    units = db.session.scalars(
        select(Unit).where(visible(actor, "stop.manage", Unit.id)).order_by(Unit.path).limit(300)
    ).all()
    accounts = db.session.scalars(
        select(Account).where(visible(actor, "stop.manage", Account.unit_id)).order_by(Account.name).limit(500)
    ).all()
    found = [("site:", _("全站"))] if any(unit.parent_id is None for unit in units) else []
    found += [(f"unit:{unit.id}", _("单位：%(name)s 及下级", name=unit.name)) for unit in units]
    # Weibo's and WeChat's account usually bear one name.
    found += [
        (f"account:{account.id}", _("账号：%(name)s", name=f"{_(PLATFORMS[account.platform].label)} · {account.name}"))
        for account in accounts
    ]
    return found


@bp.post("/stops")
@requires("stop.manage")
@proven
def start_stop() -> ResponseReturnValue:
    scope, _colon, scope_id = request.form.get("scope", "").partition(":")

    def act() -> str:
        services.start_stop(
            current_actor(),
            scope=scope,
            scope_id=scope_id or None,
            reason=request.form.get("reason", ""),
            now=utcnow(),
        )
        return _("已暂停发布。到点的内容会转为“已暂缓”，不会发出。")

    return do_and_say(act, url_for("publishing.stops"), form="stop")


@bp.post("/stops/<stop_id>/end")
@requires("stop.manage")
@proven
def end_stop(stop_id: str) -> ResponseReturnValue:
    def act() -> str:
        services.end_stop(current_actor(), stop_id, now=utcnow())
        return _("已恢复发布。暂停期间到点的内容仍是“已暂缓”，请放行（可一起放行）、改期或取消。")

    return do_and_say(act, url_for("publishing.stops"))


@bp.post("/blackouts")
@requires("stop.manage")
@proven
def announce_blackout() -> ResponseReturnValue:
    form = request.form
    scope, _colon, scope_id = form.get("scope", "").partition(":")

    def act() -> str:
        made = blackouts.announce(
            current_actor(),
            scope=scope,
            scope_id=scope_id or None,
            starts_at=local_time(form.get("starts_at", "")),
            ends_at=local_time(form.get("ends_at", "")),
            reason=form.get("reason", ""),
            urgent_too=bool(form.get("urgent_too")),
            now=utcnow(),
        )
        if not made.falling:
            return _("已设静默期。这段时间没有已排期的稿件。")
        titles = dict.fromkeys(f"《{row.post.title}》" for row in made.falling)
        return _(
            "已设静默期。已排期的 %(n)d 条落在其中，到点会转为“已暂缓”：%(titles)s。请改期或取消。",
            n=len(made.falling),
            titles=_("、").join(list(titles)[:5]) + (_("等") if len(titles) > 5 else ""),
        )

    return do_and_say(act, url_for("publishing.stops"), form="blackout")


@bp.post("/blackouts/<blackout_id>/end")
@requires("stop.manage")
@proven
def end_blackout(blackout_id: str) -> ResponseReturnValue:
    def act() -> str:
        blackouts.end(current_actor(), blackout_id, now=utcnow())
        return _("静默期已结束。期间到点的内容仍是“已暂缓”，请放行（可一起放行）、改期或取消。")

    return do_and_say(act, url_for("publishing.stops"))
