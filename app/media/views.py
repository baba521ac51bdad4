"""The library page, and the bytes under /media/{sha256}."""

from __future__ import annotations

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import db, utcnow
from app.errors import NotFound
from app.media import services
from app.media.api import media_json, take_upload
from app.media.blobs import path_of
from app.media.kinds import EXTENSIONS
from app.media.models import Blob
from app.units.permissions import current_actor, public, requires
from app.web import _, settings

bp = Blueprint("media", __name__)

_YEAR = 365 * 24 * 3600


@bp.get("/media/<sha256>")
@public
def show(sha256: str) -> ResponseReturnValue:
    """Public pictures for everybody, the rest for signed-in people; the same bytes for ever under one address."""
    path = path_of(sha256)
    found = db.session.get(Blob, sha256)
    if found is None or not path.is_file() or not (found.public or current_user.is_authenticated):
        raise NotFound
    image = found.content_type.startswith("image/")
    response: Response = send_file(
        path,
        mimetype=found.content_type,
        as_attachment=not image,
        download_name=f"{sha256[:16]}.{EXTENSIONS.get(found.content_type, ('bin',))[0]}",
        conditional=True,
        etag=sha256,
        max_age=_YEAR,
    )
    whose = "public" if found.public else "private"
    response.headers["Cache-Control"] = f"{whose}, max-age={_YEAR}, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@bp.get("/library")
@requires("media.read")
def index() -> ResponseReturnValue:
    actor = current_actor()
    kind, q = request.args.get("kind", ""), request.args.get("q", "").strip()
    page = services.media_of(actor, kind=kind, q=q, cursor=request.args.get("cursor"), limit=48)
    return render_template(
        "media/index.html",
        page=page,
        kind=kind,
        q=q,
        may_write=actor.holds("media.write"),
        most_mb=settings().max_upload_bytes // 1024 // 1024,
    )


@bp.post("/library")
@requires("media.write")
def upload() -> ResponseReturnValue:
    """One file; answers JSON to the page's script, else goes back to the library."""
    media = take_upload()
    if request.accept_mimetypes.best == "application/json":
        return jsonify(media_json(media)), 201
    flash(_("已上传“%(name)s”。", name=media.name), "ok")
    return redirect(url_for("media.index"))


@bp.post("/library/<media_id>")
@requires("media.write")
def describe(media_id: str) -> ResponseReturnValue:
    services.describe(current_actor(), media_id, alt=request.form.get("alt", ""), now=utcnow())
    flash(_("替代文字已保存。"), "ok")
    return redirect(url_for("media.index"))
