"""What people do with all publications of a post at once: release them in step, take them all back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from app.accounts import connections
from app.db import atomic, db
from app.errors import Conflict, NotFound
from app.posts.models import Post
from app.publishing import permalink, planning, pushdown, resolving
from app.publishing.models import Publication
from app.units.access import Actor
from app.words import N_

WAITING = ("held", "missed")
BY_HAND = N_("这个账号没有删除的接口权限，发出后只能登录平台手动删除。")


def releasable(rows: Sequence[Publication]) -> list[Publication]:
    return [row for row in rows if row.status in WAITING]


def recallable(rows: Sequence[Publication]) -> list[Publication]:
    """Public ones that the platform lets us take back and that nobody asked to be taken back yet."""
    return [row for row in rows if row.status == "published" and row.recall_at is None and by_system(row)]


def by_system(row: Publication) -> bool:
    """Whether the platform gives a way to take this one back."""
    return connections.capabilities(row.account).recall != "manual" and not _article(row)


def recall_limit(row: Publication) -> str:
    """What taking this one back does not do, or why the system cannot do it at all: Chinese; "" when all is taken back."""
    found = connections.capabilities(row.account)
    why = {one.key: one.why for one in found.missing}.get("article_recall" if _article(row) else "recall", "")
    return why or ("" if by_system(row) else BY_HAND)


def ways_back(row: Publication) -> tuple[str, ...]:
    """recall where the platform lets us; deleted (a person says that it is gone) where it does not, or did not."""
    if row.recall_at is not None:
        return ()
    if not by_system(row):
        return ("deleted",)
    return ("recall", "deleted") if row.recall_reason else ("recall",)


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


def _article(row: Publication) -> bool:
    """A long article beside the status, which Weibo lets nobody delete by interface."""
    return bool(((row.receipt or {}).get("details") or {}).get("article"))


def release_all(actor: Actor, post_id: str, *, reason: str, now: datetime) -> list[Publication]:
    """Every held or missed publication of the post goes now, through the barrier together: none before the other is
    ready, in the order that was agreed. All or none. Raises Conflict (a stop stands; nothing waits), NotFound, Forbidden.
    """
    with atomic():
        rows = _rows(
            actor, post_id, releasable, "没有放行。没有已暂缓或已错过的内容，可能同事刚刚处理过。请刷新后查看。"
        )
        firsts = planning.first_ids(rows[0].schedule.order, [(row.id, row.account.platform) for row in rows])
        # In one order for everybody: reserving locks the account.
        for row in sorted(rows, key=lambda row: row.account_id):
            last = planning.late_after(row.schedule.order, now, not firsts or row.id in firsts)
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
