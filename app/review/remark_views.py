"""Comments on passages: more routes of the blueprint of app.review.views."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import TandemError
from app.review import remarks, services
from app.review.views import bp as bp
from app.review.views import item_page
from app.units.permissions import current_actor, requires
from app.web import _


@bp.post("/review/<review_id>/remarks")
@requires("post.read")
def add_remark(review_id: str) -> ResponseReturnValue:
    actor, form, now = current_actor(), request.form, utcnow()
    try:
        made, unknown = remarks.remark(actor, review_id, form.get("quote", ""), form.get("text", ""), now)
    except TandemError as refusal:
        return item_page(services.get_review(actor, review_id, now), refusal)
    flash(_("批注已保存，拟稿人和审核人都能看到。"), "ok")
    for name in unknown:
        flash(_("没有通知“@%(name)s”：能看这篇稿件的同事中没有这个姓名。", name=name), "warn")
    return redirect(url_for("review.show", review_id=made.review_id, _anchor="remarks"))


@bp.post("/review/<review_id>/remarks/<remark_id>/resolution")
@requires("post.read")
def resolve_remark(review_id: str, remark_id: str) -> ResponseReturnValue:
    remarks.resolve(current_actor(), review_id, remark_id, utcnow())
    flash(_("已标为处理完。"), "ok")
    return redirect(url_for("review.show", review_id=review_id, _anchor="remarks"))
