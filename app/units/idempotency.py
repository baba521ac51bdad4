"""Idempotency-Key: the first answer to a person's key is kept for a day and given again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError

from app.db import atomic, db
from app.errors import Conflict, Invalid
from app.units.models import IdempotentAnswer

KEPT_FOR = timedelta(hours=24)
MAX_KEY = 200
_PENDING = 0


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A finished answer: HTTP status and JSON text."""

    status: int
    body: str


def begin(user_id: str, key: str, digest: str, *, now: datetime) -> str | Kept:
    """The id under which to `finish`, or the answer that was given before.

    Raises Invalid when the key was used for another request, Conflict while the first one has no answer yet.
    """
    if not 1 <= len(key) <= MAX_KEY:
        raise Invalid(f"请求没有执行。Idempotency-Key 应为 1 至 {MAX_KEY} 个字符。请换一个键。")
    try:
        with atomic():
            db.session.execute(
                delete(IdempotentAnswer).where(
                    IdempotentAnswer.user_id == user_id, IdempotentAnswer.created_at < now - KEPT_FOR
                )
            )
            found = db.session.scalars(_row(user_id, key)).one_or_none()
            if found is None:
                row = IdempotentAnswer(user_id=user_id, key=key, request_digest=digest, created_at=now)
                db.session.add(row)
                db.session.flush()
                return row.id
    except IntegrityError:
        found = db.session.scalars(_row(user_id, key)).one()
    if found.request_digest != digest:
        raise Invalid(
            "请求没有执行。这个 Idempotency-Key 已用于另一个请求。同一个键只能重发同样的内容，新请求请换新键。"
        )
    if found.status == _PENDING:
        raise Conflict(
            "请求没有重复执行。同一个 Idempotency-Key 的请求还没有结果。请稍候再问；若一直如此，请先核对结果，再换新键。"
        )
    return Kept(status=found.status, body=found.body)


def _row(user_id: str, key: str) -> Select[IdempotentAnswer]:
    return select(IdempotentAnswer).where(IdempotentAnswer.user_id == user_id, IdempotentAnswer.key == key)


def finish(row_id: str, *, status: int, body: str) -> None:
    """Keep the answer."""
    with atomic():
        row = db.session.get(IdempotentAnswer, row_id)
        if row is not None:
            row.status, row.body = status, body


def forget_old(now: datetime) -> None:
    """Answers hold citizens' names and words: none is kept longer than promised. The scheduler calls it."""
    with atomic():
        db.session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.created_at < now - KEPT_FOR))


def forget(row_id: str) -> None:
    """The request was not carried out: it may come again."""
    with atomic():
        db.session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.id == row_id))
