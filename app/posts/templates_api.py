"""/api/v1/templates: what posts begin with. More operations of app.posts.api.blp."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from app.db import utcnow
from app.paging import number_of
from app.posts import services, templates, templates_keeping
from app.posts.api import blp as blp
from app.posts.schemas import PostOut
from app.posts.templates import Offered
from app.schemas import BaseSchema, PageQuery
from app.units.permissions import current_actor, requires

_TEXTS = ("name", "about", "title", "summary", "source")


class BlankField(BaseSchema):
    """A blank, written {{name}} in the texts."""

    name = fields.String(required=True)
    kind = fields.String(load_default="text", metadata={"description": "text, datetime, date, number, choice"})
    required = fields.Boolean(load_default=False)
    choices = fields.List(fields.String(), load_default=list)
    hint = fields.String(load_default="")


class TemplateFields(BaseSchema):
    name = fields.String()
    about = fields.String()
    title = fields.String()
    summary = fields.String()
    source = fields.String()
    tags = fields.List(fields.String())
    body_html = fields.String(metadata={"description": "blocks with the attribute data-locked stay as they are"})
    # Schemas have an attribute of that name.
    blanks = fields.List(fields.Nested(BlankField), data_key="fields", attribute="fields")


class NewTemplate(TemplateFields):
    unit_id = fields.String(required=True)
    name = fields.String(required=True)
    body_html = fields.String(required=True)


class TemplateOut(TemplateFields):
    id = fields.String()
    unit_id = fields.String(allow_none=True, metadata={"description": "null for those that come with the product"})


class TemplateList(BaseSchema):
    items = fields.List(fields.Nested(TemplateOut))
    next_cursor = fields.String(allow_none=True)


class FilledIn(BaseSchema):
    unit_id = fields.String(required=True)
    values = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    account_ids = fields.List(fields.String(), load_default=list)


@blp.get("/templates")
@requires("post.read")
@blp.arguments(PageQuery, location="query")
@blp.response(200, TemplateList)
def list_templates(query: dict[str, Any]) -> dict[str, Any]:
    """Those of units in, above or below which the caller writes or keeps templates, by name; then the product's own."""
    offered = templates.templates_for(current_actor())
    start = number_of(query["cursor"])
    stop = start + max(1, min(query["limit"], 200))
    following = str(stop) if stop < len(offered) else None
    return {"items": [template_json(one) for one in offered[start:stop]], "next_cursor": following}


@blp.post("/templates")
@requires("template.manage")
@blp.arguments(NewTemplate)
@blp.response(201, TemplateOut)
def create_template(given: dict[str, Any]) -> dict[str, Any]:
    """It serves the unit and all below it."""
    actor = current_actor()
    saved = templates_keeping.save_template(actor, None, given, utcnow())
    return template_json(templates.template_of(actor, saved.id))


@blp.get("/templates/<template_id>")
@requires("post.read")
@blp.response(200, TemplateOut)
def show_template(template_id: str) -> dict[str, Any]:
    return template_json(templates.template_of(current_actor(), template_id))


@blp.patch("/templates/<template_id>")
@requires("template.manage")
@blp.arguments(TemplateFields)
@blp.response(200, TemplateOut)
def change_template(given: dict[str, Any], template_id: str) -> dict[str, Any]:
    """What is not given stays. Posts made before keep their text; one of the product's own is 403."""
    actor = current_actor()
    standing = template_json(templates.template_of(actor, template_id))
    templates_keeping.save_template(actor, template_id, standing | given, utcnow())
    return template_json(templates.template_of(actor, template_id))


@blp.delete("/templates/<template_id>")
@requires("template.manage")
@blp.response(204)
def remove_template(template_id: str) -> None:
    """Posts made from it stay as they are."""
    templates_keeping.remove_template(current_actor(), template_id, utcnow())


@blp.post("/templates/<template_id>/posts")
@requires("post.write")
@blp.arguments(FilledIn)
@blp.response(201, PostOut)
def write_from_template(given: dict[str, Any], template_id: str) -> dict[str, Any]:
    """A new draft with the blanks filled in: `values` {name of the blank: text}."""
    return services.post_json(templates.write_from(current_actor(), template_id, now=utcnow(), **given))


def template_json(offered: Offered) -> dict[str, Any]:
    return {
        "id": offered.id,
        "unit_id": offered.unit.id if offered.unit is not None else None,
        **{name: getattr(offered, name) for name in _TEXTS},
        "tags": list(offered.tags),
        "body_html": templates_keeping.body_of(offered.blocks),
        "fields": [dict(field) for field in offered.fields],
    }
