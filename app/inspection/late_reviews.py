"""Emergencies whose other stages did not follow in time: a finding on each account, until they did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.db import atomic, db, release
from app.inspection.models import Finding
from app.inspection.rules import AFTER_REVIEW, RULES
from app.notices.outbox import ALARM, tell
from app.review.models import Review


def evaluate_late_reviews(now: datetime) -> int:
    """Open what is late now, close what was made up for. Returns how many were opened."""
    late = set(db.session.scalars(select(Review.id).where(Review.status == "open", Review.after_due_at <= now)))
    standing = select(Finding).where(Finding.rule == AFTER_REVIEW, Finding.closed_at.is_(None))
    known = {str(finding.evidence.get("review_id")) for finding in db.session.scalars(standing)}
    release()
    for review_id in known - late:
        _close(review_id, now)
    return sum(_open(review_id, now) for review_id in sorted(late - known))


def _open(review_id: str, now: datetime) -> int:
    with atomic():
        # Two schedulers may look at once: one after the other.
        review = db.session.get_one(Review, review_id, with_for_update=True, populate_existing=True)
        if review.status != "open" or review.after_due_at is None or _findings(review_id):
            return 0
        names = "、".join(str(stage["name"]) for stage in review.stages[review.stage :])
        summary = f"《{review.post.title}》紧急发布后，“{names}”没有按时补审。"
        rule = RULES[AFTER_REVIEW]
        for variant in review.revision.variants:
            evidence = {
                "review_id": review.id,
                "post_id": review.post_id,
                "reason": review.emergency,
                "due_at": review.after_due_at.isoformat(),
                "missing": names,
                "rule": rule.as_evidence(),
            }
            db.session.add(
                Finding(
                    rule=rule.id,
                    severity=rule.severity,
                    unit_id=review.unit_id,
                    account_id=variant.account_id,
                    summary=summary,
                    evidence=evidence,
                    found_at=now,
                )
            )
        tell(
            key=f"late-review:{review.id}",
            kind="review",
            level=ALARM,
            unit_id=review.unit_id,
            title=f"紧急稿件没有按时补审：{review.post.title}"[:200],
            body=f"“{names}”环节已超过补审时限，已列为问题线索。请审核人尽快补审。",
            path=f"/review/{review.id}",
            now=now,
        )
        return len(review.revision.variants)


def _close(review_id: str, now: datetime) -> None:
    with atomic():
        for finding in _findings(review_id):
            finding.closed_at = now


def _findings(review_id: str) -> list[Finding]:
    query = select(Finding).where(Finding.rule == AFTER_REVIEW, Finding.closed_at.is_(None))
    return [one for one in db.session.scalars(query) if one.evidence.get("review_id") == review_id]
