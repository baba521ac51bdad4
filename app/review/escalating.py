"""请示: a reviewer passes the open stage up to a named reviewer of a higher unit, with a question. The answer is that one's
decision on the stage, and stays with the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid
from app.review.announcing import announce, close_escalations, open_escalation
from app.review.capacity import barred, capacity, holds_role, takers
from app.review.deciding import locked
from app.review.deputies import principals_of
from app.review.models import Escalation, Review
from app.review.timing import begin_stage
from app.units.access import Actor
from app.units.models import Grant, User

_LONGEST = 1000


def escalate(actor: Actor, revision_id: str, user_id: str, question: str, now: datetime) -> Escalation:
    """Only who may decide now may ask. The stage's time begins anew. Raises as decide() does."""
    question = question.strip()
    if not question or len(question) > _LONGEST:
        raise Invalid(
            "没有请示。请写明要请示的问题，不超过 1000 字。", errors={"question": ["请写明问题，不超过 1000 字。"]}
        )
    with atomic():
        review = locked(actor, revision_id, now)
        capacity(actor, review, principals_of(actor.user_id, now))
        if open_escalation(review) is not None:
            raise Conflict("没有请示。这一环节已经在请示中。请等答复，或直接审核。")
        asked = next((one for one in askable(review) if one.id == user_id and one.id != actor.user_id), None)
        if asked is None:
            raise Invalid(
                "没有请示。只能向上级单位的审核人请示，且对方没有写过或审过这个版本。请重新选择。",
                errors={"user_id": ["请选择上级单位的审核人。"]},
            )
        row = Escalation(
            review=review,
            stage=review.stage,
            asked_by=actor.user_id,
            asked_to=asked.id,
            question=question,
            asked_at=now,
            due_at=review.due_at,
            remind_at=review.remind_at,
        )
        db.session.add(row)
        begin_stage(review, now)
        db.session.flush()
        summary = f"就《{review.post.title}》向{asked.name}请示"
        announce(review, actor, now, "review.escalate", summary, escalation=row.id, asked=asked.id)
    return row


def withdraw(actor: Actor, revision_id: str, now: datetime) -> Review:
    """Take the question back: the stage is the reviewers' again, with the limit that it had. By whoever asked, a reviewer of
    the stage or an administrator. Raises Conflict (nothing asked), Forbidden."""
    with atomic():
        review = locked(actor, revision_id, now)
        row = open_escalation(review)
        if row is None:
            raise Conflict("没有撤回。这一环节没有待答复的请示。请刷新后查看。")
        if not may_withdraw(actor, review, principals_of(actor.user_id, now)):
            raise Forbidden("没有撤回。请示只能由请示人、这一环节的审核人或本单位管理员撤回。请联系他们。")
        close_escalations(review, "withdrawn", now)
        # Else asking and taking back again and again would put the limit off for ever.
        review.due_at, review.remind_at = row.due_at, row.remind_at
        db.session.flush()
        summary = f"撤回就《{review.post.title}》的请示"
        announce(review, actor, now, "review.escalate_end", summary, escalation=row.id)
    return review


def may_withdraw(actor: Actor, review: Review, principals: Sequence[Actor]) -> bool:
    """Whether this person may free the stage that is asked about."""
    row, unit = open_escalation(review), review.post.unit
    if row is None or actor.user_id in barred(review):
        return False
    if actor.may("review.configure", unit):
        return True
    if actor.scopes is not None and "review.decide" not in actor.scopes:
        return False
    asker = row.asked_by == actor.user_id and any(one.may("review.decide", unit) for one in (actor, *principals))
    return asker or holds_role(actor, review)


def askable(review: Review) -> list[User]:
    """Reviewers of the units above the post's, who may still decide on this revision; the nearest unit first."""
    unit = review.post.unit
    role = str(review.stages[review.stage]["role"])
    above = [part for part in unit.path.split("/") if part and part != unit.id]
    out = barred(review) | takers(review.decisions)
    query = select(User, Grant).join(Grant, Grant.user_id == User.id)
    rows = db.session.execute(query.where(Grant.role == role, Grant.unit_id.in_(above), User.active)).all()
    rows = sorted(rows, key=lambda row: (-above.index(row.Grant.unit_id), row.User.name, row.User.id))
    return list(dict.fromkeys(row.User for row in rows if row.User.id not in out))
