"""Problems of a post: as one types, what people do about them, and where a pack's terms stand in what was published. More routes of the bp."""

from __future__ import annotations

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.checks.builtin import builtin_pack
from app.checks.keeping import get_pack
from app.checks.services import FIELDS
from app.db import utcnow
from app.errors import NotFound
from app.posts import lookback, lookback_shipped, looking, services
from app.posts.schemas import DismissalIn, WordsIn
from app.posts.views import answer_of, loaded
from app.posts.views import bp as bp
from app.units.permissions import current_actor, requires


@bp.post("/posts/<post_id>/look")
@requires("post.write")
def look(post_id: str) -> ResponseReturnValue:
    """What would be said of the words that stand in the composer; nothing is saved."""
    return jsonify(looking.look(current_actor(), post_id, loaded(WordsIn())))


@bp.post("/posts/<post_id>/dismissals")
@requires("post.write")
def dismiss(post_id: str) -> ResponseReturnValue:
    fields = loaded(DismissalIn())
    post = services.dismiss_problem(
        current_actor(), post_id, fields["key"], fields["reason"], utcnow(), fields.get("version")
    )
    return jsonify(answer_of(post))


@bp.delete("/posts/<post_id>/dismissals/<key>")
@requires("post.write")
def undismiss(post_id: str, key: str) -> ResponseReturnValue:
    version = request.args.get("version", type=int)
    return jsonify(answer_of(services.undismiss_problem(current_actor(), post_id, key, utcnow(), version)))


@bp.get("/posts/pack-hits/<pack_id>")
@requires("post.read")
def pack_hits(pack_id: str) -> ResponseReturnValue:
    """A fragment of the pack's page."""
    actor = current_actor()
    pack = get_pack(actor, pack_id)
    # Drawn with the pack's page it is asked for under that page's address, whose cursor is another list's.
    page = lookback.hits_of(actor, pack.id, cursor=request.args.get("hits"))
    places, posts = lookback.count_hits(actor, pack.id)
    return render_template(
        "posts/_pack_hits.html",
        pack=pack,
        page=page,
        places=places,
        count=posts,
        posts=lookback.posts_by_id(actor, {hit.post_id for hit in page.items}),
        fields=FIELDS,
    )


@bp.get("/posts/shipped-hits/<key>")
@requires("post.read")
def shipped_hits(key: str) -> ResponseReturnValue:
    """A fragment of the page of a pack that comes with the product."""
    if builtin_pack(key) is None:
        raise NotFound
    actor = current_actor()
    look = lookback_shipped.looks_of(actor, key)
    posts = lookback.posts_by_id(actor, {hit["post_id"] for hit in look.hits})
    return render_template("posts/_shipped_hits.html", look=look, posts=posts, fields=FIELDS)
