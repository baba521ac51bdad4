"""Explaining a problem that stays: with a reason, kept with the revision, told to reviewers.

An explanation is bound to the rule, the line and the place in it (checks.wording.key_of): when the line changes, the
problem is back. What blocks cannot be explained away.

It changes nothing that goes out: on a draft it takes no new version, so that nobody else's saving is put out by it. Of a
frozen revision it makes a new one, which is an edit like any other and kept as such.
"""

from __future__ import annotations

from datetime import datetime

from app.audit.services import record
from app.db import atomic
from app.errors import Conflict, Invalid, NotFound
from app.posts.adapting import adapt_revision, all_problems, compile_packs
from app.posts.history import keep
from app.posts.models import Post
from app.posts.revising import current_revision, editable, locked
from app.units.access import Actor

_LONGEST = 300
# Explanations of lines that are gone are kept: the line may come back. So many, the newest.
_KEPT = 300


def dismiss_problem(
    actor: Actor, post_id: str, key: str, reason: str, now: datetime, version: int | None = None
) -> Post:
    """Say why the problem with this `key` stays. On a frozen revision as an edit: a new one.

    Raises Invalid (no reason), Conflict (stale `version`, the problem is gone or going out), NotFound, Forbidden.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid("没有保存。还没有写理由。请写明为什么保留，审核人会看到。", errors={"reason": ["请写明理由。"]})
    if len(reason) > _LONGEST:
        raise Invalid("没有保存。理由太长。请缩短。", errors={"reason": [f"最多 {_LONGEST} 个字。"]})
    compile_packs(post_id)
    with atomic():
        post = _open(actor, post_id, version)
        problem = next((one for one in all_problems(current_revision(post)) if one.key == key and key), None)
        if problem is None:
            raise Conflict("没有保存。这个问题已经不在了：文字已改，或词库已更新。请刷新后查看。")
        frozen = current_revision(post).frozen_at is not None
        revision = editable(post, actor, now)
        said = {
            "key": key,
            "rule": problem.rule,
            "reason": reason,
            "by": actor.user_id,
            "by_name": actor.name,
            "at": now.isoformat(),
        }
        revision.dismissals = [*(one for one in revision.dismissals if one["key"] != key), said][-_KEPT:]
        told = {"rule": problem.rule, "reason": reason}
        _finish(actor, post, "post.dismiss", "说明检查问题", told, now, edited=frozen)
    return post


def undismiss_problem(actor: Actor, post_id: str, key: str, now: datetime, version: int | None = None) -> Post:
    """Take an explanation back. Raises NotFound, Conflict, Forbidden."""
    compile_packs(post_id)
    with atomic():
        post = _open(actor, post_id, version)
        if all(one["key"] != key for one in current_revision(post).dismissals):
            raise NotFound
        frozen = current_revision(post).frozen_at is not None
        revision = editable(post, actor, now)
        revision.dismissals = [one for one in revision.dismissals if one["key"] != key]
        _finish(actor, post, "post.undismiss", "撤回对检查问题的说明", {}, now, edited=frozen)
    return post


def _open(actor: Actor, post_id: str, version: int | None) -> Post:
    post = locked(actor, post_id, "post.write")
    if version is not None and post.version != version:
        raise Conflict("没有保存。其间已有人改过这篇稿件。请刷新后重试。", version=post.version)
    return post


def _finish(
    actor: Actor, post: Post, action: str, words: str, after: dict[str, str], now: datetime, *, edited: bool
) -> None:
    """`edited`: a new revision was opened for it."""
    if edited:
        post.version += 1
        post.updated_at = now
    adapt_revision(post, current_revision(post), actor.origin)
    if edited:
        keep(post, actor, "edited", now)
    record(
        actor,
        action,
        now=now,
        object_type="post",
        object_id=post.id,
        unit_id=post.unit_id,
        summary=f"{words}《{post.title or '未命名'}》",
        after={"version": post.version, "revision": current_revision(post).number, **after},
    )
