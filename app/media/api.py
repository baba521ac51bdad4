"""/api/v1/media."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import fields, validate

from app.db import utcnow
from app.errors import Invalid
from app.media import services
from app.media.finding import STATES
from app.media.models import Media
from app.media.removing import remove
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
    folder = fields.String()
    tags = fields.List(fields.String())
    title = fields.String()
    source = fields.String()
    holder = fields.String()
    licence = fields.String()
    expires_on = fields.String(allow_none=True)
    expired = fields.Boolean()
    note = fields.String()
    ai_made = fields.String(metadata={"description": "none、assisted（AI 辅助生成）或 generated（AI 生成）"})
    origin_id = fields.String(allow_none=True)
    cleaned = fields.Boolean(metadata={"description": "拍摄信息已清除，原件另存"})


class MediaAdded(MediaOut):
    known = fields.Boolean(metadata={"description": "本单位已有相同文件，没有重复保存"})


class MediaUseOut(BaseSchema):
    post_id = fields.String()
    title = fields.String()
    status = fields.String()
    places = fields.List(fields.String())


class MediaUses(BaseSchema):
    items = fields.List(fields.Nested(MediaUseOut))
    unseen = fields.Integer(metadata={"description": "另有几篇您无权查看的稿件用到它"})


class MediaQuery(PageQuery):
    q = fields.String(load_default="")
    kind = fields.String(load_default="", validate=validate.OneOf(["", "image", "file"]))
    folder = fields.String(load_default="")
    tag = fields.String(load_default="")
    state = fields.String(load_default="", validate=validate.OneOf(["", *STATES]))
    unit_id = fields.String(load_default="")


class MediaPage(BaseSchema):
    items = fields.List(fields.Nested(MediaOut))
    next_cursor = fields.String(allow_none=True)


class MediaPatch(BaseSchema):
    alt = fields.String()
    folder = fields.String()
    tags = fields.List(fields.String())
    title = fields.String()
    source = fields.String()
    holder = fields.String()
    licence = fields.String()
    expires_on = fields.String(allow_none=True)
    note = fields.String()
    ai_made = fields.String()


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
        "folder": media.folder,
        "tags": media.tags,
        "title": media.title,
        "source": media.source,
        "holder": media.holder,
        "licence": media.licence,
        "expires_on": media.expires_on.isoformat() if media.expires_on else None,
        "expired": media.expired(services.day_of(utcnow())),
        "note": media.note,
        "ai_made": media.ai_made,
        "origin_id": media.origin_id or None,
        "cleaned": bool(media.original_sha256),
    }


def taken_json(taken: services.Taken) -> dict[str, Any]:
    return {**media_json(taken.media), "known": taken.known}


@blp.get("/media")
@requires("media.read")
@blp.arguments(MediaQuery, location="query")
@blp.response(200, MediaPage)
def list_media(query: dict[str, Any]) -> dict[str, Any]:
    page = services.media_of(current_actor(), **query)
    return {"items": [media_json(media) for media in page.items], "next_cursor": page.next_cursor}


@blp.post("/media")
@requires("media.write")
@blp.response(201, MediaAdded)
def add_media() -> dict[str, Any]:
    """multipart/form-data: `file`; `unit_id` (default: your own unit), `alt`, `folder` and `tags` if you like."""
    return taken_json(take_upload())


@blp.get("/media/<media_id>")
@requires("media.read")
@blp.response(200, MediaOut)
def get_media(media_id: str) -> dict[str, Any]:
    return media_json(services.get_media(current_actor(), media_id))


@blp.patch("/media/<media_id>")
@requires("media.write")
@blp.arguments(MediaPatch)
@blp.response(200, MediaOut)
def edit_media(body: dict[str, Any], media_id: str) -> dict[str, Any]:
    return media_json(services.edit(current_actor(), media_id, body, utcnow()))


@blp.delete("/media/<media_id>")
@requires("media.write")
@blp.response(204)
def remove_media(media_id: str) -> None:
    """409 while a post shows it."""
    remove(current_actor(), media_id, utcnow())


@blp.get("/media/<media_id>/uses")
@requires("media.read")
@blp.response(200, MediaUses)
def list_uses(media_id: str) -> dict[str, Any]:
    """The posts that show it: as `cover`, in the `body`, as `attachment`, or in what one account gets (`variant`)."""
    actor = current_actor()
    uses, unseen = services.uses_of(actor, services.get_media(actor, media_id))
    return {"items": [asdict(use) for use in uses], "unseen": unseen}


def take_upload() -> services.Taken:
    """The uploaded file of this request as an item of the library; the page and the API share it."""
    actor = current_actor()
    file = request.files.get("file")
    if file is None:
        raise Invalid(
            "没有收到文件。请求里缺少 file 这一项。请选择一个文件后重新上传。", errors={"file": ["请选择文件。"]}
        )
    about: dict[str, Any] = {name: request.form[name] for name in ("alt", "folder", "tags") if request.form.get(name)}
    taken = services.take_in(
        actor,
        unit_id=request.form.get("unit_id") or actor.unit_id,
        name=file.filename or "",
        content=file.stream.read(),
        now=utcnow(),
        picture=request.form.get("only") == "picture",
        about=about,
    )
    if taken.known and about.get("alt"):
        services.describe(actor, taken.media.id, alt=about["alt"], now=utcnow())
    return taken
