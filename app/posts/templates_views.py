"""Templates on screen: choose one, fill it in, make and change those of a unit."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.db import db, utcnow
from app.errors import Forbidden, NotFound, TandemError
from app.posts import services, templates, templates_keeping
from app.posts.templates import Offered
from app.posts.templates_filling import KINDS
from app.units.access import Actor, visible
from app.units.models import Unit
from app.units.permissions import current_actor, requires
from app.web import _

bp = Blueprint("post_templates", __name__)

# Rows for further blanks under those that a template has.
_SPARE = 4
_SPLIT = re.compile(r"[、,，;；\s]+")


@bp.get("/posts/templates")
@requires("post.read")
def index() -> ResponseReturnValue:
    actor = current_actor()
    offered = templates.templates_for(actor)
    return render_template(
        "posts/templates.html",
        offered=offered,
        may_write=actor.holds("post.write"),
        may_manage=actor.holds("template.manage"),
        mine={item.id for item in offered if item.unit is not None and actor.may("template.manage", item.unit)},
    )


@bp.get("/posts/templates/<template_id>")
@requires("post.write")
def fill(template_id: str) -> ResponseReturnValue:
    """The form with the template's blanks."""
    return _form(template_id)


@bp.post("/posts/templates/<template_id>/posts")
@requires("post.write")
def write(template_id: str) -> ResponseReturnValue:
    """A draft with the blanks filled in, opened in the composer."""
    actor, form = current_actor(), request.form
    offered = templates.template_of(actor, template_id)
    # The names of blanks are anybody's words: the form numbers its inputs instead.
    values = {field["name"]: form.get(f"blank-{at}", "") for at, field in enumerate(offered.fields)}
    try:
        post = templates.write_from(
            actor,
            template_id,
            unit_id=form.get("unit_id", ""),
            values=values,
            account_ids=form.getlist("account"),
            now=utcnow(),
        )
    except (NotFound, Forbidden):
        raise
    except TandemError as refusal:
        return _form(template_id, refusal)
    return redirect(url_for("posts.show", post_id=post.id))


@bp.get("/posts/templates/new")
@requires("template.manage")
def new() -> ResponseReturnValue:
    """Empty, from a post (?post_id), or a copy of another template (?copy)."""
    actor = current_actor()
    post_id, copied = request.args.get("post_id"), request.args.get("copy")
    if post_id:
        begun = templates_keeping.begin_from_post(actor, post_id)
    elif copied:
        begun = _given(templates.template_of(actor, copied))
    else:
        begun = {"blocks": [], "fields": []}
    return _editor(None, begun | {"body_html": templates_keeping.body_of(begun["blocks"])})


@bp.get("/posts/templates/<template_id>/edit")
@requires("template.manage")
def edit(template_id: str) -> ResponseReturnValue:
    offered = templates.template_of(current_actor(), template_id)
    if offered.unit is None:
        return redirect(url_for("post_templates.new", copy=template_id))
    return _editor(template_id, _given(offered) | {"body_html": templates_keeping.body_of(offered.blocks)})


@bp.post("/posts/templates")
@requires("template.manage")
def create() -> ResponseReturnValue:
    return _save(None)


@bp.post("/posts/templates/<template_id>")
@requires("template.manage")
def change(template_id: str) -> ResponseReturnValue:
    return _save(template_id)


@bp.post("/posts/templates/<template_id>/removal")
@requires("template.manage")
def remove(template_id: str) -> ResponseReturnValue:
    templates_keeping.remove_template(current_actor(), template_id, utcnow())
    flash(_("模板已删除。用它写过的稿件不受影响。"), "ok")
    return redirect(url_for("post_templates.index"))


def _save(template_id: str | None) -> ResponseReturnValue:
    given = _typed()
    try:
        saved = templates_keeping.save_template(current_actor(), template_id, given, utcnow())
    except (NotFound, Forbidden):
        raise
    except TandemError as refusal:
        return _editor(template_id, given, refusal)
    flash(_("模板“%(name)s”已保存。", name=saved.name), "ok")
    return redirect(url_for("post_templates.index"))


def _typed() -> dict[str, Any]:
    """The template's form: texts, and a row for each blank; rows without a name are left out."""
    form = request.form
    columns = [form.getlist(f"field-{name}") for name in ("name", "kind", "need", "choices", "hint")]
    return {
        **{
            name: form.get(name, "") for name in ("unit_id", "name", "about", "title", "summary", "source", "body_html")
        },
        "tags": [tag for tag in _SPLIT.split(form.get("tags", "")) if tag],
        "fields": [
            {
                "name": name,
                "kind": kind,
                "required": need == "1",
                "choices": [choice for choice in _SPLIT.split(choices) if choice],
                "hint": hint,
            }
            for name, kind, need, choices, hint in zip(*columns, strict=False)
            if name.strip()
        ],
    }


def _given(offered: Offered) -> dict[str, Any]:
    names = ("name", "about", "title", "summary", "source", "tags", "blocks", "fields")
    return {name: getattr(offered, name) for name in names} | {"unit_id": offered.unit.id if offered.unit else ""}


def _form(template_id: str, refusal: TandemError | None = None) -> ResponseReturnValue:
    actor = current_actor()
    offered = templates.template_of(actor, template_id)
    units = templates.units_for(actor, offered)
    page = render_template(
        "posts/template_form.html",
        offered=offered,
        units=units,
        unit_id=request.form.get("unit_id") or actor.unit_id,
        accounts=services.writable_accounts(actor),
        chosen=set(request.form.getlist("account")),
        refusal=refusal,
        # Inputs are numbered, the refusal names the blanks.
        errors={
            f"blank-{at}": (refusal.errors if refusal else {}).get(field["name"], [])
            for at, field in enumerate(offered.fields)
        },
        choices_of=_choices,
        form=request.form,
    )
    return page, refusal.status if refusal else 200


def _choices(field: dict[str, Any]) -> list[tuple[str, str]]:
    return [("", _("请选择")), *((choice, choice) for choice in field["choices"])]


def _editor(template_id: str | None, given: dict[str, Any], refusal: TandemError | None = None) -> ResponseReturnValue:
    actor = current_actor()
    page = render_template(
        "posts/template_edit.html",
        template_id=template_id,
        given=given,
        rows=[*given["fields"], *({} for _row in range(_SPARE))],
        kinds=[(key, _(words)) for key, words in KINDS.items()],
        units=_manageable(actor),
        unit_id=given.get("unit_id") or actor.unit_id,
        refusal=refusal,
        errors=refusal.errors if refusal else {},
    )
    return page, refusal.status if refusal else 200


def _manageable(actor: Actor) -> list[Unit]:
    return list(db.session.scalars(select(Unit).where(visible(actor, "template.manage", Unit.id)).order_by(Unit.path)))
