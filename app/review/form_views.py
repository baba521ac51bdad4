"""发布审批单, on screen, printed and as a Word file: more routes of the blueprint of app.review.views."""

from __future__ import annotations

import io

from flask import render_template, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from app.db import utcnow
from app.errors import NotFound
from app.review import form_words
from app.review.form import approval_form
from app.review.form_docx import clock, export_form
from app.review.handling import FATES
from app.review.views import bp as bp
from app.states import word_of
from app.units.permissions import current_actor, requires

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@bp.get("/posts/<post_id>/approval-form")
@requires("post.read")
def form(post_id: str) -> ResponseReturnValue:
    """Of the revision that is public, else handed in last; ?revision=2 for another."""
    found = approval_form(current_actor(), post_id, utcnow(), _number())
    return render_template("review/form.html", form=found, words=form_words, fates=FATES, clock=clock)


@bp.get("/posts/<post_id>/approval-form.docx")
@requires("post.read")
def form_file(post_id: str) -> ResponseReturnValue:
    # An official paper: in Chinese, whatever language its reader chose for the screen.
    with force_locale("zh_CN"):
        name, content = export_form(current_actor(), post_id, utcnow(), word_of, _number())
    return send_file(io.BytesIO(content), mimetype=DOCX, as_attachment=True, download_name=name, max_age=0)


def _number() -> int | None:
    given = request.args.get("revision", "")
    if not given:
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > 6:
        raise NotFound
    return int(given)
