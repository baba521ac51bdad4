"""The settings of units and people: more routes of the blueprint of app.units.views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as lazy

from app.db import utcnow
from app.errors import Invalid, TandemError
from app.units.access import ROLES
from app.units.factors import kinds_of
from app.units.identities import has_password, identity_of
from app.units.models import LEVELS
from app.units.passkeys import passkeys_of
from app.units.people import grants_shown
from app.units.permissions import SIGNED_IN, current_actor, proven, requires
from app.units.provider import may_manage, working
from app.units.second_factor import reset_second_factor
from app.units.services import (
    LEVEL_WORDS,
    create_unit,
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


@dataclass(frozen=True, kw_only=True)
class Room:
    """A page of the settings; shown where it exists and the person may enter."""

    path: str
    label: Any
    lead: Any
    icon: str
    permission: str
    # Of the whole installation: not for who manages a part of it.
    whole: bool = False


ROOMS = (
    Room(
        path="/settings/profile",
        label=lazy("个人设置"),
        lead=lazy("密码、两步验证、通行密钥、登录设备、界面语言、接口令牌"),
        icon="user-circle",
        permission=SIGNED_IN,
    ),
    Room(
        path="/settings/people",
        label=lazy("成员与角色"),
        lead=lazy("新建成员，授予和收回角色，重置密码"),
        icon="users",
        permission="unit.read",
    ),
    Room(
        path="/settings/units",
        label=lazy("单位"),
        lead=lazy("单位的层级，新建下级单位"),
        icon="sitemap",
        permission="unit.read",
    ),
    Room(
        path="/settings/identity-provider",
        label=lazy("统一身份登录"),
        lead=lazy("用单位的身份平台（OpenID Connect）登录，只限登记过的成员"),
        icon="id-badge-2",
        permission="user.manage",
        whole=True,
    ),
    Room(
        path="/settings/review-chain",
        label=lazy("审核流程"),
        lead=lazy("每个单位的审核级数和由谁审"),
        icon="rubber-stamp",
        permission="review.configure",
    ),
    Room(
        path="/settings/deputies",
        label=lazy("代理人"),
        lead=lazy("出差、休假时由谁代为审核"),
        icon="user-check",
        permission="post.read",
    ),
    Room(
        path="/settings/packs",
        label=lazy("词库"),
        lead=lazy("错别字、严重表述错误和广告用语的检查依据，可试用、导入和维护"),
        icon="list-check",
        permission="post.read",
    ),
    Room(
        path="/posts/templates",
        label=lazy("写稿模板"),
        lead=lazy("各类稿件的固定格式、要填的空和不能改的段落"),
        icon="template",
        permission="template.manage",
    ),
    Room(
        path="/settings/alerts",
        label=lazy("告警通知"),
        lead=lazy("出事时通知到谁：邮箱和网络回调"),
        icon="bell-ringing",
        permission="account.manage",
    ),
    Room(
        path="/settings/events",
        label=lazy("操作记录"),
        lead=lazy("谁在什么时候做了什么，不可改动"),
        icon="history",
        permission="event.read",
    ),
)


@bp.get("/settings")
@requires(SIGNED_IN)
def settings() -> str:
    actor, routes = current_actor(), request_ctx.url_adapter
    rooms = [
        room
        for room in ROOMS
        if (room.permission == SIGNED_IN or actor.holds(room.permission))
        and (not room.whole or may_manage(actor))
        and routes is not None
        and routes.test(room.path, method="GET")
    ]
    return render_template("units/settings.html", rooms=rooms)


@bp.get("/settings/units")
@requires("unit.read")
def units() -> str:
    return _units_page()


@bp.post("/settings/units")
@requires("unit.manage")
def submit_unit() -> ResponseReturnValue:
    form = request.form
    try:
        unit = create_unit(
            current_actor(),
            name=form.get("name", ""),
            level=form.get("level", ""),
            parent_id=form.get("parent_id") or None,
            now=utcnow(),
        )
    except TandemError as refusal:
        return _units_page(refusal), refusal.status
    flash(_("已建立单位“%(name)s”。", name=unit.name), "ok")
    return redirect(url_for("units.units"))


def _units_page(refusal: TandemError | None = None) -> str:
    actor = current_actor()
    found = unit_tree(actor)
    shown = {unit.id for unit in found}
    return render_template(
        "units/units.html",
        units=found,
        roots=[unit for unit in found if unit.parent_id not in shown],
        managed=[unit for unit in found if actor.may("unit.manage", unit)],
        trusting={unit.id for unit in found if actor.may("user.manage", unit)},
        levels=[(level, _(LEVEL_WORDS[level])) for level in LEVELS],
        refusal=refusal,
        form=request.form,
    )


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
        )
    except Invalid as refusal:
        return _people_page(refusal), refusal.status
    flash(_("已建立成员“%(name)s”。请当面或用内部渠道把初始密码告诉本人，并请本人登录后修改。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user.id))


def _people_page(refusal: TandemError | None = None) -> str:
    actor = current_actor()
    page = people_of(actor, cursor=request.args.get("cursor"))
    return render_template(
        "units/people.html",
        page=page,
        grants_shown=lambda user: grants_shown(actor, user),
        managed=[unit for unit in unit_tree(actor) if actor.may("user.manage", unit)],
        roles=ROLES,
        refusal=refusal,
        form=request.form,
        now=utcnow(),
    )


@bp.get("/settings/people/<user_id>")
@requires(SIGNED_IN)
def person(user_id: str) -> str:
    return person_page(user_id)


@bp.post("/settings/people/<user_id>/grants")
@requires("user.manage")
@proven
def submit_grant(user_id: str) -> ResponseReturnValue:
    form = request.form
    grant(current_actor(), user_id=user_id, role=form.get("role", ""), unit_id=form.get("unit_id", ""), now=utcnow())
    flash(_("角色已授予，立即生效。"), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/grants/<grant_id>/revocation")
@requires("user.manage")
@proven
def submit_revocation(user_id: str, grant_id: str) -> ResponseReturnValue:
    revoke(current_actor(), user_id=user_id, grant_id=grant_id, now=utcnow())
    flash(_("角色已收回，立即生效。"), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/deactivation")
@requires("user.manage")
@proven
def submit_deactivation(user_id: str) -> ResponseReturnValue:
    user = deactivate_user(current_actor(), user_id, now=utcnow())
    flash(_("已停用“%(name)s”。此人的登录和令牌已全部失效。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/reactivation")
@requires("user.manage")
@proven
def submit_reactivation(user_id: str) -> ResponseReturnValue:
    user = reactivate_user(current_actor(), user_id, now=utcnow())
    flash(_("已恢复“%(name)s”，可以重新登录。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/password")
@requires("user.manage")
@proven
def submit_reset(user_id: str) -> ResponseReturnValue:
    try:
        user = reset_password(
            current_actor(),
            user_id=user_id,
            password=request.form.get("password", ""),
            remove_passkeys=bool(request.form.get("remove_passkeys")),
            now=utcnow(),
        )
    except Invalid as refusal:
        return person_page(user_id, refusal), refusal.status
    flash(_("已重置“%(name)s”的密码。请当面或用内部渠道告诉本人，并请本人登录后修改。", name=user.name), "ok")
    return redirect(url_for("units.person", user_id=user_id))


@bp.post("/settings/people/<user_id>/second-factor/reset")
@requires("user.manage")
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
    actor = current_actor()
    user = get_user(actor, user_id)
    seen, elsewhere = grants_shown(actor, user)
    return render_template(
        "units/person.html",
        person=user,
        seen=seen,
        elsewhere=elsewhere,
        passkeys=passkeys_of(user.id),
        may_manage=actor.may("user.manage", user.unit),
        is_self=actor.user_id == user.id,
        kinds=kinds_of(user.id),
        provider=working(),
        identity=identity_of(user.id),
        has_password=has_password(user.id),
        managed=[unit for unit in unit_tree(actor) if actor.may("user.manage", unit)],
        roles=ROLES,
        refusal=refusal,
        now=utcnow(),
    )
