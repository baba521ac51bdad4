"""The settings and their rooms, and the tree of units: more routes of the blueprint of app.units.views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as lazy

from app.db import utcnow
from app.errors import TandemError
from app.units.models import LEVELS
from app.units.permissions import SIGNED_IN, current_actor, requires
from app.units.provider import may_manage
from app.units.role_views import bp as bp
from app.units.services import LEVEL_WORDS, create_unit, unit_tree
from app.web import _


@dataclass(frozen=True, kw_only=True)
class Room:
    """A page of the settings; shown where it exists and the person may enter."""

    path: str
    label: Any
    lead: Any
    icon: str
    permission: str
    # Permissions that open it as well.
    instead: tuple[str, ...] = ()
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
        path="/settings/roles",
        label=lazy("角色与权限"),
        lead=lazy("每个角色能做什么、由谁担任，自定义角色，三员分立"),
        icon="key",
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
        permission="security.manage",
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
        instead=("review.configure",),
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
        instead=("security.manage",),
    ),
)


@bp.get("/settings")
@requires(SIGNED_IN)
def settings() -> str:
    actor, routes = current_actor(), request_ctx.url_adapter
    rooms = [
        room
        for room in ROOMS
        if (room.permission == SIGNED_IN or any(actor.holds(key) for key in (room.permission, *room.instead)))
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
    found = unit_tree(actor, closed=True)
    shown = {unit.id for unit in found}
    return render_template(
        "units/units.html",
        units=found,
        roots=[unit for unit in found if unit.parent_id not in shown],
        managed=[unit for unit in found if actor.may("unit.manage", unit) and unit.closed_at is None],
        editable={unit.id for unit in found if actor.may("unit.manage", unit)},
        trusting={unit.id for unit in found if actor.may("security.manage", unit)},
        levels=[(level, _(LEVEL_WORDS[level])) for level in LEVELS],
        refusal=refusal,
        form=request.form,
    )
