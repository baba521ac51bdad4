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
    elif review.status in ("returned", "approved"):
        keep(review.post, actor, review.status, now)
