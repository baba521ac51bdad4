"""What people do with all publications of a post at once: release them in step, take them all back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from app.db import atomic, db
from app.errors import Conflict, NotFound
from app.posts.models import Post
from app.publishing import ordering, permalink, pushdown, resolving
from app.publishing.models import Publication
from app.publishing.undoing import recallable
from app.units.access import Actor

WAITING = ("held", "missed")


def releasable(rows: Sequence[Publication]) -> list[Publication]:
    return [row for row in rows if row.status in WAITING]


def whole(actor: Actor, post: Post, standing: Sequence[Publication]) -> dict[str, Any]:
    """What may be ordered for the whole post, where several of its publications wait or stand."""
    manages = actor.may(resolving.MANAGE, post.unit)
    waiting = releasable(standing) if manages or actor.may(resolving.PLAN, post.unit) else []
    public = [row for row in standing if row.status == "published" and row.recall_at is None] if manages else []
    taken = recallable(public)
    return {
        "release_together": waiting if len(waiting) > 1 else [],
        "recall_together": taken if len(public) > 1 else [],
        "left_by_recall": [row for row in public if row not in taken] if len(public) > 1 else [],
    }


def release_all(actor: Actor, post_id: str, *, reason: str, now: datetime) -> list[Publication]:
    """Every held or missed publication of the post goes now, through the barrier together: none before the other is
    ready, in the order that was agreed. All or none. Raises Conflict (a stop stands; nothing waits), NotFound, Forbidden.
    """
    with atomic():
        rows = _rows(
            actor, post_id, releasable, "没有放行。没有已暂缓或已错过的内容，可能同事刚刚处理过。请刷新后查看。"
        )
        firsts = ordering.first_ids(rows[0].schedule.order, [(row.id, row.account.platform) for row in rows])
        # In one order for everybody: reserving locks the account.
        for row in sorted(rows, key=lambda row: row.account_id):
            last = ordering.late_after(row.schedule.order, now, not firsts or row.id in firsts)
            own = resolving.own(actor, row.id, reason, resolving.MANAGE, resolving.PLAN)
            resolving.let_go(actor, own, reason, now, late_from=last)
    return rows


def recall_all(actor: Actor, post_id: str, *, reason: str, now: datetime) -> list[Publication]:
    """Ask for all public ones to be taken back that the platforms let us take back. All or none asked."""
    with atomic():
        nothing = "没有撤回。没有可由系统撤回的内容。请登录平台手动删除，再逐条登记。"
        rows = _rows(actor, post_id, recallable, nothing)
        for row in rows:
            resolving.recall(actor, row.id, reason=reason, now=now)
    return rows


def _rows(
    actor: Actor, post_id: str, chosen: Callable[[Sequence[Publication]], list[Publication]], nothing: str
) -> list[Publication]:
    """The chosen publications of the post's standing schedule, the post locked; never empty."""
    post = db.session.get(Post, post_id)
    if post is None or not actor.may("post.read", post.unit):
        raise NotFound
    permalink.locked(post_id)
    standing = pushdown.live_schedule(post_id)
    rows = chosen(pushdown.publications_of(standing.id)) if standing is not None else []
    if not rows:
        raise Conflict(nothing)
    return rows
