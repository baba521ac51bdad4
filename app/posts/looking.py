"""What saving would say of the words that are being typed: problems, notes and lengths, computed as saving does. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session, joinedload

from app.db import db
from app.errors import NotFound
from app.media.services import GlancingStore
from app.posts.adapting import renew
from app.posts.authoring import visible_unit
from app.posts.fields import checked
from app.posts.holdings import attachments_of, cover_of
from app.posts.models import Post, Revision, Variant
from app.posts.pictures import stored
from app.posts.revising import current_revision
from app.posts.sanitising import clean
from app.units.access import Actor

_WORDS = ("title", "summary", "body_html", "source", "author", "tags")


def look(actor: Actor, post_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """{"problems", "variants": [{"id", "problems", "notes", "length"}]} as the post would have them with `fields`, of
    which only words (and `urgent`) count; accounts, cover and attachments are the saved ones.

    Raises NotFound, Forbidden, Invalid.
    """
    visible_unit(actor, post_id)
    values = checked(actor, {name: fields[name] for name in (*_WORDS, "urgent") if name in fields})
    if "body_html" in values:
        values["body_html"] = clean(str(values["body_html"] or ""), stored).html
    # Rows of its own, which nothing flushes or commits: whoever ends the request's own session finds nothing changed.
    with Session(db.session.connection(), autoflush=False) as apart:
        variants = joinedload(Post.revision).selectinload(Revision.variants)
        post = apart.get(Post, post_id, options=[variants.joinedload(Variant.account)])
        if post is None:
            raise NotFound
        revision = current_revision(post)
        # Read once: a session forgets what nobody holds, and every account asks for the cover.
        _held = cover_of(revision), attachments_of(revision)
        post.urgent = values.get("urgent", post.urgent)
        for name in _WORDS:
            setattr(revision, name, values.get(name, getattr(revision, name)))
        renew(post, revision, actor.origin, GlancingStore())
        return {
            "problems": revision.problems,
            "variants": [
                {"id": each.id, "problems": each.problems, "notes": each.notes, "length": each.length}
                for each in revision.variants
            ],
        }
