"""Posts as other rooms see them: find, list, show as JSON, set what is pushed down. Writing is in authoring."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.db import Page, db, page_of
from app.errors import NotFound
from app.posts.adapting import link_for, problems_now
from app.posts.audiences import AUDIENCE_OFFER, audiences_of
from app.posts.authoring import create_post, override_variant, revise_post
from app.posts.choosing import (
    clean_paste,
    media_by_id,
    names_of,
    pictures_in,
    publications_by_post,
    publications_of,
    sites_by_unit,
    visible_post,
    writable_accounts,
    writable_units,
)
from app.posts.correcting import correction_of
from app.posts.dismissing import dismiss_problem, undismiss_problem
from app.posts.exporting import Exported, export_document
from app.posts.holdings import ai_label, attachments_of, cover_of, licence_problems
from app.posts.importing import Imported, import_document
from app.posts.importing_page import import_page
from app.posts.models import STATUSES, Post, Revision, Variant
from app.posts.revising import current_revision, on_revised
from app.units.access import Actor, visible

__all__ = [
    "AUDIENCE_OFFER",
    "Exported",
    "Imported",
    "ai_label",
    "attachments_of",
    "audiences_of",
    "clean_paste",
    "correction_of",
    "cover_of",
    "create_post",
    "current_revision",
    "current_variants",
    "dismiss_problem",
    "export_document",
    "get_post",
    "import_document",
    "import_page",
    "iso",
    "licence_problems",
    "link_for",
    "media_by_id",
    "names_of",
    "on_revised",
    "override_variant",
    "pictures_in",
    "post_json",
    "posts_of",
    "problems_now",
    "publications_by_post",
    "publications_of",
    "revise_post",
    "revision_json",
    "revisions_of",
    "set_status",
    "sites_by_unit",
    "undismiss_problem",
    "variant_json",
    "variant_of",
    "visible_post",
    "writable_accounts",
    "writable_units",
]


def get_post(actor: Actor, post_id: str) -> Post:
    """Raises NotFound for what is not there or not visible."""
    post = db.session.get(Post, post_id)
    if post is None:
        raise NotFound
    actor.require("post.read", post.unit, see="post.read")
    return post


def posts_of(
    actor: Actor,
    *,
    status: str | None = None,
    needs_attention: bool | None = None,
    unit_id: str | None = None,
    q: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Post]:
    """Posts the actor may read, newest first; `q` is looked for in titles."""
    query = select(Post).where(visible(actor, "post.read", Post.unit_id))
    query = query.options(
        selectinload(Post.revision).selectinload(Revision.variants).selectinload(Variant.account),
        selectinload(Post.unit),
    )
    if status in STATUSES:
        query = query.where(Post.status == status)
    elif status:
        query = query.where(Post.id.is_(None))
    if needs_attention is not None:
        query = query.where(Post.needs_attention == needs_attention)
    if unit_id:
        query = query.where(Post.unit_id == unit_id)
    if q.strip():
        query = query.where(Post.title.icontains(q.strip(), autoescape=True))
    return page_of(query, Post.id, cursor, limit)


def revisions_of(actor: Actor, post_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Revision]:
    """All revisions of a post, newest first."""
    post = get_post(actor, post_id)
    return page_of(select(Revision).where(Revision.post_id == post.id), Revision.id, cursor, limit)


def current_variants(post: Post) -> list[Variant]:
    return list(current_revision(post).variants)


def variant_of(actor: Actor, post_id: str, variant_id: str) -> Variant:
    """A variant of the current revision. Raises NotFound."""
    for variant in current_variants(get_post(actor, post_id)):
        if variant.id == variant_id:
            return variant
    raise NotFound


def set_status(post: Post, status: str, now: datetime) -> None:
    """Push down the state from review or publishing, inside their transaction."""
    if status not in STATUSES:
        raise ValueError(status)
    post.status = status
    post.updated_at = now


def iso(value: datetime | None) -> str | None:
    """ISO 8601 with offset, as the API shows times."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def variant_json(variant: Variant, problems: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The variant of CONTRACT.md; `problems`: what is known by now, else as they were kept."""
    return {
        "id": variant.id,
        "account_id": variant.account_id,
        "account_name": variant.account.name,
        "platform": variant.account.platform,
        "payload": variant.payload,
        "sha256": variant.sha256,
        "overrides": variant.overrides,
        "notes": variant.notes,
        "problems": variant.problems if problems is None else problems,
        "length": variant.length,
    }


def revision_json(revision: Revision, *, variants: bool = True) -> dict[str, Any]:
    """One revision with its content."""
    shown: dict[str, Any] = {
        "id": revision.id,
        "number": revision.number,
        "title": revision.title,
        "summary": revision.summary,
        "body_html": revision.body_html,
        "source": revision.source,
        "author": revision.author,
        "cover_media_id": revision.cover_media_id,
        "tags": revision.tags,
        "attachments": revision.attachments,
        "ai_text": revision.ai_text,
        "ai_images": revision.ai_images,
        "editors": revision.editors,
        "notes": revision.notes,
        "problems": revision.problems,
        "frozen_at": iso(revision.frozen_at),
        "created_at": iso(revision.created_at),
    }
    if variants:
        shown["variants"] = [variant_json(variant) for variant in revision.variants]
    return shown


def post_json(post: Post) -> dict[str, Any]:
    """The post of CONTRACT.md: its state, the content of its current revision, and what each account will get; with what
    became known of its links since it was saved."""
    revision = current_revision(post)
    content = revision_json(revision, variants=False)
    content["problems"], by_variant = problems_now(revision)
    return {
        "id": post.id,
        "unit_id": post.unit_id,
        "version": post.version,
        "status": post.status,
        "needs_attention": post.needs_attention,
        "skew_seconds": post.skew_seconds,
        "publish_at": iso(post.publish_at),
        "title": revision.title,
        "summary": revision.summary,
        "body_html": revision.body_html,
        "source": revision.source,
        "author": revision.author,
        "cover_media_id": revision.cover_media_id,
        "tags": revision.tags,
        "attachments": revision.attachments,
        "ai_text": revision.ai_text,
        "ai_images": revision.ai_images,
        "account_ids": [variant.account_id for variant in revision.variants],
        "urgent": post.urgent,
        "corrects_id": post.corrects_id,
        "revision": {
            key: content[key] for key in ("id", "number", "frozen_at", "created_at", "editors", "notes", "problems")
        },
        "variants": [variant_json(variant, by_variant[variant.id]) for variant in revision.variants],
        "created_by": post.created_by,
        "created_at": iso(post.created_at),
        "updated_at": iso(post.updated_at),
    }
