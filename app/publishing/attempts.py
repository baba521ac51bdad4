"""The calls made for one publication: the last one, and the one that the platform said it took."""

from __future__ import annotations

from sqlalchemy import select

from app.db import db
from app.errors import Conflict
from app.publishing.models import Attempt, Publication

# The platform said that it took it: never sent again, whatever else is believed.
TAKEN = ("receipt", "awaiting")


def last_attempt(publication_id: str) -> Attempt | None:
    return db.session.scalars(
        select(Attempt).where(Attempt.publication_id == publication_id).order_by(Attempt.number.desc()).limit(1)
    ).first()


def taken_attempt(publication_id: str) -> Attempt | None:
    """The newest one that the platform took and did not reject or prove absent afterwards."""
    return db.session.scalars(
        select(Attempt)
        .where(Attempt.publication_id == publication_id, Attempt.outcome.in_(TAKEN))
        .order_by(Attempt.number.desc())
        .limit(1)
    ).first()


def telling_attempt(publication_id: str) -> Attempt | None:
    """The one by which to look it up at the platform: what it took, else the last."""
    return taken_attempt(publication_id) or last_attempt(publication_id)


def refuse_if_taken(row: Publication) -> None:
    """Raises Conflict where another call could only make a second one of it."""
    if taken_attempt(row.id) is not None:
        raise Conflict("不能再发。平台曾答复已受理这一条，再发会造成重复。请到平台核对；确实没有的，请另写一篇。")
