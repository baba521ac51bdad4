"""/api/v1/posts: write, adapt, read."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from app.db import utcnow
from app.posts import services
from app.posts.schemas import (
    DismissalIn,
    NewPost,
    Overrides,
    PostChange,
    PostList,
    PostOut,
    PostQuery,
    RevisionList,
    VariantOut,
)
from app.schemas import PageQuery
from app.units.permissions import current_actor, requires

blp = Blueprint("posts_api", __name__, url_prefix="/api/v1", description="稿件")


@blp.get("/posts")
@requires("post.read")
@blp.arguments(PostQuery, location="query")
@blp.response(200, PostList)
def list_posts(query: dict[str, Any]) -> dict[str, Any]:
    """Posts that the caller may read, newest first."""
    page = services.posts_of(current_actor(), **query)
    return {"items": [services.post_json(post) for post in page.items], "next_cursor": page.next_cursor}


@blp.post("/posts")
@requires("post.write")
@blp.arguments(NewPost)
@blp.response(201, PostOut)
def create(fields: dict[str, Any]) -> dict[str, Any]:
    """A new draft, adapted for each account at once."""
    return services.post_json(services.create_post(current_actor(), fields, utcnow()))


@blp.get("/posts/<post_id>")
@requires("post.read")
@blp.response(200, PostOut)
def show(post_id: str) -> dict[str, Any]:
    """One post with its current revision and variants."""
    return services.post_json(services.get_post(current_actor(), post_id))


@blp.patch("/posts/<post_id>")
@requires("post.write")
@blp.arguments(PostChange)
@blp.response(200, PostOut)
def change(fields: dict[str, Any], post_id: str) -> dict[str, Any]:
    """Change a post; 409 when `version` is stale."""
    version = fields.pop("version")
    return services.post_json(services.revise_post(current_actor(), post_id, fields, version, utcnow()))


@blp.get("/posts/<post_id>/revisions")
@requires("post.read")
@blp.arguments(PageQuery, location="query")
@blp.response(200, RevisionList)
def list_revisions(query: dict[str, Any], post_id: str) -> dict[str, Any]:
    """Every revision, newest first."""
    page = services.revisions_of(current_actor(), post_id, **query)
    return {"items": [services.revision_json(item) for item in page.items], "next_cursor": page.next_cursor}


@blp.patch("/posts/<post_id>/variants/<variant_id>")
@requires("post.write")
@blp.arguments(Overrides)
@blp.response(200, VariantOut)
def override(fields: dict[str, Any], post_id: str, variant_id: str) -> dict[str, Any]:
    """Set or reset (null) parts of one account's version; answers with that account's variant as it stands now."""
    actor = current_actor()
    account_id = services.variant_of(actor, post_id, variant_id).account_id
    post = services.override_variant(actor, post_id, variant_id, fields["overrides"], utcnow())
    return services.variant_json(next(v for v in services.current_variants(post) if v.account_id == account_id))


@blp.post("/posts/<post_id>/dismissals")
@requires("post.write")
@blp.arguments(DismissalIn)
@blp.response(200, PostOut)
def dismiss(fields: dict[str, Any], post_id: str) -> dict[str, Any]:
    """Say why the problem with this `key` stays; on a submitted post as an edit. What blocks has no key."""
    post = services.dismiss_problem(
        current_actor(), post_id, fields["key"], fields["reason"], utcnow(), fields.get("version")
    )
    return services.post_json(post)


@blp.delete("/posts/<post_id>/dismissals/<key>")
@requires("post.write")
@blp.response(200, PostOut)
def undismiss(post_id: str, key: str) -> dict[str, Any]:
    """Take the explanation back."""
    return services.post_json(services.undismiss_problem(current_actor(), post_id, key, utcnow()))
