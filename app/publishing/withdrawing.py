"""Taking a post's publications off the schedule: by an edit, by a person, one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.errors import Conflict
from app.posts.models import Post
from app.publishing import permalink, pushdown, states
from app.publishing.models import Publication, Schedule
from app.units.access import Actor


def on_revised(post: Post, actor: Actor, now: datetime) -> None:
    """Hook of posts: an edit withdraws the schedule; refused (Conflict) from committing on."""
    standing = pushdown.live_schedule(post.id)
    if standing is not None:
        withdraw(standing, actor, now, reason="稿件被修改，排期撤下")
        post.skew_seconds, post.publish_at = None, None
    post.needs_attention = pushdown.compute(post.id).needs_attention


def withdraw(standing: Schedule, actor: Actor, now: datetime, *, reason: str) -> None:
    """Cancel all publications of a schedule; their drafts are deleted by the scheduler. Inside atomic()."""
    for publication in (publications := pushdown.publications_of(standing.id)):
        if publication.status in states.GONE or publication.status == "recalled":
            raise Conflict(
                f"已经来不及了。“{publication.account.name}”的状态是“{states.WORDS[publication.status]}”。"
                "已发布的内容请另写一篇更正，或先处理该发布。"
            )
    for publication in publications:
        if publication.status != "cancelled":
            cancel_one(publication, actor, now, reason=reason)
    standing.withdrawn_at = now
    permalink.close_if_nobody_went(standing.post_id)


def cancel_one(publication: Publication, actor: Actor, now: datetime, *, reason: str) -> None:
    """Inside atomic(). Raises Conflict."""
    if publication.status == "unknown":
        # Lawful for what was cancelled before alone (appearing.dismiss).
        states.refuse(publication, "cancelled")
    left_behind = bool((publication.prepared or {}).get("steps")) or publication.status == "preparing"
    states.move(
        publication,
        "cancelled",
        now=now,
        reason=reason,
        actor=actor.name,
        discard_at=now + timedelta(seconds=5) if left_behind else None,
    )
