"""紧急送审: a page that asks why; more routes of the blueprint of app.review.views."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import utcnow
from app.errors import TandemError
from app.posts import services as posts
from app.posts.models import Post
from app.review import services
from app.review.views import bp as bp
from app.units.permissions import current_actor, requires
from app.web import _


@bp.get("/posts/<post_id>/emergency")
@requires("post.write")
def emergency(post_id: str) -> ResponseReturnValue:
    """What it means, and a form for the reason."""
    actor = current_actor()
    post = posts.get_post(actor, post_id)
    actor.require("post.write", post.unit, see="post.read")
    return _page(post)


@bp.post("/posts/<post_id>/emergency")
@requires("post.write")
def submit_emergency(post_id: str) -> ResponseReturnValue:
    actor = current_actor()
    try:
        services.submit(actor, post_id, utcnow(), emergency=request.form.get("emergency", ""), described=True)
    except TandemError as refusal:
        return _page(posts.get_post(actor, post_id), refusal)
    flash(_("已紧急送审。最后一个环节通过后即可发布，其余环节事后补审。"), "ok")
    return redirect(url_for("posts.show", post_id=post_id))


def _page(post: Post, refusal: TandemError | None = None) -> ResponseReturnValue:
    chain = services.chain_of(post.unit_id)
    page = render_template(
        "review/emergency.html",
        post=post,
        chain=chain,
        reason=request.form.get("emergency", ""),
        refusal=refusal,
    )
    return page, refusal.status if refusal else 200
