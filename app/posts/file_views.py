"""Documents in and out of posts: more routes of the blueprint of app.posts.views."""

from __future__ import annotations

import io

from flask import flash, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import Invalid
from app.json_bodies import sent_object
from app.posts import services
from app.posts.importing_zip import PICTURES
from app.posts.views import bp as bp
from app.units.permissions import current_actor, requires
from app.web import _

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@bp.get("/posts/<post_id>.docx")
@requires("post.read")
def export(post_id: str) -> ResponseReturnValue:
    """The newest revision as a Word document; what could not be put into it is said on the next page."""
    exported = services.export_document(current_actor(), post_id, utcnow())
    for note in exported.notes:
        flash(note, "warn")
    return send_file(
        io.BytesIO(exported.content), mimetype=_DOCX, as_attachment=True, download_name=exported.name, max_age=0
    )


@bp.post("/posts/import")
@requires("post.write")
def import_file() -> ResponseReturnValue:
    """A document (and the pictures that belong to it) as fields for the composer; nothing is saved but pictures."""
    files = {file.filename or "": file.stream.read() for file in request.files.getlist("file")}
    documents = [name for name in files if not name.lower().endswith(PICTURES)]
    if len(documents) != 1:
        raise Invalid(
            _(
                "没有导入。请选择一个文稿（.docx、.md、.html、.txt，或打包好的 .zip），可连同它引用的图片一起选。请重新选择。"
            ),
            errors={"file": [_("需要且只要一个文稿。")]},
        )
    name = documents[0]
    content = files.pop(name)
    unit_id = request.form.get("unit_id", "")
    return _fields(
        services.import_document(
            current_actor(), unit_id=unit_id, name=name, content=content, now=utcnow(), files=files
        )
    )


@bp.post("/posts/import-page")
@requires("post.write")
def import_page() -> ResponseReturnValue:
    """An article of the unit's own website as fields for the composer."""
    given = sent_object()
    unit_id, url = str(given.get("unit_id") or ""), str(given.get("url") or "")
    return _fields(services.import_page(current_actor(), unit_id=unit_id, url=url, now=utcnow()))


@bp.post("/posts/paste")
@requires("post.write", "template.manage")
def paste() -> ResponseReturnValue:
    """Pasted HTML, cleaned as it would be on saving, with words about what was taken out."""
    given = sent_object()
    cleaned = services.clean_paste(
        current_actor(), unit_id=str(given.get("unit_id") or ""), html=str(given.get("html") or ""), now=utcnow()
    )
    return jsonify({"html": cleaned.html, "notes": cleaned.notes})


def _fields(result: services.Imported) -> ResponseReturnValue:
    return jsonify({"fields": result.fields, "notes": result.notes, "missing": result.missing})
