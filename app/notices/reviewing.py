"""Whose turn it is in a review, and what became of it: the bell of the people concerned."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.db import db
from app.notices.outbox import tell
from app.review.models import Review
from app.review.services import eligible
from app.units.access import Actor
from app.units.models import User


def tell_of_review(review: Review, actor: Actor, now: datetime) -> None:
    """Hook of review: the reviewers of the stage that opened, else those who wrote it. In the change's transaction."""
    title = review.post.title
    if review.status == "open":
        stage = str(review.stages[review.stage]["name"])
        words = f"轮到“{stage}”环节，请审核。"
        _tell(review, f"stage{review.stage}", eligible(review), f"待您审核：{title}", words, now)
    elif review.status in ("returned", "approved"):
        writers = {*review.revision.editors, review.submitted_by} - {actor.user_id, ""}
        returned = review.status == "returned"
        last = review.decisions[-1].comment if review.decisions else ""
        words = (
            f"{actor.name}退回：{last.rstrip('。')}。请修改后重新送审。" if returned else "已全部通过，可以排期发布。"
        )
        _tell(review, review.status, writers, f"{'被退回' if returned else '已通过审核'}：{title}", words, now)


def _tell(review: Review, what: str, people: set[str], title: str, body: str, now: datetime) -> None:
    active = db.session.scalars(select(User.id).where(User.id.in_(people), User.active).order_by(User.id)).all()
    for user_id in active:
        tell(
            key=f"review:{review.id}:{what}:{user_id}",
            kind="review",
            level="info",
            unit_id=review.unit_id,
            user_id=user_id,
            title=title[:200],
            body=body,
            path=f"/posts/{review.post_id}" if review.status != "open" else f"/review/{review.id}",
            now=now,
        )
