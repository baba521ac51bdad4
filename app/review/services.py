"""Review as other rooms see it: chains, runs, decisions, deputies, what waits for whom."""

from __future__ import annotations

from typing import Any

from app.posts.services import iso
from app.review.announcing import on_appointed, on_changed, on_disapproved, on_remarked, open_escalation
from app.review.capacity import able_for, deciders, eligible
from app.review.chains import (
    AFTER_HOURS,
    DEFAULT,
    MOST_STAGES,
    Chain,
    asks_secrecy,
    chain_of,
    deciding_in,
    reach_of,
    set_chain,
)
from app.review.deciding import decide, decision_json, may_decide, why_not
from app.review.deputies import principals_of
from app.review.escalating import askable, escalate
from app.review.escalating import may_withdraw as may_withdraw_escalation
from app.review.escalating import withdraw as withdraw_escalation
from app.review.finding import (
    approval_of,
    base_of,
    disapproved_for,
    earlier_of,
    expired_of,
    get_review,
    last_approved,
    last_returned,
    returned_to,
    review_of,
    runs_of,
    submitted_by,
    waiting_for,
)
from app.review.models import Escalation, Review
from app.review.opening import approve_opened, look_at, opened, opened_ids
from app.review.submitting import blocking, submit, void_review, withdraw_submission
from app.review.timing import expire_overdue

__all__ = [
    "AFTER_HOURS",
    "DEFAULT",
    "MOST_STAGES",
    "Chain",
    "able_for",
    "approval_of",
    "approve_opened",
    "askable",
    "asks_secrecy",
    "base_of",
    "blocking",
    "chain_of",
    "decide",
    "deciders",
    "deciding_in",
    "disapproved_for",
    "earlier_of",
    "eligible",
    "escalate",
    "expire_overdue",
    "expired_of",
    "get_review",
    "last_approved",
    "last_returned",
    "look_at",
    "may_decide",
    "may_withdraw_escalation",
    "on_appointed",
    "on_changed",
    "on_disapproved",
    "on_remarked",
    "open_escalation",
    "opened",
    "opened_ids",
    "principals_of",
    "reach_of",
    "returned_to",
    "review_json",
    "review_of",
    "runs_of",
    "set_chain",
    "submit",
    "submitted_by",
    "void_review",
    "waiting_for",
    "why_not",
    "withdraw_escalation",
    "withdraw_submission",
]  # fmt: skip


def review_json(review: Review) -> dict[str, Any]:
    """The run with its stages, the decisions at each, and what was asked of higher units."""
    stages = [
        {
            **stage,
            "secrecy": asks_secrecy(review.stages, number),
            "decisions": [decision_json(item) for item in review.decisions if item.stage == number],
            "escalations": [escalation_json(item) for item in review.escalations if item.stage == number],
        }
        for number, stage in enumerate(review.stages)
    ]
    return {
        "id": review.id,
        "post_id": review.post_id,
        "post_status": review.post.status,
        "title": review.revision.title,
        "revision_id": review.revision_id,
        "status": review.status,
        "stage": review.stage,
        "stages": stages,
        "submitted_by": review.submitted_by,
        "submitted_at": iso(review.submitted_at),
        "due_at": iso(review.due_at),
        "closed_at": iso(review.closed_at),
        "expired_at": iso(review.expired_at),
        "emergency": review.emergency,
        "after_due_at": iso(review.after_due_at),
        "sha256s": {variant.id: variant.sha256 for variant in review.revision.variants},
    }


def escalation_json(row: Escalation) -> dict[str, Any]:
    return {
        "id": row.id,
        "stage": row.stage,
        "asked_by": row.asked_by,
        "asked_by_name": row.asker.name,
        "asked_to": row.asked_to,
        "asked_to_name": row.asked.name,
        "question": row.question,
        "asked_at": iso(row.asked_at),
        "outcome": row.outcome or None,
        "answer": row.answer,
        "closed_at": iso(row.closed_at),
    }
