"""What happens in review stands in the history of the post."""

from __future__ import annotations

from datetime import datetime

from app.posts.history import keep
from app.review.models import Review
from app.units.access import Actor


def remember(review: Review, actor: Actor, now: datetime) -> None:
    """on_changed: handed in, returned, passed all stages; a stage passed in between changes nothing of the post."""
    if review.status == "open" and not review.decisions:
        keep(review.post, actor, "submitted", now)
    elif review.status == "open" and review.passed_early:
        last = review.decisions[-1]
        # The decision by which it may go out; the others of an emergency change nothing of the post.
        if last.stage == 0 and last.at == now:
            keep(review.post, actor, "approved", now)
    elif review.status == "returned" or (review.status == "approved" and not review.passed_early):
        keep(review.post, actor, review.status, now)
