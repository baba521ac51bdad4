"""/api/v1/posts: write, adapt, read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint

from app.db import utcnow
from app.posts import history, restoring, services
from app.posts.models import Snapshot
from app.posts.schemas import (
    DismissalIn,
    NewPost,
    Overrides,
    PostChange,
    PostList,
    PostOut,
    PostQuery,
    Restoration,
    RevisionList,
    StateList,
    StateOut,
    VariantOut,
    VersionQuery,
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
    post = services.override_variant(actor, post_id, variant_id, fields["overrides"], utcnow(), fields["version"])
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
@blp.arguments(VersionQuery, location="query")
@blp.response(200, PostOut)
def undismiss(query: dict[str, Any], post_id: str, key: str) -> dict[str, Any]:
    """Take the explanation back. With `version`, 409 when it is stale."""
    return services.post_json(services.undismiss_problem(current_actor(), post_id, key, utcnow(), query.get("version")))


@blp.get("/posts/<post_id>/history")
@requires("post.read")
@blp.arguments(PageQuery, location="query")
@blp.response(200, StateList)
def list_history(query: dict[str, Any], post_id: str) -> dict[str, Any]:
    """The states of the post (who, when, what changed), newest first; their texts by themselves."""
    page = history.history_of(current_actor(), post_id, **query)
    people = services.names_of({item.actor_id for item in page.items})
    return {"items": [_state_json(item, people) for item in page.items], "next_cursor": page.next_cursor}


@blp.get("/posts/<post_id>/history/<state_id>")
@requires("post.read")
@blp.response(200, StateOut)
def show_state(post_id: str, state_id: str) -> dict[str, Any]:
    """One state with its content and what each account would have got of it."""
    found = history.snapshot_of(current_actor(), post_id, state_id)
    shown = {"content": found.content, "channels": found.channels}
    return _state_json(found, services.names_of({found.actor_id})) | shown


@blp.post("/posts/<post_id>/history/<state_id>/restoration")
@requires("post.write")
@blp.arguments(Restoration)
@blp.response(200, PostOut)
def restore_state(fields: dict[str, Any], post_id: str, state_id: str) -> dict[str, Any]:
    """Bring the state back into the draft, as an edit, or with `account_id` only the parts that this account had set by
    hand; 409 when `version` is stale, nothing would change, or the account is not chosen now."""
    actor, account_id, version = current_actor(), fields["account_id"], fields["version"]
    if account_id:
        post, _lost = restoring.restore_account(actor, post_id, state_id, account_id, version, utcnow())
    else:
        post, _lost = restoring.restore(actor, post_id, state_id, version, utcnow())
    return services.post_json(post)


def _state_json(state: Snapshot, people: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": state.id,
        "number": state.number,
        "kind": state.kind,
        "revision_number": state.revision_number,
        "restored_number": state.restored_number,
        "actor": {"id": state.actor_id, "name": people.get(state.actor_id, "")},
        "changed": state.changed,
        "started_at": services.iso(state.started_at),
        "at": services.iso(state.at),
    }
