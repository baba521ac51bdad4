"""One item on screen: what is said of it, where it is used, its original, cutting and removing it."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Invalid, NotFound, TandemError
from app.media import services
from app.media.api import media_json
from app.media.blobs import path_of
from app.media.cutting import QUALITIES, cut
from app.media.fields import NAMES
from app.media.models import Media
from app.media.removing import remove, why_it_stays
from app.media.uses import PLACES
from app.media.views import bp, known_words
from app.units.permissions import current_actor, requires
from app.web import _
from connectors.labels import MADE

__all__ = ["bp"]

_CUT = ("left", "top", "width", "height", "max_width", "quality")


@bp.get("/library/<media_id>")
@requires("media.read")
def item(media_id: str) -> ResponseReturnValue:
    return _page(services.get_media(current_actor(), media_id))


@bp.post("/library/<media_id>")
@requires("media.write")
def describe(media_id: str) -> ResponseReturnValue:
    """What is said of an item, as far as the form has it; answers JSON to a script."""
    actor = current_actor()
    given: dict[str, Any] = {name: request.form[name] for name in NAMES if name in request.form}
    try:
        media = services.edit(actor, media_id, given, utcnow())
    except Invalid as refusal:
        if _wants_json():
            raise
        return _page(services.get_media(actor, media_id), refusal, given), refusal.status
    if _wants_json():
        return jsonify(media_json(media))
    flash(_("素材信息已保存。"), "ok")
    return redirect(url_for("media.item", media_id=media_id))


@bp.post("/library/<media_id>/removal")
@requires("media.write")
def remove_item(media_id: str) -> ResponseReturnValue:
    actor = current_actor()
    name = services.get_media(actor, media_id).name
    try:
        remove(actor, media_id, utcnow())
    except TandemError as refusal:
        if refusal.status != 409:
            raise
        return _page(services.get_media(actor, media_id), refusal), refusal.status
    flash(_("已删除“%(name)s”。", name=name), "ok")
    return redirect(url_for("media.index"))


@bp.get("/library/<media_id>/original")
@requires("media.write")
def original(media_id: str) -> ResponseReturnValue:
    """The file as it was uploaded; each download is recorded."""
    media, sha256 = services.open_original(current_actor(), media_id, utcnow())
    response: Response = send_file(
        path_of(sha256),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=media.name or sha256[:16],
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@bp.get("/library/<media_id>/cut")
@requires("media.write")
def cutter(media_id: str) -> ResponseReturnValue:
    actor = current_actor()
    media = services.get_media(actor, media_id)
    actor.require("media.write", media.unit, see="media.read")
    if not media.is_image:
        raise NotFound
    return _cutter(media)


@bp.post("/library/<media_id>/cut")
@requires("media.write")
def cut_item(media_id: str) -> ResponseReturnValue:
    actor = current_actor()
    given = {name: request.form.get(name, "") for name in _CUT}
    try:
        taken = cut(actor, media_id, given, utcnow())
    except Invalid as refusal:
        return _cutter(services.get_media(actor, media_id), refusal, given), refusal.status
    made = taken.media
    if taken.known:
        flash(known_words(made), "warn")
    else:
        flash(_("已另存为新素材“%(name)s”，原图没有改动。请核对替代文字是否还合适。", name=made.name), "ok")
    return redirect(url_for("media.item", media_id=made.id))


def _page(media: Media, refusal: TandemError | None = None, given: dict[str, Any] | None = None) -> str:
    actor = current_actor()
    uses, unseen = services.uses_of(actor, media)
    origin = None
    if media.origin_id:
        try:
            origin = services.get_media(actor, media.origin_id)
        except TandemError:
            origin = None
    return render_template(
        "media/item.html",
        media=media,
        refusal=refusal,
        given={**_values(media), **(given or {})},
        uses=uses,
        unseen=unseen,
        stays="" if uses or unseen else why_it_stays(actor, media),
        places=PLACES,
        origin=origin,
        made=services.made_from(actor, media),
        folders=services.folders_of(actor),
        today=services.day_of(utcnow()),
        may_write=actor.may("media.write", media.unit),
        ai_ways=[(key, _(words)) for key, words in MADE.items()],
    )


def _cutter(media: Media, refusal: TandemError | None = None, given: dict[str, str] | None = None) -> str:
    blob = media.blob
    whole = {"left": 0, "top": 0, "width": blob.width, "height": blob.height, "max_width": "", "quality": "high"}
    return render_template(
        "media/cut.html", media=media, refusal=refusal, given={**whole, **(given or {})}, qualities=QUALITIES
    )


def _values(media: Media) -> dict[str, Any]:
    """The fields of the form."""
    return {
        **{name: getattr(media, name) for name in NAMES},
        "tags": "、".join(media.tags),
        "expires_on": media.expires_on.isoformat() if media.expires_on else "",
    }


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"
