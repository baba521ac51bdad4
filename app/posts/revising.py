"""Revisions: drafts are edited in place; what was submitted stays as it is and an edit opens the next number."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime

from app.accounts.models import Account
from app.db import db
from app.errors import Conflict, NotFound
from app.posts.models import Post, Revision, Variant
from app.units.access import Actor

# Called in the transaction when a frozen revision is about to be replaced; raise Conflict to refuse.
on_revised: list[Callable[[Post, Actor, datetime], None]] = []

_GONE_OUT = {
    "publishing": "这篇稿件正在发布。发出的内容不能再改。请等发布结束；如需更正，请新建一篇更正稿。",
    "published": "这篇稿件已经发布。发布过的内容不能再改。如需更正，请在稿件页新建一篇更正稿。",
    "partly_published": "这篇稿件已在部分账号发布。发布过的内容不能再改。请处置未发出的部分，或新建一篇更正稿。",
}
_COPIED = ("title", "summary", "body_html", "source", "author", "cover_media_id", "ai_text", "ai_images")


def locked(actor: Actor, post_id: str, key: str) -> Post:
    """The post, locked until the end of the transaction. Raises NotFound or Forbidden."""
    post = db.session.get(Post, post_id, with_for_update=True, populate_existing=True)
    if post is None:
        raise NotFound
    actor.require(key, post.unit, see="post.read")
    return post


def current_revision(post: Post) -> Revision:
    if post.revision is None:
        raise RuntimeError(f"post {post.id} without revision")
    return post.revision


def editable(post: Post, actor: Actor, now: datetime) -> Revision:
    """The draft revision to change: the current one, or a new one copied from it when that is frozen.

    Raises Conflict when the post has gone out, or when a hook says that it is going out.
    """
    revision = current_revision(post)
    if revision.frozen_at is not None:
        revision = reopen(post, actor, now)
    if actor.user_id and actor.user_id not in revision.editors:
        revision.editors = [*revision.editors, actor.user_id]
    return revision


def reopen(post: Post, actor: Actor, now: datetime) -> Revision:
    """A new draft revision in place of the frozen one: the review is void, the schedule withdrawn (hooks)."""
    if post.status in _GONE_OUT:
        raise Conflict(_GONE_OUT[post.status])
    for hook in on_revised:
        hook(post, actor, now)
    old = current_revision(post)
    revision = Revision(
        post_id=post.id,
        number=old.number + 1,
        tags=list(old.tags),
        attachments=list(old.attachments),
        # Whoever wrote the part that is carried over has written a part of this one, too.
        editors=list(old.editors),
        notes=list(old.notes),
        problems=list(old.problems),
        dismissals=list(old.dismissals),
        created_at=now,
        **{name: getattr(old, name) for name in _COPIED},
    )
    db.session.add(revision)
    db.session.flush()
    for variant in old.variants:
        revision.variants.append(new_variant(variant.account, variant.position, dict(variant.overrides)))
    post.revision = revision
    post.status = "draft"
    post.publish_at = None
    post.skew_seconds = None
    db.session.flush()
    return revision


def choose_accounts(revision: Revision, account_ids: Sequence[str]) -> None:
    """One variant per account, in this order; those that stay keep their overrides and mark."""
    kept = {variant.account_id: variant for variant in revision.variants}
    for account_id, variant in kept.items():
        if account_id not in account_ids:
            revision.variants.remove(variant)
    for position, account_id in enumerate(account_ids):
        if account_id in kept:
            kept[account_id].position = position
            continue
        account = db.session.get(Account, account_id)
        if account is None:
            raise NotFound
        revision.variants.append(new_variant(account, position, {}))
    db.session.flush()
    revision.variants.sort(key=lambda variant: variant.position)


def new_variant(account: Account, position: int, overrides: dict[str, object]) -> Variant:
    return Variant(
        account=account, account_id=account.id, position=position, mark=secrets.token_hex(6), overrides=overrides
    )
