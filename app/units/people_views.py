"""People, their roles and their sign-in: more routes of the blueprint of app.units.views."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Conflict, Invalid, TandemError
from app.units.access import Actor
from app.units.factors import kinds_of
from app.units.identities import has_password, identity_of
from app.units.offices import WHOLE, holds_whole, separated
from app.units.passkeys import passkeys_of
from app.units.people import grants_shown
from app.units.permissions import SIGNED_IN, current_actor, proven, requires
from app.units.provider import working
from app.units.roles import known_roles, not_givable, roles_for
from app.units.second_factor import reset_second_factor
from app.units.securing import (
    end_sessions_of,
    is_locked,
    open_sessions_of,
    revoke_token_of,
    tokens_of_person,
    unlock_person,
)
from app.units.services import (
    create_user,
    deactivate_user,
    get_user,
    grant,
    people_of,
    reactivate_user,
    reset_password,
    revoke,
    unit_tree,
)
from app.units.trust_views import bp as bp
from app.web import _


@bp.get("/settings/people")
@requires("unit.read")
def people() -> str:
    return _people_page()


@bp.post("/settings/people")
@requires("user.manage")
@proven
def submit_person() -> ResponseReturnValue:
    form = request.form
    try:
        user = create_user(
            current_actor(),
            email=form.get("email", ""),
            name=form.get("name", ""),
            unit_id=form.get("unit_id", ""),
            roles=form.getlist("roles"),
            password=form.get("password", ""),
            now=utcnow(),
            initial=True,
        )
    except Invalid as refusal:
        return _people_page(refusal), refusal.status
    flash(
        _("已建立成员“%(name)s”。请当面或用内部渠道把初始密码告诉本人；本人登录后须先改成自己的密码。", name=user.name),
        "ok",
    )
    return redirect(url_for("units.person", user_id=user.id))


def _people_page(refusal: TandemError | None = None) -> str:
    actor = current_actor()
    page = people_of(actor, cursor=request.args.get("cursor"))
    return render_template(
        "units/people.html",
        page=page,
        grants_shown=lambda user: grants_shown(actor, user),
        managed=[unit for unit in unit_tree(actor) if actor.may("user.manage", unit)],
        roles=known_roles(),
        givable=_givable(actor),
        refusal=refusal,
        form=request.form,
        now=utcnow(),
    )


@bp.get("/settings/people/<user_id>")
@requires(SIGNED_IN)
def person(user_id: str) -> str:
    return person_page(user_id)


@bp.post("/settings/people/<user_id>/grants")
@requires("role.manage")
@proven
def submit_grant(user_id: str) -> ResponseReturnValue:
    role, unit_id = request.form.get("role", ""), request.form.get("unit_id", "")
    try:
        grant(current_actor(), user_id=user_id, role=role, unit_id=unit_id, now=utcnow())
    except Invalid as refusal:
        return person_page(user_id, refusal), refusal.status
    flash(_("角色已授予，立即生效。"), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/grants/<grant_id>/revocation")
@requires("role.manage")
@proven
def submit_revocation(user_id: str, grant_id: str) -> ResponseReturnValue:
    revoke(current_actor(), user_id=user_id, grant_id=grant_id, now=utcnow())
    flash(_("角色已收回，立即生效。"), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/unlocking")
@requires("security.manage")
@proven
def submit_unlocking(user_id: str) -> ResponseReturnValue:
    user = unlock_person(current_actor(), user_id, now=utcnow())
    flash(_("已解除“%(name)s”的锁定，可以马上登录。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/sessions/end")
@requires("security.manage")
@proven
def submit_sessions_end(user_id: str) -> ResponseReturnValue:
    user = end_sessions_of(current_actor(), user_id, now=utcnow())
    flash(_("已退出“%(name)s”的全部登录。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/tokens/<token_id>/revocation")
@requires("security.manage")
@proven
def submit_person_token_revocation(user_id: str, token_id: str) -> ResponseReturnValue:
    user = revoke_token_of(current_actor(), user_id, token_id, now=utcnow())
    flash(_("已停用“%(name)s”的这个令牌。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/deactivation")
@requires("user.manage")
@proven
def submit_deactivation(user_id: str) -> ResponseReturnValue:
    try:
        user = deactivate_user(current_actor(), user_id, now=utcnow())
    except Conflict as refusal:
        # What hangs on the person is handed over first, on a page of its own.
        if "url" not in refusal.extra:
            raise
        flash(_(refusal.message), "error")
        return redirect(str(refusal.extra["url"]))
    flash(_("已停用“%(name)s”。此人的登录和令牌已全部失效。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/reactivation")
@requires("user.manage")
@proven
def submit_reactivation(user_id: str) -> ResponseReturnValue:
    try:
        user = reactivate_user(current_actor(), user_id, now=utcnow())
    except Conflict as refusal:
        return person_page(user_id, refusal), refusal.status
    flash(_("已恢复“%(name)s”，可以重新登录。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/password")
@requires("security.manage")
@proven
def submit_reset(user_id: str) -> ResponseReturnValue:
    try:
        user = reset_password(
            current_actor(),
            user_id=user_id,
            password=request.form.get("password", ""),
            remove_passkeys=bool(request.form.get("remove_passkeys")),
            now=utcnow(),
            initial=True,
        )
    except Invalid as refusal:
        return person_page(user_id, refusal), refusal.status
    flash(_("已重置“%(name)s”的密码。请当面或用内部渠道告诉本人；本人登录后须先改成自己的密码。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/second-factor/reset")
@requires("security.manage")
@proven
def submit_factor_reset(user_id: str) -> ResponseReturnValue:
    user = reset_second_factor(current_actor(), user_id, now=utcnow())
    flash(
        _(
            "已重置“%(name)s”的两步验证，此人的登录和接口令牌已全部失效。请当面核实身份后告诉本人重新设置。",
            name=user.name,
        ),
        "ok",
    )
    return redirect(url_for("units.person", user_id=user_id))


def person_page(user_id: str, refusal: TandemError | None = None) -> str:
    actor, now = current_actor(), utcnow()
    user = get_user(actor, user_id)
    seen, elsewhere = grants_shown(actor, user)
    return render_template(
        "units/person.html",
        person=user,
        seen=seen,
        elsewhere=elsewhere,
        passkeys=passkeys_of(user.id),
        whole=holds_whole(actor, user.unit),
        may_people=actor.may("user.manage", user.unit),
        may_roles=actor.may("role.manage", user.unit),
        may_secure=actor.may("security.manage", user.unit),
        is_self=actor.user_id == user.id,
        kinds=kinds_of(user.id),
        managed=[unit for unit in unit_tree(actor) if actor.may("role.manage", unit)],
        homes=[one for one in unit_tree(actor) if actor.may("user.manage", one) or one.id == user.unit_id],
        typed=request.form,
        roles=known_roles(),
        givable=_givable(actor),
        provider=working(),
        identity=identity_of(user.id),
        has_password=has_password(user.id),
        tokens=tokens_of_person(user, now),
        sessions=open_sessions_of(user),
        locked=is_locked(user, now),
        refusal=refusal,
        now=now,
    )


def _givable(actor: Actor) -> dict[str, tuple[str, frozenset[str]]]:
    """key or id -> (name, keys) of the roles that this person may give somewhere."""
    units = [unit for unit in unit_tree(actor) if actor.may("role.manage", unit)]
    apart, found = separated(), {}
    for unit in units:
        for role, (name, keys) in roles_for(unit).items():
            whole = role == WHOLE and (apart or not holds_whole(actor, unit))
            if role not in found and not whole and not not_givable(actor, keys, unit):
                found[role] = (name, keys)
    order = [*known_roles()]
    return {role: found[role] for role in sorted(found, key=order.index)}
