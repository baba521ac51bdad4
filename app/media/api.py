"""/api/v1/media."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import fields

from app.db import utcnow
from app.errors import Invalid
from app.media import services
from app.media.models import Media
from app.schemas import BaseSchema, PageQuery
from app.units.permissions import current_actor, requires
from app.web import iso

blp = Blueprint("media_api", __name__, url_prefix="/api/v1", description="素材")


class MediaOut(BaseSchema):
    id = fields.String()
    url = fields.String()
    sha256 = fields.String()
    content_type = fields.String()
    width = fields.Integer()
    height = fields.Integer()
    size = fields.Integer()
    name = fields.String()
    alt = fields.String()
    unit_id = fields.String()
    created_at = fields.String()


class MediaPage(BaseSchema):
    items = fields.List(fields.Nested(MediaOut))
    next_cursor = fields.String(allow_none=True)


class MediaPatch(BaseSchema):
    alt = fields.String(required=True)


def media_json(media: Media) -> dict[str, Any]:
    blob = media.blob
    return {
        "id": media.id,
        "url": f"/media/{media.sha256}",
        "sha256": media.sha256,
        "content_type": blob.content_type,
        "width": blob.width,
        "height": blob.height,
        "size": blob.size,
        "name": media.name,
        "alt": media.alt,
        "unit_id": media.unit_id,
        "created_at": iso(media.created_at),
    }


@blp.get("/media")
@requires("media.read")
@blp.arguments(PageQuery, location="query")
@blp.response(200, MediaPage)
def list_media(query: dict[str, Any]) -> dict[str, Any]:
    page = services.media_of(current_actor(), **query)
    return {"items": [media_json(media) for media in page.items], "next_cursor": page.next_cursor}


@blp.post("/media")
@requires("media.write")
@blp.response(201, MediaOut)
def add_media() -> dict[str, Any]:
    """multipart/form-data: `file`; `unit_id` (default: your own unit) and `alt` if you like."""
    return media_json(take_upload())


@blp.get("/media/<media_id>")
@requires("media.read")
@blp.response(200, MediaOut)
def get_media(media_id: str) -> dict[str, Any]:
    return media_json(services.get_media(current_actor(), media_id))


@blp.patch("/media/<media_id>")
@requires("media.write")
@blp.arguments(MediaPatch)
@blp.response(200, MediaOut)
def describe_media(body: dict[str, Any], media_id: str) -> dict[str, Any]:
    return media_json(services.describe(current_actor(), media_id, alt=body["alt"], now=utcnow()))


def take_upload() -> Media:
    """The uploaded file of this request as an item of the library; the page and the API share it."""
    actor = current_actor()
    file = request.files.get("file")
    if file is None:
        raise Invalid(
            "没有收到文件。请求里缺少 file 这一项。请选择一个文件后重新上传。", errors={"file": ["请选择文件。"]}
        )
    media = services.add_media(
        actor,
        unit_id=request.form.get("unit_id") or actor.unit_id,
        name=file.filename or "",
        content=file.stream.read(),
        now=utcnow(),
        picture=request.form.get("only") == "picture",
    )
    if alt := request.form.get("alt", ""):
        media = services.describe(actor, media.id, alt=alt, now=utcnow())
    return media
