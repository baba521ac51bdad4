"""代理人: who decides for whom until when; more routes of the blueprint of app.review.views."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Invalid, TandemError
from app.review import deputies
from app.review.views import bp as bp
from app.storable import moment
from app.units.access import Actor
from app.units.models import Grant
from app.units.permissions import SIGNED_IN, current_actor, proven, requires
from app.units.roles import role_name
from app.web import _, settings


@bp.get("/settings/deputies")
@requires(SIGNED_IN)
def show_deputies() -> ResponseReturnValue:
    return _page()


@bp.post("/settings/deputies")
@requires(SIGNED_IN)
@proven
def appoint_deputy() -> ResponseReturnValue:
    form = request.form
    try:
        deputies.appoint(
            current_actor(),
            user_id=form.get("user_id", ""),
            deputy_id=form.get("deputy_id", ""),
            starts_at=_moment("starts_at"),
            ends_at=_moment("ends_at"),
            reason=form.get("reason", ""),
            now=utcnow(),
        )
    except TandemError as refusal:
        return _page(refusal)
    flash(_("代理人已设置，双方都会收到通知。代理期间的每次审核都会写明“代”谁。"), "ok")
    return redirect(url_for("review.show_deputies"))


@bp.post("/settings/deputies/<deputy_id>/end")
@requires(SIGNED_IN)
def end_deputy(deputy_id: str) -> ResponseReturnValue:
    try:
        deputies.end(current_actor(), deputy_id, utcnow())
    except TandemError as refusal:
        return _page(refusal)
    flash(_("代理已结束，立即生效。"), "ok")
    return redirect(url_for("review.show_deputies"))


def _moment(name: str) -> datetime:
    """A local time of the form as an aware one."""
    try:
        return moment(request.form.get(name, ""), ZoneInfo(settings().timezone))
    except ValueError:
        raise Invalid(
            _("没有设置。没有填写时间，或格式不对。请选择日期和时间。"), errors={name: [_("请选择日期和时间。")]}
        ) from None


def _named(actor: Actor, grants: Iterable[Grant]) -> list[str]:
    """Where a role is held, in one line; units that this person does not see are told as such."""
    return [
        f"{grant.unit.name if actor.may('unit.read', grant.unit) or actor.user_id == grant.user_id else _('其他单位')}"
        f" · {_(role_name(grant.role))}"
        for grant in grants
    ]


def _page(refusal: TandemError | None = None) -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    principals = deputies.reviewers_for(actor)
    # Who can appoint for themselves alone is nobody's deputy by it.
    alone = {user.id for user in principals} == {actor.user_id}
    candidates = [one for one in deputies.candidates(actor, principals) if not (alone and one.id == actor.user_id)]
    page = render_template(
        "review/deputies.html",
        rows=deputies.deputies_of(actor, now),
        principals=[(user.id, f"{user.name} · {user.unit.name}") for user in principals],
        candidates=[("", _("请选择")), *((user.id, f"{user.name} · {user.unit.name}") for user in candidates)],
        me=actor.user_id,
        covered=deputies.covered,
        uncovered=deputies.uncovered,
        named=lambda grants: _named(actor, grants),
        may_end=lambda row: (
            actor.user_id in (row.user_id, row.deputy_id) or actor.may("review.configure", row.user.unit)
        ),
        refusal=refusal,
        form=request.form,
        now=now,
    )
    return page, refusal.status if refusal else 200
