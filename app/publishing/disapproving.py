"""An approval that stands no more: what has not gone out does not go, and people are told."""

from __future__ import annotations

from datetime import datetime

from app.publishing import outcomes, permalink, pushdown, states, withdrawing
from app.review.models import Review
from app.units.access import Actor

# A draft that a person was asked to send has not gone either, as far as anybody knows.
_CALLED_BACK = (*states.WITHDRAWABLE, "handed_over")


def on_disapproved(review: Review, actor: Actor, now: datetime) -> None:
    """Hook of review: the review after an emergency returned the post while parts of it went out. The others are cancelled;
    what is just being sent is looked at once more directly before (committing.begin)."""
    permalink.locked(review.post_id)
    standing = pushdown.live_schedule(review.post_id)
    if standing is None or standing.revision_id != review.revision_id:
        return
    publications = pushdown.publications_of(standing.id)
    comment = review.decisions[-1].comment[:200] if review.decisions else ""
    for row in publications:
        if row.status in _CALLED_BACK:
            outcomes.settle(row, now)
            handed = row.status == "handed_over"
            withdrawing.cancel_one(row, actor, now, reason=f"补审退回：{comment}")
            asked = (
                "请不要再手动发布这份草稿；已经手动发布的，请发布人登录平台删除。" if handed else "这一条不会再发出。"
            )
            outcomes.alarm(row, now, "已取消，补审没有通过", f"{actor.name}退回：{comment}。{asked}")
    if all(row.status == "cancelled" for row in pushdown.publications_of(standing.id)):
        standing.withdrawn_at = now
    permalink.close_if_nobody_went(review.post_id)
    pushdown.push([review.post_id], now)
