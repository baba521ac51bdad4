"""Roles and what they permit, and 三员分立: more routes of the blueprint of app.units.views."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Invalid, NotFound, TandemError
from app.units.access import PERMISSIONS, ROLES, Actor
from app.units.models import Role
from app.units.offices import OFFICES, ROLE_OF, WHOLE, separated
from app.units.people_views import bp as bp
from app.units.permissions import current_actor, proven, requires
from app.units.roles import (
    count_holders,
    create_role,
    edit_role,
    get_role,
    holders_of,
    known_roles,
    name_for,
    not_givable,
    retire_role,
    roles_of,
)
from app.units.separation import BECOMES, administrators, may_separate, office_holders, separate
from app.units.services import unit_tree
from app.web import _
from app.words import N_

# The permission keys as a form shows them.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("稿件和素材"), ("post.read", "post.write", "media.read", "media.write", "template.manage", "pack.manage")),
    (N_("审核和发布"), ("review.decide", "post.schedule", "publication.manage", "stop.manage", "review.configure")),
    (N_("收件箱"), ("inbox.read", "inbox.reply", "reply.approve", "inbox.assign")),
    (N_("账号和检查"), ("account.read", "account.manage", "finding.read", "system.read")),
    (N_("单位和三员"), ("unit.read", "unit.manage", "user.manage", "role.manage", "security.manage", "event.read")),
)


@bp.get("/settings/roles")
@requires("unit.read")
def roles() -> str:
    actor = current_actor()
    return render_template(
        "units/roles.html",
        built_in=ROLES,
        made=roles_of(actor, retired=True),
        held=count_holders(),
        may_make=actor.holds("role.manage"),
        apart=separated(),
        whole=WHOLE,
        permissions=PERMISSIONS,
    )


@bp.get("/settings/roles/new")
@requires("role.manage")
def new_role() -> str:
    """`copy`: the role (key or id) whose permissions the form begins with."""
    actor, source = current_actor(), request.args.get("copy", "")
    begun: dict[str, Any] = {"name": "", "about": "", "permissions": [], "unit_id": actor.unit_id, "copy": ""}
    if source in ROLES:
        begun |= {"permissions": sorted(ROLES[source][1]), "copy": source}
    elif source:
        role = get_role(actor, source)
        begun |= {"permissions": role.permissions, "about": role.about, "unit_id": role.unit_id, "copy": source}
    return _form_page(actor, begun)


@bp.post("/settings/roles")
@requires("role.manage")
@proven
def submit_role() -> ResponseReturnValue:
    actor, form = current_actor(), request.form
    try:
        role = create_role(
            actor,
            unit_id=form.get("unit_id", ""),
            name=form.get("name", ""),
            about=form.get("about", ""),
            permissions=form.getlist("permissions"),
            copied_from=form.get("copy", ""),
            now=utcnow(),
        )
    except NotFound:
        raise
    except TandemError as refusal:
        return _form_page(actor, _typed(), refusal), refusal.status
    flash(_("角色“%(name)s”已建立，可以授予成员了。", name=role.name), "ok")
    return redirect(url_for("units.role", role_id=role.id))


@bp.get("/settings/roles/<role_id>")
@requires("unit.read")
def role(role_id: str) -> str:
    """What it permits and who holds it; built-in ones are looked at only."""
    return _role_page(role_id)


@bp.post("/settings/roles/<role_id>")
@requires("role.manage")
@proven
def submit_role_edit(role_id: str) -> ResponseReturnValue:
    actor, form = current_actor(), request.form
    version = form.get("version", "")
    try:
        edit_role(
            actor,
            get_role(actor, role_id).id,
            name=form.get("name", ""),
            about=form.get("about", ""),
            permissions=form.getlist("permissions"),
            version=int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0,
            now=utcnow(),
        )
    except NotFound:
        raise
    except TandemError as refusal:
        return _role_page(role_id, refusal), refusal.status
    flash(_("角色已保存，对担任它的人立即生效。"), "ok")
    return redirect(url_for("units.role", role_id=role_id))


@bp.post("/settings/roles/<role_id>/retirement")
@requires("role.manage")
@proven
def submit_role_retirement(role_id: str) -> ResponseReturnValue:
    actor = current_actor()
    try:
        retire_role(actor, get_role(actor, role_id).id, now=utcnow())
    except NotFound:
        raise
    except TandemError as refusal:
        return _role_page(role_id, refusal, keep=False), refusal.status
    flash(_("角色已停用，不能再授予。"), "ok")
    return redirect(url_for("units.roles"))


def _typed() -> dict[str, Any]:
    form = request.form
    told = {name: form.get(name, "") for name in ("name", "about", "unit_id", "copy", "version")}
    return {**told, "permissions": form.getlist("permissions")}


def _form_page(actor: Actor, values: dict[str, Any], refusal: TandemError | None = None) -> str:
    managed = [unit for unit in unit_tree(actor) if actor.may("role.manage", unit)]
    if values["copy"] not in known_roles():
        values = {**values, "copy": ""}
    return render_template(
        "units/role_new.html",
        values=values,
        managed=managed,
        copied=name_for(actor, values["copy"]) if values["copy"] else "",
        refusal=refusal,
        **_boxes(actor, managed),
    )


def _role_page(role_id: str, refusal: TandemError | None = None, *, keep: bool = True) -> str:
    actor = current_actor()
    made = None if role_id in ROLES else get_role(actor, role_id)
    may_edit = made is not None and made.retired_at is None and actor.may("role.manage", made.unit)
    values = _values(role_id, made)
    typed = _typed() if refusal is not None and keep else values
    holders = [held for held in holders_of(role_id) if actor.may("unit.read", held.unit)]
    return render_template(
        "units/role.html",
        role_id=role_id,
        made=made,
        values=typed,
        shown=values,
        holders=holders,
        elsewhere=count_holders().get(role_id, 0) - len(holders),
        may_edit=may_edit,
        may_make=actor.holds("role.manage"),
        refusal=refusal,
        **_boxes(actor, [made.unit] if made is not None and may_edit else []),
    )


def _values(role_id: str, made: Role | None) -> dict[str, Any]:
    if made is None:
        return {"name": ROLES[role_id][0], "about": "", "permissions": sorted(ROLES[role_id][1]), "version": ""}
    return {"name": made.name, "about": made.about, "permissions": made.permissions, "version": made.version}


def _boxes(actor: Actor, units: list[Any]) -> dict[str, Any]:
    """What the tick boxes need: the keys in groups, whose office each is, and which this person may not give anywhere here."""
    barred = set(PERMISSIONS)
    for unit in units:
        barred &= set(not_givable(actor, PERMISSIONS, unit))
    offices = {key: word for word, keys in OFFICES.values() for key in keys}
    return {"groups": GROUPS, "permissions": PERMISSIONS, "offices": offices, "barred": barred}


@bp.get("/settings/separation")
@requires("unit.read")
def separation() -> str:
    return _separation_page()


@bp.post("/settings/separation")
@requires("role.manage")
@proven
def submit_separation() -> ResponseReturnValue:
    becomes = {key.removeprefix("grant-"): value for key, value in request.form.items() if key.startswith("grant-")}
    try:
        separate(current_actor(), becomes, now=utcnow())
    except Invalid as refusal:
        return _separation_page(refusal, becomes), refusal.status
    flash(_("三员分立已实行，立即生效。"), "ok")
    return redirect(url_for("units.separation"))


def _separation_page(refusal: TandemError | None = None, becomes: dict[str, str] | None = None) -> str:
    actor = current_actor()
    holders = {
        name: [held for held in found if actor.may("unit.read", held.unit)] for name, found in office_holders().items()
    }
    may = may_separate(actor) and not separated()
    return render_template(
        "units/separation.html",
        apart=separated(),
        may=may,
        administrators=administrators() if may else [],
        holders=holders,
        roles=ROLES,
        becomes=becomes or {},
        choices=BECOMES,
        order=tuple(ROLE_OF.values()),
        permissions=PERMISSIONS,
        refusal=refusal,
    )
