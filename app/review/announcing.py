"""What every change of a run does: one event in the log, and the hooks of other rooms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.audit.services import record
from app.review.models import Deputy, Escalation, Remark, Review
from app.units.access import Actor

# Called in the transaction after a run changed: (review, actor, now). Higher rooms tell people from here.
on_changed: list[Callable[[Review, Actor, datetime], None]] = []
# Likewise after a deputy was appointed or ended, and after somebody remarked on a passage.
on_appointed: list[Callable[[Deputy, Actor, datetime], None]] = []
on_remarked: list[Callable[[Remark, Actor, datetime], None]] = []
# Called in the transaction in which the review after an emergency returned what is going out already.
on_disapproved: list[Callable[[Review, Actor, datetime], None]] = []


def announce(review: Review, actor: Actor, now: datetime, action: str, summary: str, **after: Any) -> None:
    """One event in the log, and the hooks."""
    record(
        actor,
        action,
        now=now,
        object_type="post",
        object_id=review.post_id,
        unit_id=review.unit_id,
        summary=summary,
        after={"revision": review.revision.number, "stage": review.stage, "status": review.status, **after},
    )
    for hook in on_changed:
        hook(review, actor, now)


def open_escalation(review: Review) -> Escalation | None:
    """The question that waits for its answer; one at a time."""
    return next((one for one in review.escalations if one.closed_at is None), None)


def close_escalations(review: Review, outcome: str, now: datetime, answer: str = "") -> None:
    found = open_escalation(review)
    if found is not None:
        found.outcome, found.answer, found.closed_at = outcome, answer, now
