"""The library page, and the bytes under /media/{sha256}."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import utcnow
from app.errors import NotFound
from app.media import services
from app.media.api import take_upload, taken_json
from app.media.batches import batch_of
from app.media.blobs import path_of, shown_blob
from app.media.finding import Search
from app.media.kinds import EXTENSIONS
from app.media.models import Blob, Media
from app.units.permissions import current_actor, public, requires
from app.web import _, settings

bp = Blueprint("media", __name__)

_YEAR = 365 * 24 * 3600
FILTERS = ("q", "kind", "folder", "tag", "state", "unit_id")


@bp.get("/media/<sha256>")
@public
def show(sha256: str) -> ResponseReturnValue:
    """Public pictures for everybody, the rest for signed-in people; the same bytes for ever under one address."""
    path = path_of(sha256)
    found = shown_blob(sha256)
    if found is None or not path.is_file() or not (found.public or current_user.is_authenticated):
        raise NotFound
    return _sent(found, "public" if found.public else "private")


@bp.get("/library/thumbs/<sha256>")
@requires("media.read")
def thumb(sha256: str) -> ResponseReturnValue:
    """A small picture of a large one, made when it is first wanted: a page of forty-eight shall not load gigabytes."""
    found = shown_blob(services.thumb_of(sha256))
    if found is None or not path_of(found.sha256).is_file():
        raise NotFound
    return _sent(found, "private")


def _sent(blob: Blob, whose: str) -> Response:
    response: Response = send_file(
        path_of(blob.sha256),
        mimetype=blob.content_type,
        as_attachment=not blob.content_type.startswith("image/"),
        download_name=f"{blob.sha256[:16]}.{EXTENSIONS.get(blob.content_type, ('bin',))[0]}",
        conditional=True,
        etag=blob.sha256,
        max_age=_YEAR,
    )
    response.headers["Cache-Control"] = f"{whose}, max-age={_YEAR}, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.get("/library")
@requires("media.read")
def index() -> ResponseReturnValue:
    actor = current_actor()
    wanted = _search()
    page = services.media_of(actor, **vars(wanted), cursor=request.args.get("cursor"), limit=48)
    asked = request.args.get("batch", "")
    return render_template(
        "media/index.html",
        page=page,
        batch=batch_of(actor, asked) if asked else None,
        wanted=wanted,
        folders=services.folders_of(actor),
        tags=services.tags_in_use(actor),
        used=services.used_ids(page.items),
        today=services.day_of(utcnow()),
        own_unit=actor.unit_id,
        may_write=actor.holds("media.write"),
        most_mb=settings().max_upload_bytes // 1024 // 1024,
    )


@bp.post("/library")
@requires("media.write", "template.manage")
def upload() -> ResponseReturnValue:
    """One file (from the editor of a template: a picture); answers JSON to the page's script, else goes back to the
    library."""
    taken = take_upload()
    if request.accept_mimetypes.best == "application/json":
        item = url_for("media.item", media_id=taken.media.id)
        return jsonify(
            {**taken_json(taken), "item": item, "words": known_words(taken.media) if taken.known else ""}
        ), 201
    if taken.known:
        flash(known_words(taken.media), "warn")
    else:
        flash(_("已上传“%(name)s”。", name=taken.media.name), "ok")
    return redirect(url_for("media.item", media_id=taken.media.id) if taken.known else url_for("media.index"))


@bp.get("/library/choices")
@requires("media.read")
def choices() -> ResponseReturnValue:
    """What the composer's picker offers: a page of items, and the folders and tags to narrow them by."""
    actor = current_actor()
    page = services.media_of(actor, **vars(_search()), cursor=request.args.get("cursor"), limit=24)
    today = services.day_of(utcnow())
    answer: dict[str, Any] = {
        "items": [
            {
                "id": media.id,
                "url": f"/media/{media.sha256}",
                "sha256": media.sha256,
                "name": media.name,
                "title": media.title or media.name,
                "alt": media.alt,
                "content_type": media.blob.content_type,
                "thumb": url_for("media.thumb", sha256=media.sha256) if media.is_image else "",
                "dimensions": f"{media.blob.width}×{media.blob.height}" if media.blob.width else "",
                "folder": media.folder,
                "expired": media.expired(today),
                "may_write": actor.may("media.write", media.unit),
            }
            for media in page.items
        ],
        "next_cursor": page.next_cursor,
    }
    if not request.args.get("cursor"):
        answer["folders"] = [path for path, _count in services.folders_of(actor)]
    return jsonify(answer)


def known_words(media: Media) -> str:
    where = _("文件夹“%(folder)s”", folder=media.folder) if media.folder else _("未归文件夹")
    return _("已有相同文件“%(name)s”（%(where)s），没有重复保存。", name=media.title or media.name, where=where)


def _search() -> Search:
    return Search(**{name: request.args.get(name, "").strip() for name in FILTERS})
